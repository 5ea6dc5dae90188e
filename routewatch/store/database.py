"""Opening the store: the file is made, brought up to date, refused, or set aside; never overwritten.

The order matters: what a newer routewatch wrote is found out by a read-only look before anything is touched, and a
damaged file before anything is written. What the rows mean is not known here.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Self

from routewatch.errors import StateError
from routewatch.store.baselines import Baselines
from routewatch.store.confirmations import Confirmations
from routewatch.store.connection import BUSY_SECONDS, Connection, CorruptError, connect, connect_empty
from routewatch.store.damage import (
    DirectoryLock,
    check,
    has_log,
    require_file,
    set_aside,
    settled_aside,
    suspect,
    unfinished,
)
from routewatch.store.directory import file_errors, open_file, prepare_directory, require_access
from routewatch.store.events import Events
from routewatch.store.journal import Journal
from routewatch.store.keeps import Keeps
from routewatch.store.observations import Observations
from routewatch.store.schema import MIGRATIONS, VERSION
from routewatch.store.sessions import Sessions

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

NAME = "routewatch.db"
IMPATIENT_SECONDS = 0.05
STOP_THE_OTHER = "Another routewatch has it open: stop that, then try again."


class Store:
    """What routewatch remembers. ``warnings`` are sentences about what was found when it was opened."""

    def __init__(self, connection: Connection, path: Path, lock: DirectoryLock | None = None) -> None:
        """Take over an open connection and the lock on the directory."""
        self.path = path
        self.warnings: tuple[str, ...] = ()
        self.baselines = Baselines(connection)
        self.sessions = Sessions(connection)
        self.events = Events(connection)
        self.observations = Observations(connection)
        self.keeps = Keeps(connection)
        self.journal = Journal(connection)
        self.confirmations = Confirmations(connection)
        self._connection = connection
        self._lock = lock
        self._is_ours = lock is not None
        self._is_patient = True
        self._file = path.stat() if lock is not None else None

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is written inside at once, or nothing of it. Only the journal can't be written inside."""
        return self._connection.transaction()

    def wait_for_others(self, *, patiently: bool) -> None:
        """Wait for a lock of others as usual, or hardly at all: for who must not be held up again and again."""
        if patiently != self._is_patient:
            self._is_patient = patiently
            self._connection.wait(BUSY_SECONDS if patiently else IMPATIENT_SECONDS)

    @property
    def stands(self) -> bool:
        """Tell whether the file is still where others look for it, and was not removed or replaced under us."""
        try:
            return self._file is None or os.path.samestat(self._file, self.path.stat())
        except OSError:
            return False

    @property
    def may_begin_anew(self) -> bool:
        """Tell whether opening it again sets it aside: it turned out damaged, was written, and no act is in it."""
        return self._is_ours and self._connection.was_corrupt and not self.journal.has_begun

    @property
    def is_damaged(self) -> bool:
        """Tell whether it turned out damaged while it was in use."""
        return self._connection.was_corrupt

    def close(self) -> None:
        """Close the file and let the directory go; closing twice does nothing."""
        lock, self._lock = self._lock, None
        try:
            self._connection.close()
        finally:
            if lock is not None:
                if self._connection.was_corrupt:
                    suspect(self.path)
                lock.close()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()


def open_store(directory: Path, *, now: float, readonly: bool = False) -> Store:
    """Open the store in a directory; ``now`` (wall seconds) names a damaged file that is set aside.

    A read-only store that doesn't exist yet is an empty one. Raises StateError for a file that is newer, damaged
    (read-only), locked, or can't be written; PermissionRefusedError where we may not.
    """
    path = directory / NAME
    return _open_to_read(path) if readonly else _open_to_write(path, now)


def _open_to_read(path: Path) -> Store:
    with file_errors(path.parent):
        if path.parent.exists() and not path.parent.is_dir():  # looking below it would say that there is nothing
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    with file_errors(path):
        require_file(path)
        is_empty = path.exists() and path.stat().st_size == 0
        if is_empty or not path.exists():
            empty = connect_empty(path)
            _migrate(empty)
            store = Store(empty, path)
            if is_empty or has_log(path):
                store.warnings = (f"{path} is {'empty' if is_empty else 'gone'}: nothing is remembered.",)
            return store
        require_access(path, os.R_OK)
    try:
        return Store(_readable(path, "mode=ro"), path)
    except CorruptError:
        raise
    except StateError:
        # Where the -shm file beside a log can't be made (no right to, disk full), it isn't needed without a log.
        if has_log(path):
            raise
        return Store(_readable(path, "mode=ro&immutable=1"), path)


def _readable(path: Path, mode: str) -> Connection:
    connection = connect(path, mode)
    try:
        _refuse_newer(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_write(path: Path, now: float) -> Store:
    prepare_directory(path.parent)
    lock = DirectoryLock(path.parent)
    try:
        warnings = _look_first(path, now, lock)
        store = Store(_writable(path), path, lock)
    except BaseException:
        lock.close()
        raise
    lock.share()
    store.warnings = warnings
    return store


def _look_first(path: Path, now: float, lock: DirectoryLock) -> tuple[str, ...]:
    """See that the file is there, ours to write, no newer than we are, and sound."""
    warnings: tuple[str, ...] = ()
    with file_errors(path):
        require_access(path.parent, os.R_OK | os.W_OK | os.X_OK)
        require_file(path)
        if lock.alone and (aside := settled_aside(path)):
            warnings = (f"{path} was damaged, and is set aside as {aside.name}; a new one begins.",)
        warnings += _look_at_emptiness(path, now, lock)
        if path.exists():
            require_access(path, os.R_OK | os.W_OK)
            try:
                _readable(path, "mode=ro").close()
                check(path, alone=lock.alone)
            except CorruptError as error:
                if not lock.alone:
                    raise StateError(error.message, STOP_THE_OTHER) from error
                lost = "".join(
                    f" Cleanup {number}, which was interrupted, is only in that." for number in unfinished(path)
                )
                aside = set_aside(path, now)
                warnings = (f"{error.message} It was set aside as {aside.name}; a new one begins.{lost}",)
        # Not where it exists: closing a descriptor would drop the locks SQLite may hold on it in this very process.
        if not path.exists():
            os.close(open_file(path))
    return warnings


def _look_at_emptiness(path: Path, now: float, lock: DirectoryLock) -> tuple[str, ...]:
    """Say that there was a store and nothing is in it. SQLite would take it for a new one, and delete its log."""
    if path.exists() and path.stat().st_size == 0:
        what = "is empty"
    elif not path.exists() and has_log(path):
        what = "is gone, and its log is still there"
    else:
        return ()
    if not lock.alone:
        raise StateError(f"{path} {what}.", STOP_THE_OTHER)
    if has_log(path):
        return (f"{path} {what}: its log is set aside as {set_aside(path, now).name}-wal; a new one begins.",)
    return (f"{path} {what}: begun anew.",)


def _writable(path: Path) -> Connection:
    connection = connect(path, "mode=rw")
    try:
        if connection.number("PRAGMA user_version") == 0:
            # Pages of deleted events can go back to the file system. It must be said before the first table is made.
            connection.run("PRAGMA auto_vacuum = INCREMENTAL")
        connection.rows("PRAGMA journal_mode = WAL")
        connection.run("PRAGMA synchronous = NORMAL")
        connection.run("PRAGMA fullfsync = ON")  # macOS: fsync(2) alone stops at the drive's cache
        connection.run("PRAGMA foreign_keys = ON")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(connection: Connection, path: Path) -> None:
    if (version := connection.number("PRAGMA user_version")) > VERSION:
        raise StateError(
            f"{path} was made by a newer routewatch (schema {version}, this one knows {VERSION}).",
            "Update routewatch, or name another directory with --state-dir. The file was not touched.",
        )


def _migrate(connection: Connection) -> None:
    with connection.transaction():
        version = connection.number("PRAGMA user_version")
        for migration in MIGRATIONS[version:]:
            # executescript() would commit first: half a migration could stay
            for statement in migration.split(";"):
                connection.run(statement)
        if version < VERSION:
            connection.run(f"PRAGMA user_version = {VERSION}")
