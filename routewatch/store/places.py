"""Places by number: a row names its boot and namespace by a small integer, not by their text each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routewatch.core.model import Place
    from routewatch.store.connection import Connection

NOWHERE = 0  # no row has it


def place_number(connection: Connection, place: Place) -> int:
    """Return the number of a place, or NOWHERE for one never stored."""
    return connection.number("SELECT id FROM places WHERE boot = ? AND namespace = ?", (place.boot, place.namespace))


def store_place(connection: Connection, place: Place) -> int:
    """Return the number of a place, stored where it is new. Call it inside the transaction that uses it."""
    if number := place_number(connection, place):
        return number
    connection.run("INSERT INTO places (boot, namespace) VALUES (?, ?)", (place.boot, place.namespace))
    return place_number(connection, place)
