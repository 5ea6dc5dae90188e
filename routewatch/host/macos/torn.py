"""Whether the rows of a BSD routing table fit together: what netstat prints while an interface goes away.

netstat asks for the name of each row's interface and ignores that there is none any more: such a row shows the name
of the row before (np_rtentry in netstat's route.c, DARWIN: the name's buffer is static). Zones and ``link#N`` come
from elsewhere in the message, so they disagree. It says so in sentences, and does not know what is done about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Route

_CUT = "interface name cut"
_LOOPBACK = "lo0"  # an address of our own leads there, and its zone and link#N name the real interface


def disagreements(routes: Iterable[Route]) -> Iterator[str]:
    """Yield a sentence for each route of one table whose interface can't be believed."""
    names: dict[str, Route] = {}
    indexes: dict[str, Route] = {}
    for route in routes:
        if route.interface is None:
            yield f"{route.destination} names no interface: its interface was gone when the table was printed"
            continue
        if route.interface == _LOOPBACK:
            continue
        yield from _zones(route)
        if route.link is None or ":" in route.link:
            continue
        if not route.link.startswith("link#"):
            if not route.link.startswith(route.interface):
                yield f"{route.destination} is on {route.interface}, but leads to {route.link}"
            continue
        known = names.setdefault(route.link, route)
        if not _same(route, known):
            yield f"{route.destination} is on {route.interface}, but {route.link} is {known.interface} elsewhere"
        if _CUT not in route.unwritable:
            other = indexes.setdefault(route.interface, route)
            if other.link != route.link and _same(route, known):
                yield f"{route.destination} has {route.link}, but {route.interface} is {other.link} elsewhere"


def _zones(route: Route) -> Iterator[str]:
    for zone in (route.zone, route.gateway_zone):
        if zone is None or zone == route.interface:
            continue
        if _CUT in route.unwritable and zone.startswith(route.interface or ""):
            continue
        yield f"{route.destination} is on {route.interface}, but its zone is {zone}"


def _same(one: Route, other: Route) -> bool:
    """Tell whether both may name one interface: one name may be the other's beginning where it was cut."""
    names = (one.interface or "", other.interface or "")
    if names[0] == names[1]:
        return True
    cut = (_CUT in one.unwritable, _CUT in other.unwritable)
    return (cut[0] and names[1].startswith(names[0])) or (cut[1] and names[0].startswith(names[1]))
