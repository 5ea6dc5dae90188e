"""A stand-in for the service manager: hears at once whatever a daemon tells it (sd_notify(3)), and remembers it.

It listens in a thread of its own: the kernel holds no more than ten words that nobody has heard yet
(net.unix.max_dgram_qlen), and a test that is busy with something else must lose none. It knows nothing of what they
mean.
"""

from __future__ import annotations

import queue
import socket
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Manager:
    """What was told, in order; each word is waited for once."""

    def __init__(self, address: Path) -> None:
        """Take the address of its socket."""
        self.environment = {"NOTIFY_SOCKET": str(address)}
        self.told: list[str] = []  # and has been waited for or passed over
        self._unread: queue.SimpleQueue[str] = queue.SimpleQueue()

    def hears(self, words: str, teller_lives: Callable[[], bool]) -> bool:
        """Wait until something with these words is told; what was told before counts no more. False: it never was."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            lives = teller_lives()
            try:
                self.told.append(self._unread.get(timeout=0.2))
            except queue.Empty:
                if not lives:
                    return False
                continue
            if words in self.told[-1]:
                return True
        return False

    def listen(self, channel: socket.socket) -> None:
        """Listen until an empty word comes."""
        while word := channel.recv(4096):
            self._unread.put(word.decode())


@contextmanager
def manager(address: Path) -> Iterator[Manager]:
    """Listen at a path that doesn't exist yet."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(address))
        made = Manager(address)
        ear = Thread(target=made.listen, args=(channel,), daemon=True)
        ear.start()
        try:
            yield made
        finally:
            channel.sendto(b"", str(address))
            ear.join(DEADLINE)
