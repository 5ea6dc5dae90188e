"""Which route of one table a packet takes: the longest prefix, then type of service and metric.

The steps are those of fib_table_lookup (net/ipv4/fib_trie.c) and fib6_node_lookup (net/ipv6/ip6_fib.c). It knows
routes only: no rules, no state of links beyond the routes' own flags, and it doesn't choose among the legs of a route.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import DEFAULTS, address, covers, prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Route

# Types whose error IPv4 returns before it looks at next hops (fib_table_lookup; fib_props, net/ipv4/fib_semantics.c)
WITHOUT_NEXT_HOP = frozenset({"unreachable", "blackhole", "prohibit", "throw"})
METRICS = 2**32  # RTA_PRIORITY has no sign: the worst, 2^32 - 1, is what saved tables of net-tools call -1
PREFERENCES = {"high": 0, None: 1, "low": 2}  # RFC 4191


class Query(Struct, frozen=True, kw_only=True):
    """The packet beside its destination. As it stands: sent by root from this machine, source not yet chosen."""

    source: str | None = None
    fwmark: int = 0
    iif: str | None = None  # None: made here, which a rule calls "iif lo"
    oif: str | None = None
    uid: int = 0
    ip_protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    tos: int = 0
    ignore_linkdown: bool = False  # sysctl ignore_routes_with_linkdown


ORDINARY = Query()


class Index:
    """Routes by family, table, prefix length and network: built once, asked often."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Sort the routes in. Routes that are alike keep their order, in which the kernel prefers them."""
        tables: dict[tuple[str, int], dict[int, dict[int, list[Route]]]] = {}
        for route in routes:
            network, _, length = route.destination.partition("/")
            lengths = tables.setdefault((route.family, route.table), defaultdict(dict))
            lengths[int(length)].setdefault(_number(network), []).append(route)
        self._tables = {name: dict(sorted(lengths.items(), reverse=True)) for name, lengths in tables.items()}

    def choose(self, table: int, destination: str, query: Query = ORDINARY) -> Route | None:
        """Return the route that one table gives, a rejecting or throwing one included."""
        for candidates in _in_turn(self.matching(table, destination), query.source):
            usable = [route for route in candidates if _is_usable(route, destination, query)]
            if usable:
                return min(usable, key=lambda route: _rank(route, query))
        return None

    def matching(self, table: int, destination: str) -> Iterator[list[Route]]:
        """Yield the routes whose prefix holds the destination, the longest prefix first."""
        family, bits = ("inet6", 128) if ":" in destination else ("inet", 32)
        number = _number(destination)
        for length, networks in self._tables.get((family, table), {}).items():
            found = networks.get(number >> (bits - length) << (bits - length))
            if found:
                yield found


def _in_turn(prefixes: Iterable[list[Route]], source: str | None) -> Iterator[list[Route]]:
    """Yield the routes of each prefix in the order in which the kernel looks at them for this source.

    IPv6 routes for a source form a tree below their prefix. While the kernel looks for the first prefix to enter
    (fib6_node_lookup_1), one whose tree has no such source is passed over together with its routes for all sources;
    the default is not, for the walk ends there. Going on from the prefix entered (fib6_backtrack), each is looked at:
    first its tree, the narrowest source first, then its routes for all. Seen on Linux 6.18.
    """
    entered = False
    for candidates in prefixes:
        general = [route for route in candidates if not route.source]
        near = [route for route in candidates if _is_from(source, route)]
        for length in sorted({_source_length(route) for route in near}, reverse=True):
            yield [route for route in near if _source_length(route) == length]
        if near or len(general) == len(candidates):
            entered = True
        if entered or candidates[0].destination in DEFAULTS:
            yield general


def _is_from(source: str | None, route: Route) -> bool:
    return source is not None and route.source is not None and covers(route.source, source)


def _source_length(route: Route) -> int:
    return prefix(route.source or "::/0").prefixlen


def _is_usable(route: Route, destination: str, query: Query) -> bool:
    if route.tos and route.tos != query.tos:
        return False
    if route.family == "inet" and route.type in WITHOUT_NEXT_HOP:
        return True
    oif = query.oif if _binds(query, destination) else None
    return any(oif in {None, leg.interface} and _is_alive(leg.flags, query) for leg in route.nexthops or (route,))


def _binds(query: Query, destination: str) -> bool:
    """Tell whether the outgoing interface is a condition; for IPv6 it may be a mere preference.

    ip6_route_output_flags asks for RT6_LOOKUP_F_IFACE when the source is open or the destination needs a scope.
    """
    if ":" not in destination or query.source is None:
        return True
    whither = address(destination)
    return whither.is_link_local or whither.is_multicast or whither.is_loopback


def _is_alive(flags: str, query: Query) -> bool:
    words = flags.split()
    return "dead" not in words and not (query.ignore_linkdown and "linkdown" in words)


def _rank(route: Route, query: Query) -> tuple[int, int, bool, int]:
    """Order the usable routes of one prefix: the very tos first, then the lowest metric; the rest is IPv6's."""
    elsewhere = query.oif is not None and query.oif not in {leg.interface for leg in route.nexthops or (route,)}
    metric = (route.metric or 0) % METRICS
    return (-(route.tos or 0), metric, elsewhere, PREFERENCES.get(route.preference, 1))


def _number(text: str) -> int:
    """Read an address as a number, fast enough for a full Internet table."""
    if ":" in text:
        return int(IPv6Address(text))
    return int.from_bytes(bytes(map(int, text.split("."))), "big")
