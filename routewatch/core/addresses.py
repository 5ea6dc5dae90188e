"""Arithmetic on addresses and prefixes as text: which covers which, and the prefixes with a name.

Addresses stay text in the values, as people read and store them; they are parsed here, once, and remembered.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from routewatch.core.model import MAIN_TABLE

if TYPE_CHECKING:
    from routewatch.core.model import Address, Route

DEFAULTS = frozenset({"0.0.0.0/0", "::/0"})
LOOPBACKS = frozenset({"lo", "lo0"})
# What VPN clients lay over a default route instead of replacing it: OpenVPN's def1 (0/1 and 128/1, and for IPv6
# ::/3 2000::/4 3000::/4 fc00::/7), and plain halves of the IPv6 space.
HALF_DEFAULTS = frozenset(
    {"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "::/3", "2000::/3", "2000::/4", "3000::/4", "fc00::/7"}
)


@lru_cache(maxsize=4096)
def prefix(text: str) -> IPv4Network | IPv6Network:
    """Parse a prefix; host bits are cut off. Raises ValueError."""
    return ip_network(text, strict=False)


@lru_cache(maxsize=4096)
def address(text: str) -> IPv4Address | IPv6Address:
    """Parse an address without zone. Raises ValueError."""
    return ip_address(text)


def covers(outer: str, inner: str) -> bool:
    """Tell whether every address of ``inner`` (a prefix or an address) lies in the prefix ``outer``."""
    mine, theirs = prefix(outer), prefix(inner)
    return mine.version == theirs.version and mine.prefixlen <= theirs.prefixlen and theirs.network_address in mine


def connected_prefix(of: Address) -> str:
    """Return the prefix that an address makes reachable on its link: that of its peer, where it has one."""
    return str(prefix(f"{of.peer or of.address}/{of.prefix_length}"))


def is_default(route: Route) -> bool:
    """Tell whether the route matches every destination; one that is scoped is for traffic bound to its link only."""
    return route.destination in DEFAULTS and route.source is None and not route.scoped


def is_loopback_default(route: Route) -> bool:
    """Tell whether a default goes through the loopback: it keeps all packets in the machine."""
    in_main = route.table == MAIN_TABLE  # in one of its own a transparent proxy has such a route
    return is_default(route) and in_main and route.type == "unicast" and route.interface in LOOPBACKS


def is_half_default(route: Route) -> bool:
    """Tell whether the route is one of the parts laid over a default."""
    return route.destination in HALF_DEFAULTS


def is_host(route: Route) -> bool:
    """Tell whether the route leads to a single address."""
    return prefix(route.destination).prefixlen == prefix(route.destination).max_prefixlen


def host_address(route: Route) -> str:
    """Return the address of a host route's destination."""
    return route.destination.partition("/")[0]


def is_link_local(text: str) -> bool:
    """Tell whether an address or prefix lies in fe80::/10 or 169.254/16."""
    return prefix(text).is_link_local
