"""The journal: each step is on disk before it is taken, and what became of it before the next one is.

Whatever this module's writers return from has survived a power cut. It doesn't know what a step is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct

from routewatch.core.model import Place
from routewatch.store.places import Horizon, place_number, store_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routewatch.store.connection import Connection

Kind = Literal["cleanup", "undo"]
State = Literal["acting", "done", "undone", "interrupted"]
Status = Literal["planned", "doing", "done", "failed", "undone", "skipped"]

_SELECT = (
    "SELECT c.id, p.boot, p.namespace, wall, c.boot, kind, undoes, state"
    " FROM cleanups c JOIN places p ON p.id = c.place"
)
_DELETE_ENDED = (
    "DELETE FROM cleanups WHERE state != 'acting'"
    " AND id NOT IN (SELECT cleanup FROM confirmations WHERE state IN ('unconfirmed', 'due')) AND "
)


class Mark(NamedTuple):
    """What became of a step."""

    n: int
    status: Status
    detail: str = ""


class StepRow(Struct, frozen=True, kw_only=True):
    """One step of a cleanup; ``n`` counts from 1."""

    n: int
    value: bytes
    status: Status = "planned"
    detail: str = ""


class CleanupRow(Struct, frozen=True, kw_only=True):
    """A cleanup, or the undo of one, with its steps in their order."""

    id: int = 0  # given by the store
    place: Place
    wall: float
    boot: float
    kind: Kind = "cleanup"
    undoes: int | None = None
    state: State = "acting"
    steps: tuple[StepRow, ...] = ()


class Journal:
    """The cleanups of every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection
        self.has_begun = False  # something was written down to be done, through this very connection

    def begin(self, cleanup: CleanupRow, steps: Sequence[bytes]) -> int:
        """Write down a cleanup with all its steps, planned; return its number. Raises StateError."""
        with self._connection.durable_transaction():
            cursor = self._connection.run(
                "INSERT INTO cleanups (place, wall, boot, kind, undoes, state) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    store_place(self._connection, cleanup.place),
                    cleanup.wall,
                    cleanup.boot,
                    cleanup.kind,
                    cleanup.undoes,
                    cleanup.state,
                ),
            )
            number = cursor.lastrowid or 0
            self._connection.run_many(
                "INSERT INTO steps (cleanup, n, value, status, detail) VALUES (?, ?, ?, 'planned', '')",
                [(number, n, value) for n, value in enumerate(steps, start=1)],
            )
        self.has_begun = True
        return number

    def mark(self, cleanup: int, n: int, status: Status, detail: str = "") -> None:
        """Write down what became of one step. Raises StateError, also where there is no such step."""
        self.mark_all(cleanup, [Mark(n, status, detail)])

    def mark_all(self, cleanup: int, marks: Iterable[Mark]) -> None:
        """Write down what became of several steps, all of it or nothing, at the price of one. Raises StateError."""
        with self._connection.durable_transaction():
            for mark in marks:
                self._connection.run_one(
                    "UPDATE steps SET status = ?, detail = ? WHERE cleanup = ? AND n = ?",
                    (mark.status, mark.detail, cleanup, mark.n),
                )

    def finish(self, cleanup: int, state: State) -> None:
        """Write down how a cleanup ended, or that it was undone. Raises StateError, also where there is none such."""
        with self._connection.durable_transaction():
            self._connection.run_one("UPDATE cleanups SET state = ? WHERE id = ?", (state, cleanup))

    def get(self, cleanup: int) -> CleanupRow | None:
        """Return one cleanup by its number. Raises StateError."""
        return next(iter(self._rows(" WHERE c.id = ?", (cleanup,))), None)

    def latest(self, place: Place) -> CleanupRow | None:
        """Return the newest cleanup or undo of a place. Raises StateError."""
        number = place_number(self._connection, place)
        return next(iter(self._rows(" WHERE c.place = ? ORDER BY c.id DESC LIMIT 1", (number,))), None)

    def recent(self, place: Place, limit: int) -> list[CleanupRow]:
        """Return the newest cleanups and undos of a place, newest first. Raises StateError."""
        number = place_number(self._connection, place)
        return self._rows(" WHERE c.place = ? ORDER BY c.id DESC LIMIT ?", (number, limit))

    def unfinished(self, place: Place) -> list[CleanupRow]:
        """Return the cleanups and undos of a place that never ended, oldest first. Raises StateError."""
        number = place_number(self._connection, place)
        return self._rows(" WHERE c.place = ? AND state = 'acting' ORDER BY c.id", (number,))

    def done(self) -> list[tuple[bytes, float]]:
        """Return the steps of all cleanups, of every place, that were done and not undone.

        Each with the boot time (seconds) at which its cleanup began. Raises StateError.
        """
        return self._connection.rows(
            "SELECT value, c.boot FROM steps JOIN cleanups c ON c.id = cleanup"
            " WHERE kind = 'cleanup' AND status = 'done'"
        )

    def prune(self, horizon: Horizon) -> int:
        """Delete cleanups begun before a horizon, not the unfinished. Return how many went. Raises StateError."""
        with self._connection.transaction():
            return self._connection.run(_DELETE_ENDED + horizon.old(), horizon).rowcount

    def _rows(self, condition: str, values: tuple[int, ...]) -> list[CleanupRow]:
        return [_cleanup(row, self._steps(row[0])) for row in self._connection.rows(_SELECT + condition, values)]

    def _steps(self, cleanup: int) -> tuple[StepRow, ...]:
        rows = self._connection.rows(
            "SELECT n, value, status, detail FROM steps WHERE cleanup = ? ORDER BY n", (cleanup,)
        )
        return tuple(StepRow(n=n, value=value, status=status, detail=detail) for n, value, status, detail in rows)


def _cleanup(row: tuple[Any, ...], steps: tuple[StepRow, ...]) -> CleanupRow:
    number, boot_id, namespace, wall, boot, kind, undoes, state = row
    return CleanupRow(
        id=number,
        place=Place(boot=boot_id, namespace=namespace),
        wall=wall,
        boot=boot,
        kind=kind,
        undoes=undoes,
        state=state,
        steps=steps,
    )
