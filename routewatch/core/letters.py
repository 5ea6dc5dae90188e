"""What the letters of macOS' netstat say of a row, and what the system itself puts into a table there.

Source: bits[] in netstat's route.c and <net/route.h>. A row is taken as it is
printed; whose it is, is judged elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import DEFAULTS, is_host, prefix

if TYPE_CHECKING:
    from routewatch.core.model import Route

LOOPBACK = "lo0"
BROADCAST = "255.255.255.255/32"


def is_cloned(route: Route) -> bool:
    """Tell whether a row is a clone of another (W), or a neighbour's entry (L): it comes and goes by itself."""
    return not {"W", "L"}.isdisjoint(route.flags)


def is_static(route: Route) -> bool:
    """Tell whether a program set the row (S): route(8) does so by default, and so does configd for all it adds."""
    return "S" in route.flags


def is_group(route: Route) -> bool:
    """Tell whether a row is about multicast or broadcast."""
    network = prefix(route.destination).network_address
    return "m" in route.flags or "b" in route.flags or network.is_multicast or route.destination == BROADCAST


def is_link_local_row(route: Route) -> bool:
    """Tell whether a row leads to the link's own addresses: fe80::/10, 169.254/16."""
    return route.destination not in DEFAULTS and prefix(route.destination).is_link_local


def is_system_default(route: Route) -> bool:
    """Tell whether a row is the scoped default that each utun of the system has: ``default fe80::%utun0 UGcIg``."""
    return route.destination in DEFAULTS and route.scoped and not is_static(route)


def is_systems_own(route: Route) -> bool:
    """Tell whether a row is one of those that every tunnel interface has, also where no VPN uses it."""
    return is_group(route) or is_link_local_row(route) or is_system_default(route) or is_cloned(route)


def is_bound(route: Route) -> bool:
    """Tell whether a row is bound to a link without a gateway (``link#4``), as those of its addresses are."""
    return route.gateway is None and (route.link or "").startswith("link#")


def is_own_address(route: Route) -> bool:
    """Tell whether a row is that of a point-to-point link's address: it is there as long as the link has one."""
    is_plain = "H" in route.flags and not is_static(route) and not is_cloned(route)
    return is_plain and is_host(route) and not is_link_local_row(route)


def is_own_prefix(route: Route) -> bool:
    """Tell whether a row is that of a link's prefix, as the kernel sets it: it is there as long as its address is.

    Those that configd adds are static. Source: rtinit() in bsd/net/route.c.
    """
    return is_bound(route) and not (is_host(route) or is_static(route) or is_systems_own(route))
