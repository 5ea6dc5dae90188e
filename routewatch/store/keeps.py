"""Destinations a person called their own: never reported, never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from routewatch.store.connection import Connection


class KeepRow(Struct, frozen=True, kw_only=True):
    """One kept destination, as the caller spelt it, and since when (wall seconds)."""

    destination: str
    wall: float


class Keeps:
    """The kept destinations; they hold at every place."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through this connection."""
        self._connection = connection

    def add(self, destination: str, wall: float) -> bool:
        """Keep a destination; tell whether that is new. Raises StateError."""
        with self._connection.transaction():
            return (
                self._connection.run(
                    "INSERT OR IGNORE INTO keeps (destination, wall) VALUES (?, ?)", (destination, wall)
                ).rowcount
                > 0
            )

    def forget(self, destination: str) -> bool:
        """Keep it no longer; tell whether it was kept. Raises StateError."""
        with self._connection.transaction():
            return self._connection.run("DELETE FROM keeps WHERE destination = ?", (destination,)).rowcount > 0

    def list(self) -> list[KeepRow]:
        """Return what is kept, in the order in which it was said. Raises StateError."""
        rows = self._connection.rows("SELECT destination, wall FROM keeps ORDER BY wall, destination")
        return [KeepRow(destination=destination, wall=wall) for destination, wall in rows]
