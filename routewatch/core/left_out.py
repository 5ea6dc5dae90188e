"""Families that a saved table leaves out: of IPv6, what ``netstat -nr -f inet`` and ``ip route`` print says nothing.

A table without a row of a family may be one that has none. But the loopback's rows are always there, and no VPN takes a
link's own prefix with everything else: where a table beside it shows them, this one was printed for the other family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import LOOPBACKS, is_link_local, prefix
from routewatch.core.inferred import connected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Family, Route
    from routewatch.core.snapshot import Snapshot


def left_out(table: Snapshot, beside: Iterable[Snapshot]) -> frozenset[Family]:
    """Return the families of which a table shows no row, and another of that machine a row that always stands."""
    shown = {route.family for route in table.routes.values()}
    if not shown:
        return frozenset()  # a table without a row tells of none: whoever saved it saw nothing else
    rows = (route for other in beside for route in other.routes.values() if route.family not in shown)
    return frozenset(route.family for route in rows if _always_stands(route))


def without(table: Snapshot, families: frozenset[Family]) -> Snapshot:
    """Return a saved table without its rows of some families: what nothing can be compared with."""
    if not families:
        return table
    return replace(table, routes=table.routes.only(lambda route: route.family not in families))


def _always_stands(route: Route) -> bool:
    """Tell whether a row goes with nothing but its family: the loopback's, and on Linux that of an IPv4 address."""
    if route.interface in LOOPBACKS:
        return prefix(route.destination).is_loopback or is_link_local(route.destination)
    return route.family == "inet" and route.protocol == "kernel" and connected(route)
