"""One connection to SQLite: statements, transactions, and SQLite's errors in words for a person.

It knows no table. Rows come back as tuples; the modules named after nouns give them names.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from routewatch.errors import RoutewatchError, StateError
from routewatch.store.directory import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Value = str | int | float | bytes | None
BUSY_SECONDS = 5.0
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


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
    match _primary(error):
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return CorruptError(
                f"{path} is damaged ({error}).",
                "The next command that writes (routewatch run, cleanup) sets it aside and begins a new one.",
            )
        case sqlite3.SQLITE_FULL:
            return StateError(
                f"The disk that holds {path} is full.", "Make room on it; what was stored before is intact."
            )
        case sqlite3.SQLITE_READONLY:
            return StateError(
                f"{path} can't be written.", "Run the command with sudo, or name another directory with --state-dir."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StateError(
                f"{path} is locked by another program.", f"Waited {BUSY_SECONDS:g} s for it; try again in a moment."
            )
        case sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return refusal(path)
        case _:
            return StateError(f"{path} can't be used: {error}.", "Name another directory with --state-dir.")


def _primary(error: sqlite3.Error) -> int:
    # The low byte of an extended code is the primary one. Errors of the module itself (misuse) carry none.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
