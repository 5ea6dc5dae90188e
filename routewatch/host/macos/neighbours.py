"""The neighbours of a Mac: the rows of its routing table that bear L (ARP and ND entries).

Who answers to the router's address tells one network from another with the same prefix. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from routewatch.core.addresses import host_address
from routewatch.core.letters import LOOPBACK
from routewatch.core.model import Neighbour

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Route

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


def neighbours(routes: Iterable[Route]) -> tuple[Neighbour, ...]:
    """Return the neighbours that have answered, or have failed to (R); our own addresses are rows of lo0."""
    return tuple(
        Neighbour(
            address=host_address(route),
            interface=route.interface,
            mac=route.link,
            state="failed" if "R" in route.flags else "reachable",
        )
        for route in routes
        if "L" in route.flags and route.interface not in {None, LOOPBACK} and route.link and _MAC.fullmatch(route.link)
    )
