"""What looks like a leftover and is none: each kind is one named question about a case, for the rulings to ask.

They are asked so that a person who wonders why a new row is left alone is told what it is, not merely that it is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import is_host
from routewatch.core.letters import is_cloned, is_systems_own

if TYPE_CHECKING:
    from routewatch.core.case import Case

REFUSING = frozenset({"unreachable", "blackhole", "prohibit", "throw"})
SYSTEM_LINKS = ("utun", "ipsec", "awdl", "llw", "anpi", "feth")


def is_a_clone(case: Case) -> bool:
    """Tell whether macOS cloned the row from another, or keeps it for a neighbour."""
    return case.route is not None and case.scene.now.platform == "macos" and is_cloned(case.route)


def is_of_a_system_tunnel(case: Case) -> bool:
    """Tell whether it is one of the rows that each tunnel of macOS' own has, on a link of such a name."""
    route = case.route
    if route is None or case.scene.now.platform != "macos" or not (route.interface or "").startswith(SYSTEM_LINKS):
        return False
    return is_systems_own(route)


def has_swapped_scope(case: Case) -> bool:
    """Tell whether it stood there before, bound to its link where it is not now, or the other way round."""
    return case.route is not None and case.baseline is not None and case.scene.has_moved(case.route, case.baseline)


def refuses(case: Case) -> bool:
    """Tell whether the row refuses a destination instead of leading there."""
    return case.route is not None and case.route.type in REFUSING


def has_the_shape_of_a_server_route(case: Case) -> bool:
    """Tell whether it is a host's row over an uplink's gateway: a VPN's server, or anybody's machine."""
    route = case.route
    if route is None or route.gateway is None or not is_host(route):
        return False
    link = case.scene.links.get(route.interface or "")
    return link is not None and case.scene.is_uplink(link)
