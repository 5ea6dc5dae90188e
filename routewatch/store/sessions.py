"""VPN sessions, open and closed. The session itself is a value that only ``commands`` can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.core.model import Place
from routewatch.store.places import Horizon, place_number, store_place

if TYPE_CHECKING:
    from collections.abc import Collection

    from routewatch.store.connection import Connection

_SELECT = (
    "SELECT s.id, p.boot, p.namespace, opened_wall, opened_boot, closed_wall, closed_boot, client, tunnel, baseline,"
    " value FROM sessions s JOIN places p ON p.id = s.place"
)
_IDS = "SELECT id FROM sessions WHERE "


class SessionRow(Struct, frozen=True, kw_only=True):
    """A stored session. ``closed_*`` are None while it is open."""

    id: int = 0  # given by the store
    place: Place
    opened_wall: float
    opened_boot: float
    closed_wall: float | None = None
    closed_boot: float | None = None
    client: str = ""
    tunnel: str = ""
    baseline: int | None = None
    value: bytes = b""


class Sessions:
    """The sessions of every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def add(self, session: SessionRow) -> int:
        """Store a session and return its number. Raises StateError."""
        with self._connection.transaction():
            cursor = self._connection.run(
                "INSERT INTO sessions (place, opened_wall, opened_boot, closed_wall, closed_boot, client, tunnel,"
                " baseline, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (store_place(self._connection, session.place), *_columns(session)),
            )
            return cursor.lastrowid or 0

    def next_id(self) -> int:
        """Return the number the next session is to bear: no earlier one ever bore it. Raises StateError."""
        return self._connection.next_number("sessions")

    def put(self, session: SessionRow) -> None:
        """Store a session under the number it bears, in place of what stood there. Raises StateError."""
        with self._connection.transaction():
            self._connection.run(
                "INSERT INTO sessions (id, place, opened_wall, opened_boot, closed_wall, closed_boot, client, tunnel,"
                " baseline, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " opened_wall = excluded.opened_wall, opened_boot = excluded.opened_boot,"
                " closed_wall = excluded.closed_wall, closed_boot = excluded.closed_boot, client = excluded.client,"
                " tunnel = excluded.tunnel, baseline = excluded.baseline, value = excluded.value",
                (session.id, store_place(self._connection, session.place), *_columns(session)),
            )

    def update(self, session: SessionRow) -> bool:
        """Replace the session of this number, its place excepted; tell whether there was one. Raises StateError."""
        with self._connection.transaction():
            return (
                self._connection.run(
                    "UPDATE sessions SET opened_wall = ?, opened_boot = ?, closed_wall = ?, closed_boot = ?,"
                    " client = ?, tunnel = ?, baseline = ?, value = ? WHERE id = ?",
                    (*_columns(session), session.id),
                ).rowcount
                > 0
            )

    def get(self, session: int) -> SessionRow | None:
        """Return one session by its number. Raises StateError."""
        row = self._connection.row(_SELECT + " WHERE s.id = ?", (session,))
        return _session(row) if row else None

    def open(self, place: Place) -> list[SessionRow]:
        """Return the open sessions of a place, oldest first. Raises StateError."""
        number = place_number(self._connection, place)
        return self._rows(" WHERE s.place = ? AND closed_wall IS NULL ORDER BY s.id", (number,))

    def open_elsewhere(self, place: Place) -> list[SessionRow]:
        """Return the sessions of this namespace's other boots, and of other namespaces, that nobody closed.

        Raises StateError.
        """
        number = place_number(self._connection, place)
        return self._rows(" WHERE s.place != ? AND closed_wall IS NULL ORDER BY s.id", (number,))

    def recent(self, place: Place, limit: int) -> list[SessionRow]:
        """Return the newest sessions of a place, newest first. Raises StateError."""
        number = place_number(self._connection, place)
        return self._rows(" WHERE s.place = ? ORDER BY s.id DESC LIMIT ?", (number, limit))

    def newest(self, limit: int, client: str | None = None) -> list[SessionRow]:
        """Return the newest sessions of all places, newest first, or those of one client. Raises StateError."""
        return self._rows(" WHERE ?1 IS NULL OR client = ?1 ORDER BY s.id DESC LIMIT ?2", (client, limit))

    def prune(self, horizon: Horizon, keep: Collection[int] = ()) -> int:
        """Delete sessions closed before a horizon, with their events; those in ``keep`` stay.

        Return how many went. Raises StateError.
        """
        with self._connection.transaction():
            old = self._connection.rows(_IDS + horizon.old("closed_boot", "closed_wall"), horizon)
            gone = [row for row in old if row[0] not in keep]
            self._connection.run_many("DELETE FROM sessions WHERE id = ?", gone)
            return len(gone)

    def _rows(self, condition: str, values: tuple[str | int | None, ...]) -> list[SessionRow]:
        return [_session(row) for row in self._connection.rows(_SELECT + condition, values)]


def _columns(session: SessionRow) -> tuple[str | float | bytes | None, ...]:
    return (
        session.opened_wall,
        session.opened_boot,
        session.closed_wall,
        session.closed_boot,
        session.client,
        session.tunnel,
        session.baseline,
        session.value,
    )


def _session(row: tuple[Any, ...]) -> SessionRow:
    number, boot_id, namespace, opened_wall, opened_boot, closed_wall, closed_boot, client, tunnel, baseline, value = (
        row
    )
    return SessionRow(
        id=number,
        place=Place(boot=boot_id, namespace=namespace),
        opened_wall=opened_wall,
        opened_boot=opened_boot,
        closed_wall=closed_wall,
        closed_boot=closed_boot,
        client=client,
        tunnel=tunnel,
        baseline=baseline,
        value=value,
    )
