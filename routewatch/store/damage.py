"""Damaged files: found after a crash, set aside under another name, never deleted.

An open store holds a shared lock (flock) on its directory. Who gets it alone knows that nobody else has the file open;
only then a file is checked or renamed. The kernel drops the lock with its holder, so nothing stale can be left.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from routewatch.errors import StateError
from routewatch.store.connection import CorruptError, connect
from routewatch.store.directory import file_errors

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 5.0  # seconds to wait for somebody who is checking the file
_PAUSE = 0.02


class DirectoryLock:
    """The lock on a state directory: exclusive if nobody else had it open when we came, else shared."""

    def __init__(self, directory: Path) -> None:
        """Take the lock. Raises StateError when somebody keeps it exclusively for too long."""
        with file_errors(directory):
            self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self.alone = self._try(fcntl.LOCK_EX)
                self._wait_for_a_share(directory)
            except BaseException:
                self.close()
                raise

    def share(self) -> None:
        """Let others in."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        self.alone = False

    def close(self) -> None:
        """Let the lock go."""
        os.close(self._descriptor)

    def _wait_for_a_share(self, directory: Path) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self.alone and not self._try(fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                raise StateError(f"{directory} is being checked by another routewatch.", "Try again in a minute.")
            select.select([], [], [], _PAUSE)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def suspect(path: Path) -> None:
    """Remember for the next opening that the file turned out to be damaged while it was in use."""
    with suppress(OSError):  # then the damage shows again, and is remembered then
        _mark(path).touch(mode=0o600)


def has_log(path: Path) -> bool:
    """Tell whether a write-ahead log with something in it lies beside the file: it is open, or was never closed."""
    try:
        return _beside(path, "-wal").stat().st_size > 0
    except OSError:
        return False


def check(path: Path, *, alone: bool) -> None:
    """Read enough of the file to know that it is sound: all of it after a crash, else its head.

    Raises CorruptError.
    """
    thorough = alone and (has_log(path) or _mark(path).exists())
    connection = connect(path, "mode=ro")
    try:
        connection.number("PRAGMA schema_version")
        if thorough and (said := connection.row("PRAGMA quick_check(1)")) != ("ok",):
            raise CorruptError(f"{path} is damaged ({said}).")
    finally:
        connection.close()
    if alone:
        _mark(path).unlink(missing_ok=True)


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged file and its log, and return the new name; ``now`` is wall seconds."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    names = (
        path.with_name(f"{path.name}.corrupt-{stamp}{suffix}") for suffix in ("", *(f".{n}" for n in range(1, 1000)))
    )
    aside = next(name for name in names if not name.exists())
    with file_errors(path):
        for end in ("-wal", "-shm", ""):
            if _beside(path, end).exists():
                _beside(path, end).rename(_beside(aside, end))
        _mark(path).unlink(missing_ok=True)
    return aside


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _mark(path: Path) -> Path:
    return _beside(path, ".suspect")
