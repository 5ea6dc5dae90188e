"""Damaged files: found after a crash, set aside under another name, never deleted.

An open store holds a shared lock (flock) on its directory. Who gets it alone knows that nobody else has the file open;
only then a file is checked or renamed. The kernel drops the lock with its holder, so nothing stale can be left.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from routewatch.errors import RoutewatchError, StateError
from routewatch.store.connection import CorruptError, connect
from routewatch.store.directory import file_errors

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 5.0  # seconds to wait for somebody who is checking the file
_PAUSE = 0.02
ENDS = ("-wal", "-shm", "")  # of the files of one database, the log first: a log never lies beside another's file


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


def require_file(path: Path) -> None:
    """See that a file, and nothing else, is in the file's place, where anything is. Raises StateError, OSError."""
    kind = path.stat().st_mode if path.exists() else stat.S_IFREG
    if not stat.S_ISREG(kind):
        what = "a directory" if stat.S_ISDIR(kind) else "no file"
        raise StateError(
            f"{path} is {what}: the database should be there.",
            "Move it elsewhere, or name another directory with --state-dir.",
        )


def check(path: Path, *, alone: bool) -> None:
    """Read enough of the file to know that it is sound: all of it after a crash, else its head.

    Raises CorruptError.
    """
    suspected = alone and _mark(path).exists()
    connection = connect(path, "mode=ro")
    try:
        connection.number("PRAGMA schema_version")
        # What was damaged in use may be an index, which the quick check doesn't compare with its table
        if suspected or (alone and has_log(path)):
            said = connection.row(f"PRAGMA {'integrity_check' if suspected else 'quick_check'}(1)")
            if said != ("ok",):
                raise CorruptError(f"{path} is damaged ({_line(said)}).")
    finally:
        connection.close()
    if alone:
        _mark(path).unlink(missing_ok=True)


def _line(said: tuple[object, ...] | None) -> str:
    """Return what a check said on one line, without the heading that names the database."""
    lines = [line for line in str(said[0] if said else "").splitlines() if not line.startswith("***")]
    return lines[0] if lines else "its check says nothing"


def unfinished(path: Path) -> tuple[int, ...]:
    """Return the cleanups that never ended, as far as a damaged file still tells."""
    try:
        connection = connect(path, "mode=ro")
        try:
            return tuple(number for (number,) in connection.rows("SELECT id FROM cleanups WHERE state = 'acting'"))
        finally:
            connection.close()
    except RoutewatchError:
        return ()


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged file and its log, and return the new name; ``now`` is wall seconds.

    The new name is written down first. Who is killed between the renames has left a file without its log, which may
    look sound: settled_aside() ends it.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    names = (
        path.with_name(f"{path.name}.corrupt-{stamp}{suffix}") for suffix in ("", *(f".{n}" for n in range(1, 1000)))
    )
    aside = next(name for name in names if not any(_beside(name, end).exists() for end in ENDS))
    with file_errors(path):
        with _mark(path).open("w") as mark:
            mark.write(aside.name)
            mark.flush()
            os.fsync(mark.fileno())
        _rename(path, aside)
    return aside


def settled_aside(path: Path) -> Path | None:
    """End what set_aside() began when it was killed; return the new name, or None where nothing was begun."""
    with file_errors(path):
        try:
            name = _mark(path).read_text(errors="replace")
        except FileNotFoundError:
            return None
        if not name.startswith(f"{path.name}.corrupt-") or "/" in name:  # it only suspects
            return None
        aside = path.with_name(name)
        if path.exists() and aside.exists():
            return None
        _rename(path, aside)
    return aside


def _rename(path: Path, aside: Path) -> None:
    for end in ENDS:
        target = _beside(aside, end)
        if _beside(path, end).exists():  # a reader may have made another log since the first was renamed
            _beside(path, end).rename(_beside(target, ".later") if target.exists() else target)
    _mark(path).unlink(missing_ok=True)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _mark(path: Path) -> Path:
    return _beside(path, ".suspect")
