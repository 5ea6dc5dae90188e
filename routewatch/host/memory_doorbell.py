"""The doorbell of the in-memory host: what was told to one listener since its last look.

It keeps messages and a descriptor to wait on; it does not know what they are about.
"""

from __future__ import annotations

import os

from routewatch.host.port import Rings


class MemoryDoorbell:
    """What has been queued for one listener since its last look."""

    def __init__(self) -> None:
        """Open the pipe whose readable end is the descriptor to wait on."""
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        self._queued = Rings()
        self._is_closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._readable

    def ring(self, rings: Rings) -> None:
        """Queue one more message, or the loss of some; a closed doorbell hears nothing."""
        if self._is_closed:
            return
        if self._queued == Rings():
            os.write(self._writable, b"!")
        waiting = self._queued
        self._queued = Rings(
            changes=waiting.changes + rings.changes,
            links=waiting.links or rings.links,
            messages=waiting.messages + rings.messages,
            lost=waiting.lost or rings.lost,
        )

    def read(self) -> Rings:
        """Return what is queued."""
        queued, self._queued = self._queued, Rings()
        if queued != Rings():
            os.read(self._readable, 1)
        return queued

    def close(self) -> None:
        """Close the pipe; a second time does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._readable)
        os.close(self._writable)

    def __del__(self) -> None:
        """Close what nobody closed: a replay has many doorbells, and select(2) knows descriptors below 1024 only."""
        if hasattr(self, "_is_closed"):  # else there was no pipe to be had
            self.close()
