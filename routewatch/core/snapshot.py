"""A snapshot: routes, rules, links, neighbours and processes at one moment, in one place.

Its routes are a table that is decoded on demand; all else is plain values. Whether it may be relied on, it says itself.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from routewatch.core.model import Family, Link, Moment, Neighbour, NexthopObject, Place, PolicyRule, Process, Router
from routewatch.core.table import Table


class Snapshot(Struct, frozen=True, kw_only=True):
    """Routes, rules, links, neighbours and processes at one moment."""

    platform: Literal["linux", "macos"]
    place: Place
    taken: Moment
    routes: Table
    rules: tuple[PolicyRule, ...] = ()
    links: tuple[Link, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    routers: tuple[Router, ...] = ()  # asked for only where no default is there; of this moment, and never stored
    nexthop_objects: tuple[NexthopObject, ...] = ()
    processes: tuple[Process, ...] = ()  # of our own network namespace, as far as we could look
    processes_seen: bool = True  # False: some process could not be looked at
    complete: bool = True
    torn: tuple[str, ...] = ()  # why it is not complete, where that is known
    unsure: tuple[Family, ...] = ()  # families whose table changed while it was read
    unparsed: tuple[str, ...] = ()

    def link(self, name: str | None) -> Link | None:
        """Return the link of this name."""
        return next((link for link in self.links if link.name == name), None)
