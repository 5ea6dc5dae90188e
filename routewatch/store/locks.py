"""One observer and one actor at a time: advisory locks that the kernel drops with their holder.

The file stays; what counts is the lock on it (flock(2)), never that it exists or whom it names. The pid inside is
for messages alone.
"""

from __future__ import annotations

import fcntl
import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NewType, Self

from routewatch.store.directory import file_errors, open_file, prepare_directory

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Armed = NewType("Armed", str)  # the lock of who will take a cleanup back unless it is confirmed: it has one each
LockName = Literal["observe.lock", "act.lock"] | Armed

# holder() must take the lock for an instant to see whether it is free; that must not look like another observer.
_ATTEMPTS = 3
_PAUSE = 0.01


class Lock:
    """A lock we hold until it is released or we end."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Take over the descriptor that holds the lock on the file of this path."""
        self._descriptor: int | None = descriptor
        self._path = path

    @property
    def stands(self) -> bool:
        """Tell whether the locked file is still where others look for it, and was not removed or moved under us."""
        try:
            return self._descriptor is not None and os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Let go; releasing twice does nothing."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        """Return the lock itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the lock."""
        self.release()


def try_lock(directory: Path, name: LockName) -> Lock | None:
    """Take a lock at once, or return None when somebody else holds it: holder() says who.

    Raises StateError, or PermissionRefusedError.
    """
    prepare_directory(directory)
    path = directory / name
    descriptor = open_file(path)  # O_CLOEXEC: no program we start inherits the lock
    with file_errors(path):
        if not any(_locked(descriptor, fcntl.LOCK_EX) or _paused() for _ in range(_ATTEMPTS)):
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return Lock(descriptor, path)


def holder(directory: Path, name: LockName) -> int | None:
    """Return the pid of who holds a lock now; None where it is free, whatever the file says. Raises as try_lock()."""
    path = directory / name
    with file_errors(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            written = os.pread(descriptor, 32, 0).strip()
            if not written.isdigit() or _locked(descriptor, fcntl.LOCK_SH):
                return None
            return int(written)
        finally:
            os.close(descriptor)


def held_by(directory: Path, name: LockName) -> str:
    """Return " (pid 42)" for a message that somebody holds a lock; "" where its file names nobody. Raises as holder().

    A cleanup that has just let go, or a look at the lock itself, names nobody.
    """
    pid = holder(directory, name)
    return "" if pid is None else f" (pid {pid})"


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _paused() -> bool:
    select.select([], [], [], _PAUSE)
    return False
