"""The one last observed state of each place, and how the daemon there is doing. Both are replaced, never collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import Place
from routewatch.store.places import place_number, store_place

if TYPE_CHECKING:
    from routewatch.store.connection import Connection


class ObservationRow(Struct, frozen=True, kw_only=True):
    """What was seen last, and the running state that goes with it."""

    place: Place
    wall: float
    boot: float
    snapshot: bytes
    state: bytes = b""


class HealthRow(Struct, frozen=True, kw_only=True):
    """How the daemon of a place is doing; times are wall seconds, None for never."""

    place: Place
    pid: int
    started: float
    snapshot: float | None = None
    gaps: int = 0
    error: str = ""
    error_at: float | None = None


class Observations:
    """The last observation and the health of every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def save(self, observation: ObservationRow) -> None:
        """Replace the last observation of its place. Raises StateError."""
        with self._connection.transaction():
            self._connection.run(
                "INSERT OR REPLACE INTO observations (place, wall, boot, snapshot, state) VALUES (?, ?, ?, ?, ?)",
                (
                    store_place(self._connection, observation.place),
                    observation.wall,
                    observation.boot,
                    observation.snapshot,
                    observation.state,
                ),
            )

    def last(self, place: Place) -> ObservationRow | None:
        """Return the last observation of a place. Raises StateError."""
        row = self._connection.row(
            "SELECT wall, boot, snapshot, state FROM observations WHERE place = ?",
            (place_number(self._connection, place),),
        )
        if row is None:
            return None
        wall, boot, snapshot, state = row
        return ObservationRow(place=place, wall=wall, boot=boot, snapshot=snapshot, state=state)

    def save_health(self, health: HealthRow) -> None:
        """Replace what is known of the daemon of its place. Raises StateError."""
        with self._connection.transaction():
            self._connection.run(
                "INSERT OR REPLACE INTO health (place, pid, started, snapshot, gaps, error, error_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    store_place(self._connection, health.place),
                    health.pid,
                    health.started,
                    health.snapshot,
                    health.gaps,
                    health.error,
                    health.error_at,
                ),
            )

    def health(self, place: Place) -> HealthRow | None:
        """Return what the daemon of a place last said of itself. Raises StateError."""
        row = self._connection.row(
            "SELECT pid, started, snapshot, gaps, error, error_at FROM health WHERE place = ?",
            (place_number(self._connection, place),),
        )
        if row is None:
            return None
        pid, started, snapshot, gaps, error, error_at = row
        return HealthRow(
            place=place, pid=pid, started=started, snapshot=snapshot, gaps=gaps, error=error, error_at=error_at
        )

    def prune(self, before: float) -> int:
        """Delete observations from before a wall time, and return how many went. Raises StateError."""
        with self._connection.transaction():
            return self._connection.run("DELETE FROM observations WHERE wall < ?", (before,)).rowcount
