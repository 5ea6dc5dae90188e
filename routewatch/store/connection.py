"""One connection to SQLite: statements, transactions, and SQLite's errors in words for a person.

It knows no table. Rows come back as tuples; the modules named after nouns give them names.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from routewatch.errors import RoutewatchError, StateError
from routewatch.store.directory import full_disk, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Value = str | int | float | bytes | None
BUSY_SECONDS = 5.0
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Where the log or its index can't grow, SQLite calls it an I/O error
MAY_BE_FULL = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_LOCKED = "is locked by another program"
_SAID = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: "can't be written",
    sqlite3.SQLITE_CANTOPEN: "can't be opened",
}
_HINTS = {
    sqlite3.SQLITE_BUSY: "Try again in a moment.",
    sqlite3.SQLITE_LOCKED: "Try again in a moment.",
    sqlite3.SQLITE_READONLY: "Run the command with sudo, or name another directory with --state-dir.",
    sqlite3.SQLITE_CANTOPEN: "Name another directory with --state-dir.",
    sqlite3.SQLITE_IOERR: "The disk may be failing; its errors are in the system's log (dmesg).",
}


class CorruptError(StateError):
    """The file is no database, or a damaged one."""


class Connection:
    """A connection in autocommit mode; whatever writes opens a transaction."""

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        """Take over an open connection; ``path`` is for messages."""
        self._raw = raw
        self._path = path
        self.was_corrupt = False

    def run(self, statement: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
        """Run one statement. Raises StateError."""
        with self._errors():
            return self._raw.execute(statement, values)

    def run_one(self, statement: str, values: Sequence[Value]) -> None:
        """Run a statement that must change exactly one row. Raises StateError, also where it changed none."""
        if self.run(statement, values).rowcount != 1:
            raise StateError(f"{self._path} has no such row.", "Somebody deleted it while it was in use.")

    def run_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row. Raises StateError."""
        with self._errors():
            self._raw.executemany(statement, rows)

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query. Raises StateError."""
        with self._errors():
            return self._raw.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Value] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None. Raises StateError."""
        return next(iter(self.rows(statement, values)), None)

    def number(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Return the one whole number a query gives; 0 for no row. Raises StateError."""
        row = self.row(statement, values)
        return int(row[0]) if row and row[0] is not None else 0

    def next_number(self, table: str) -> int:
        """Return the number after the highest a table ever gave, deleted rows included. Raises StateError."""
        # https://sqlite.org/autoinc.html
        return self.number("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)) + 1

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside at once, or nothing of it. Inside another transaction it becomes part of that."""
        if self._inside():
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._inside():  # SQLite itself rolls back when the disk is full
                self.run("ROLLBACK")
            raise

    @contextmanager
    def durable_transaction(self) -> Iterator[None]:
        """Commit so that it survives a power cut: the log is synced before this returns.

        Raises RuntimeError inside another transaction: only the outermost commit could keep the promise.
        """
        if self._inside():
            raise RuntimeError("a durable transaction can't be part of another one")
        self.run("PRAGMA synchronous = FULL")  # https://sqlite.org/pragma.html#pragma_synchronous
        try:
            with self.transaction():
                yield
        finally:
            self.run("PRAGMA synchronous = NORMAL")

    def wait(self, seconds: float) -> None:
        """Wait so long at most for a lock of others from now on. Raises StateError."""
        self.run(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def close(self) -> None:
        """Close it; SQLite then moves its log into the file where nobody else is reading."""
        with self._errors():
            self._raw.close()

    def _inside(self) -> bool:
        return self._raw.in_transaction

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self.was_corrupt |= _primary(error) in CORRUPT
            raise store_error(self._path, error) from error


def connect(path: Path, mode: str) -> Connection:
    """Open a file with the parameters of an SQLite URI, such as "mode=ro". Raises StateError.

    https://sqlite.org/uri.html. Nothing is read yet, so a damaged file shows at the first statement only.
    """
    return _connection(f"{path.absolute().as_uri()}?{mode}", path)


def connect_empty(path: Path) -> Connection:
    """Return a database in memory, in the place of a file that doesn't exist."""
    return _connection("file::memory:", path)


def _connection(address: str, path: Path) -> Connection:
    try:
        raw = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    return Connection(raw, path)


def store_error(path: Path, error: sqlite3.Error) -> RoutewatchError:
    """Return the error to raise for one of SQLite's (https://sqlite.org/rescode.html)."""
    code = _primary(error)
    if code in CORRUPT:
        return CorruptError(
            f"{path} is damaged ({error}).",
            "The next command that writes (routewatch run, cleanup) sets it aside and begins a new one; a daemon that"
            " runs does so when it finds it damaged, or when it is started again.",
        )
    if code == sqlite3.SQLITE_FULL or (code in MAY_BE_FULL and _is_full(path)):
        return full_disk(path)
    if code in {sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return refusal(path)
    return StateError(f"{path} {_SAID.get(code, f'failed: {error}')}.", _HINTS.get(code, ""))


def _is_full(path: Path) -> bool:
    try:
        return os.statvfs(path.parent).f_bavail == 0
    except OSError:
        return False


def _primary(error: sqlite3.Error) -> int:
    # The low byte of an extended code is the primary one. Errors of the module itself (misuse) carry none.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
