"""Cleanups that are taken back at their deadline unless they are confirmed, and what became of each.

Who confirms and who takes back may come at the same moment: each changes the state only from the one it has read, so
exactly one of them is the first. Deadlines are seconds of the boot clock of the cleanup's place; what the time is now
isn't known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from routewatch.store.places import place_number

if TYPE_CHECKING:
    from routewatch.core.model import Place
    from routewatch.store.connection import Connection

State = Literal["unconfirmed", "due", "confirmed", "undone"]
_SELECT = "SELECT cleanup, within, deadline, c.state, ended FROM confirmations c JOIN cleanups ON cleanups.id = cleanup"


class ConfirmationRow(Struct, frozen=True, kw_only=True):
    """A cleanup that was to be confirmed ``within`` so many seconds, until ``deadline`` (boot clock).

    ``ended`` is when it was confirmed or taken back (wall clock). "due": it is being taken back, and can't be
    confirmed any more.
    """

    cleanup: int
    within: float
    deadline: float
    state: State = "unconfirmed"
    ended: float | None = None

    @property
    def is_pending(self) -> bool:
        """Tell whether it is neither confirmed nor taken back."""
        return self.state in {"unconfirmed", "due"}


class Confirmations:
    """The confirmations of every place. Whatever its writers return from has survived a power cut."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def add(self, row: ConfirmationRow) -> None:
        """Write down that a cleanup is to be confirmed. Raises StateError."""
        self._write(
            "INSERT INTO confirmations (cleanup, within, deadline, state) VALUES (?, ?, ?, ?)",
            (row.cleanup, row.within, row.deadline, row.state),
        )

    def get(self, cleanup: int) -> ConfirmationRow | None:
        """Return what is known of one cleanup; None where it never was to be confirmed. Raises StateError."""
        return next(iter(self._rows(" WHERE cleanup = ?", (cleanup,))), None)

    def latest(self, place: Place) -> ConfirmationRow | None:
        """Return the newest of a place. Raises StateError."""
        where = " WHERE cleanups.place = ? ORDER BY cleanup DESC LIMIT 1"
        return next(iter(self._rows(where, (place_number(self._connection, place),))), None)

    def pending(self, place: Place) -> list[ConfirmationRow]:
        """Return those of a place that are neither confirmed nor taken back, the newest first. Raises StateError."""
        where = " WHERE cleanups.place = ? AND c.state IN ('unconfirmed', 'due') ORDER BY cleanup DESC"
        return self._rows(where, (place_number(self._connection, place),))

    def claim(self, cleanup: int) -> bool:
        """Say that it is taken back now; tell whether that is so, and nobody was first to end it. Raises StateError."""
        changed = "UPDATE confirmations SET state = 'due' WHERE cleanup = ? AND state IN ('unconfirmed', 'due')"
        return self._write(changed, (cleanup,)) == 1

    def confirm(self, cleanup: int, wall: float) -> bool:
        """Confirm it; tell whether nobody was first to take it back. Raises StateError."""
        changed = "UPDATE confirmations SET state = 'confirmed', ended = ? WHERE cleanup = ? AND state = 'unconfirmed'"
        return self._write(changed, (wall, cleanup)) == 1

    def undone(self, cleanup: int, wall: float) -> None:
        """Say that it was taken back, at its deadline or by hand; nothing where it never was to be confirmed."""
        changed = "UPDATE confirmations SET state = 'undone', ended = ? WHERE cleanup = ? AND state != 'undone'"
        self._write(changed, (wall, cleanup))

    def drop(self, cleanup: int) -> None:
        """Forget it: its cleanup has done nothing that could be taken back. Raises StateError."""
        self._write("DELETE FROM confirmations WHERE cleanup = ?", (cleanup,))

    def _write(self, statement: str, values: tuple[int | float | str, ...]) -> int:
        with self._connection.durable_transaction():
            return self._connection.run(statement, values).rowcount

    def _rows(self, condition: str, values: tuple[int, ...]) -> list[ConfirmationRow]:
        # Who only reads does not bring an older file up to date: it has no such table, and nothing to confirm.
        if not self._connection.number("SELECT count(*) FROM sqlite_master WHERE name = 'confirmations'"):
            return []
        return [_row(row) for row in self._connection.rows(_SELECT + condition, values)]


def _row(row: tuple[Any, ...]) -> ConfirmationRow:
    cleanup, within, deadline, state, ended = row
    return ConfirmationRow(cleanup=cleanup, within=within, deadline=deadline, state=state, ended=ended)
