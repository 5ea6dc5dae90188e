"""The timeline: what happened, in the order in which it was seen. The rows are lean: there may be a million."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, json

from routewatch.core.model import Place
from routewatch.store.places import Horizon, store_place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from routewatch.store.connection import Connection

_SELECT = (
    "SELECT e.id, p.boot, p.namespace, e.wall, e.boot, session, kind, value"
    " FROM events e JOIN places p ON p.id = e.place"
)
_DELETE_OLD = "DELETE FROM events WHERE {old} AND (session IS NULL OR session NOT IN (SELECT value FROM json_each(?)))"
_DELETE_FIRST = (
    "DELETE FROM events WHERE id IN (SELECT id FROM events"
    " WHERE session IS NULL OR session NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?)"
)
_PORTION = 20_000  # rows deleted at a time until the file is small enough


class EventRow(Struct, frozen=True, kw_only=True):
    """One stored event; ``kind`` is a word such as "route_added"."""

    id: int = 0  # given by the store; order is by it
    place: Place
    wall: float
    boot: float
    session: int | None = None
    kind: str
    value: bytes = b""


class Events:
    """The events of every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def add_many(self, events: Iterable[EventRow]) -> None:
        """Store events in one transaction. Raises StateError."""
        with self._connection.transaction():
            listed = list(events)
            places = {place: store_place(self._connection, place) for place in {event.place for event in listed}}
            self._connection.run_many(
                "INSERT INTO events (place, wall, boot, session, kind, value) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (places[event.place], event.wall, event.boot, event.session, event.kind, event.value)
                    for event in listed
                ),
            )

    def of_session(self, session: int) -> list[EventRow]:
        """Return the events of one session, in order. Raises StateError."""
        return self._rows(" WHERE session = ? ORDER BY e.id", (session,))

    def since(self, wall: float) -> list[EventRow]:
        """Return the events from a wall time on, in order. Raises StateError."""
        return self._rows(" WHERE e.wall >= ? ORDER BY e.id", (wall,))

    def after(self, event: int, limit: int = 1000) -> list[EventRow]:
        """Return what came after an event, in order: follow by asking again with the last number. Raises StateError."""
        return self._rows(" WHERE e.id > ? ORDER BY e.id LIMIT ?", (event, limit))

    def counts(self, sessions: Collection[int]) -> dict[tuple[int, str], int]:
        """Return how many events of each kind each of these sessions has, by (session, kind). Raises StateError."""
        rows = self._connection.rows(
            "SELECT session, kind, count(*) FROM events WHERE session IN (SELECT value FROM json_each(?))"
            " GROUP BY session, kind",
            (json.encode(sorted(sessions)).decode(),),
        )
        return {(session, kind): count for session, kind, count in rows}

    def last(self) -> int:
        """Return the number of the newest event; 0 where there is none. Raises StateError."""
        return self._connection.number("SELECT max(id) FROM events")

    def prune(self, horizon: Horizon, size: int, keep: Collection[int] = ()) -> int:
        """Delete events from before a horizon, then the oldest until the whole store fits ``size`` bytes.

        Events of the sessions in ``keep`` stay. Return how many went. Raises StateError.
        """
        kept = json.encode(sorted(keep)).decode()
        gone = self._delete(_DELETE_OLD.format(old=horizon.old()), (*horizon, kept))
        while self._used() > size and (portion := self._delete(_DELETE_FIRST, (kept, _PORTION))):
            gone += portion
        self._give_back()
        return gone

    def _give_back(self) -> None:
        """Give the free pages back to the file system."""
        with self._connection.transaction():
            # One at a time: sqlite3 takes one step of a statement without columns, and this one frees a page a step
            for _ in range(self._connection.number("PRAGMA freelist_count")):
                self._connection.run("PRAGMA incremental_vacuum(1)")

    def _used(self) -> int:
        pages = self._connection.number("PRAGMA page_count") - self._connection.number("PRAGMA freelist_count")
        return pages * self._connection.number("PRAGMA page_size")

    def _delete(self, statement: str, values: tuple[str | float, ...]) -> int:
        with self._connection.transaction():
            return self._connection.run(statement, values).rowcount

    def _rows(self, condition: str, values: tuple[float, ...]) -> list[EventRow]:
        return [_event(row) for row in self._connection.rows(_SELECT + condition, values)]


def _event(row: tuple[Any, ...]) -> EventRow:
    number, boot_id, namespace, wall, boot, session, kind, value = row
    place = Place(boot=boot_id, namespace=namespace)
    return EventRow(id=number, place=place, wall=wall, boot=boot, session=session, kind=kind, value=value)
