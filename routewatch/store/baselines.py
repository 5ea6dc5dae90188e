"""Baselines: what the table looked like when it was at rest. What is in them, only ``commands`` can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.core.model import Place
from routewatch.store.places import Horizon, place_number, store_place

if TYPE_CHECKING:
    from routewatch.store.connection import Connection

_SELECT = (
    "SELECT b.id, p.boot, p.namespace, b.wall, b.boot, network, proven, tainted, reason, snapshot"
    " FROM baselines b JOIN places p ON p.id = b.place"
)
_DELETE = "DELETE FROM baselines WHERE "
_UNNEEDED = (
    " AND id NOT IN (SELECT max(id) FROM baselines GROUP BY place)"
    " AND id NOT IN (SELECT baseline FROM sessions WHERE baseline IS NOT NULL)"
    " AND id NOT IN (SELECT max(id) FROM baselines WHERE reason = 'by hand' AND NOT tainted GROUP BY place)"
)


class BaselineRow(Struct, frozen=True, kw_only=True):
    """A stored baseline; ``wall`` and ``boot`` tell when it was taken."""

    id: int = 0  # given by the store
    place: Place
    wall: float
    boot: float
    network: bytes
    proven: bool
    tainted: bool = False
    reason: str = ""
    snapshot: bytes


class Baselines:
    """The baselines of every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def add(self, baseline: BaselineRow) -> int:
        """Store a baseline under its number, or the next one where it has none; return it. Raises StateError."""
        with self._connection.transaction():
            cursor = self._connection.run(
                "INSERT INTO baselines (id, place, wall, boot, network, proven, tainted, reason, snapshot)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    baseline.id or None,
                    store_place(self._connection, baseline.place),
                    baseline.wall,
                    baseline.boot,
                    baseline.network,
                    baseline.proven,
                    baseline.tainted,
                    baseline.reason,
                    baseline.snapshot,
                ),
            )
            return cursor.lastrowid or 0

    def latest(self, place: Place) -> BaselineRow | None:
        """Return the newest baseline of a place, by sequence. Raises StateError."""
        number = place_number(self._connection, place)
        row = self._connection.row(_SELECT + " WHERE b.place = ? ORDER BY b.id DESC LIMIT 1", (number,))
        return _baseline(row) if row else None

    def captured_id(self, place: Place) -> int | None:
        """Return the number of the newest baseline that was captured by hand with no VPN up. Raises StateError."""
        number = place_number(self._connection, place)
        row = self._connection.row(
            "SELECT max(id) FROM baselines WHERE place = ? AND reason = 'by hand' AND NOT tainted", (number,)
        )
        return None if row is None else row[0]

    def latest_id(self, place: Place) -> int | None:
        """Return the number of the newest baseline of a place, without reading it. Raises StateError."""
        number = place_number(self._connection, place)
        row = self._connection.row("SELECT max(id) FROM baselines WHERE place = ?", (number,))
        return None if row is None else row[0]

    def has(self, baseline: int) -> bool:
        """Tell whether there is one of this number. Raises StateError."""
        return self._connection.row("SELECT 1 FROM baselines WHERE id = ?", (baseline,)) is not None

    def next_id(self) -> int:
        """Return the number the next baseline is to bear: no earlier one ever bore it. Raises StateError."""
        return self._connection.next_number("baselines")

    def first_taken(self, place: Place) -> float | None:
        """Return the boot time of the first baseline of a place; None without one. Raises StateError."""
        number = place_number(self._connection, place)
        row = self._connection.row("SELECT min(boot) FROM baselines WHERE place = ?", (number,))
        return None if row is None else row[0]

    def stands_elsewhere(self, place: Place) -> bool:
        """Tell whether a baseline of another boot or namespace is stored. Raises StateError."""
        number = place_number(self._connection, place)
        return self._connection.row("SELECT 1 FROM baselines WHERE place != ? LIMIT 1", (number,)) is not None

    def get(self, baseline: int) -> BaselineRow | None:
        """Return one baseline by its number. Raises StateError."""
        row = self._connection.row(_SELECT + " WHERE b.id = ?", (baseline,))
        return _baseline(row) if row else None

    def all(self, place: Place) -> list[BaselineRow]:
        """Return the baselines of a place, newest first, each with its snapshot. Raises StateError."""
        number = place_number(self._connection, place)
        return [
            _baseline(row)
            for row in self._connection.rows(_SELECT + " WHERE b.place = ? ORDER BY b.id DESC", (number,))
        ]

    def forget(self, baseline: int) -> bool:
        """Delete one baseline; sessions that named it then have none. Tell whether there was one. Raises StateError."""
        with self._connection.transaction():
            return self._connection.run("DELETE FROM baselines WHERE id = ?", (baseline,)).rowcount > 0

    def prune(self, horizon: Horizon) -> int:
        """Delete baselines taken before a horizon that no session names and that are not the newest of their place.

        The newest that was captured by hand stays too: it vouches for rows that sessions left.

        Return how many went. Raises StateError.
        """
        with self._connection.transaction():
            return self._connection.run(_DELETE + horizon.old() + _UNNEEDED, horizon).rowcount


def _baseline(row: tuple[Any, ...]) -> BaselineRow:
    number, boot_id, namespace, wall, boot, network, proven, tainted, reason, snapshot = row
    return BaselineRow(
        id=number,
        place=Place(boot=boot_id, namespace=namespace),
        wall=wall,
        boot=boot,
        network=network,
        proven=bool(proven),
        tainted=bool(tainted),
        reason=reason,
        snapshot=snapshot,
    )
