"""Which route a packet takes: the kernel's choice, walked on values.

Policy rules in their order, the table each names, the longest prefix in it, then type of service and metric; the steps
are those of fib_rules_lookup (net/core/fib_rules.c), fib_table_lookup (net/ipv4/fib_trie.c) and fib6_node_lookup
(net/ipv6/ip6_fib.c). It knows routes and rules only: no state of links beyond the routes' own flags, no neighbours, no
interface groups, no VRF (rules with ``l3mdev`` are passed over), and it doesn't choose among the legs of a route.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.addresses import DEFAULTS, address, covers, prefix
from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE, Family, PolicyRule, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Reason = Literal["", "no route", "unreachable", "blackhole", "prohibit"]

# Types that end the search with an error, and the reason each gives (fib_props, net/ipv4/fib_semantics.c).
# A "throw" ends the search in its table only.
REJECTS: Mapping[str, Reason] = {"unreachable": "unreachable", "blackhole": "blackhole", "prohibit": "prohibit"}
# Selectors of a rule for which a query has no field (in the words of PolicyRule.unwritable): a packet that we know
# nothing of is taken for one that isn't marked so.
FOREIGN_SELECTORS = frozenset(
    {"tun_id", "dscp", "dscp mask", "flowlabel", "flowlabel mask", "sport mask", "dport mask"}
)
PREFERENCES = {"high": 0, None: 1, "low": 2}  # RFC 4191

# What the kernel starts with: fib_default_rules_init, fib6_rules_net_init. IPv6 has no table "default".
DEFAULT_RULES: Mapping[Family, tuple[PolicyRule, ...]] = {
    "inet": (
        PolicyRule(family="inet", priority=0, table=LOCAL_TABLE, protocol="kernel"),
        PolicyRule(family="inet", priority=32766, table=MAIN_TABLE, protocol="kernel"),
        PolicyRule(family="inet", priority=32767, table=DEFAULT_TABLE, protocol="kernel"),
    ),
    "inet6": (
        PolicyRule(family="inet6", priority=0, table=LOCAL_TABLE, protocol="kernel"),
        PolicyRule(family="inet6", priority=32766, table=MAIN_TABLE, protocol="kernel"),
    ),
}


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


class Answer(Struct, frozen=True, kw_only=True):
    """The route taken and the rule that led to it; where nothing leads on, the reason.

    With a reason, ``route`` is the rejecting route, or None where a rule rejected or nothing matched at all.
    """

    route: Route | None = None
    rule: PolicyRule | None = None
    table: int | None = None
    reason: Reason = ""


ORDINARY = Query()
NOWHERE = Answer(reason="no route")


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


def lookup(
    routes: Iterable[Route] | Index, rules: Sequence[PolicyRule], destination: str, query: Query = ORDINARY
) -> Answer:
    """Return what the kernel would do with a packet to this address.

    A zone on the address ("fe80::1%eth0") says the outgoing interface. Without rules of the family, the kernel's own
    apply. Raises ValueError for what is no address.
    """
    plain, _, zone = destination.partition("%")
    if zone:
        query = replace(query, oif=zone)
    family: Family = "inet6" if address(plain).version == 6 else "inet"  # noqa: PLR2004 the version is its name
    index = routes if isinstance(routes, Index) else Index(routes)
    return _walk(index, rules_in_order(rules, family), plain, query)


def rules_in_order(rules: Sequence[PolicyRule], family: Family) -> tuple[PolicyRule, ...]:
    """Return the rules of one family in the order in which the kernel asks them; its own, where there are none."""
    own = sorted((rule for rule in rules if rule.family == family), key=lambda rule: rule.priority)
    return tuple(own) or DEFAULT_RULES[family]


def matches(rule: PolicyRule, destination: str, query: Query) -> bool:
    """Tell whether a rule is about this packet (fib_rule_match; ``not`` turns all its selectors together)."""
    selects = (
        (rule.source is None or (query.source is not None and covers(rule.source, query.source)))
        and (rule.destination is None or covers(rule.destination, destination))
        and rule.iif in {None, query.iif or "lo"}
        and rule.oif in {None, query.oif}
        and _marked(rule, query.fwmark)
        and (not rule.tos or rule.tos == query.tos)
        and _within(query.uid, rule.uid_range)
        and (not rule.ip_protocol or rule.ip_protocol == query.ip_protocol)
        and _within(query.source_port, rule.source_ports)
        and _within(query.destination_port, rule.destination_ports)
        and FOREIGN_SELECTORS.isdisjoint(rule.unwritable)
    )
    return selects != rule.inverted


def _walk(index: Index, rules: tuple[PolicyRule, ...], destination: str, query: Query) -> Answer:
    place = 0
    while place < len(rules):
        rule = rules[place]
        place += 1
        if rule.l3mdev or not matches(rule, destination, query):
            continue
        if rule.action == "goto":
            place = next((later for later in range(place, len(rules)) if rules[later].priority == rule.goto), place)
            continue
        answer = _answer(rule, index, destination, query)
        if answer:
            return answer
    return NOWHERE


def _answer(rule: PolicyRule, index: Index, destination: str, query: Query) -> Answer | None:
    """Return what a matching rule says, or None where it leaves the word to the next."""
    if rule.action in REJECTS:
        return Answer(rule=rule, reason=REJECTS[rule.action])
    if rule.action != "lookup" or rule.table is None:
        return None
    route = index.choose(rule.table, destination, query)
    if route is None or route.type == "throw" or _suppressed(route, rule):
        return None
    return Answer(route=route, rule=rule, table=rule.table, reason=REJECTS.get(route.type, ""))


def _suppressed(route: Route, rule: PolicyRule) -> bool:
    """Tell whether the rule refuses a route for being too wide; a rejecting route is never asked."""
    if rule.suppress_prefixlength is None or route.type in REJECTS:
        return False
    return prefix(route.destination).prefixlen <= rule.suppress_prefixlength


def _marked(rule: PolicyRule, fwmark: int) -> bool:
    if rule.fwmark is None:
        return True
    mask = 0xFFFFFFFF if rule.fwmask is None else rule.fwmask
    return (rule.fwmark ^ fwmark) & mask == 0


def _within(number: int | None, bounds: tuple[int, int] | None) -> bool:
    return bounds is None or (number is not None and bounds[0] <= number <= bounds[1])


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
    if route.family == "inet" and (route.type in REJECTS or route.type == "throw"):
        return True  # fib_table_lookup returns the type's error before it looks at next hops
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
    return (-(route.tos or 0), route.metric or 0, elsewhere, PREFERENCES.get(route.preference, 1))


def _number(text: str) -> int:
    """Read an address as a number, fast enough for a full Internet table."""
    if ":" in text:
        return int(IPv6Address(text))
    return int.from_bytes(bytes(map(int, text.split("."))), "big")
