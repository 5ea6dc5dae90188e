"""Places by number: a row names its boot and namespace by a small integer, not by their text each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routewatch.core.model import Place
    from routewatch.store.connection import Connection

NOWHERE = 0  # no row has it
# What is true of a row from before a horizon; its columns may be called otherwise. A clock that is set wrong, by 100
# days, say, must not cost the present boot its undo: that is measured on the clock that nobody sets (clock_gettime(2)).
OLD = "CASE WHEN place IN (SELECT id FROM places WHERE places.boot = ?) THEN {boot} < ? ELSE {wall} < ? END"


class Horizon(NamedTuple):
    """What is older is let go: by the boot clock (seconds) what is of this boot, by wall time what is of others."""

    boot_id: str
    boot: float
    wall: float

    def old(self, boot: str = "boot", wall: str = "wall") -> str:
        """Return the condition for these columns; its values are those of the horizon, in their order."""
        return OLD.format(boot=boot, wall=wall)


def place_number(connection: Connection, place: Place) -> int:
    """Return the number of a place, or NOWHERE for one never stored."""
    return connection.number("SELECT id FROM places WHERE boot = ? AND namespace = ?", (place.boot, place.namespace))


def store_place(connection: Connection, place: Place) -> int:
    """Return the number of a place, stored where it is new. Call it inside the transaction that uses it."""
    if number := place_number(connection, place):
        return number
    connection.run("INSERT INTO places (boot, namespace) VALUES (?, ?)", (place.boot, place.namespace))
    return place_number(connection, place)
