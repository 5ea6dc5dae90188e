"""Which route a packet takes: the kernel's choice, walked on values.

Policy rules in their order, and the table each names; the steps are those of fib_rules_lookup (net/core/fib_rules.c).
What a table answers, index.py knows. No neighbours, no interface groups and no VRF are known here (rules with
``l3mdev`` are passed over).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.addresses import address, covers, prefix
from routewatch.core.index import ORDINARY, Index, Query
from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE, Family, PolicyRule, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Reason = Literal["", "no route", "unreachable", "blackhole", "prohibit"]

# Types that end the search with an error, and the reason each gives (fib_props, net/ipv4/fib_semantics.c).
# A "throw" ends the search in its table only.
REJECTS: Mapping[str, Reason] = {"unreachable": "unreachable", "blackhole": "blackhole", "prohibit": "prohibit"}
# Selectors of a rule for which a query has no field (in the words of PolicyRule.unwritable): a packet that we know
# nothing of is taken for one that isn't marked so.
FOREIGN_SELECTORS = frozenset(
    {"tun_id", "dscp", "dscp mask", "flowlabel", "flowlabel mask", "sport mask", "dport mask"}
)

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


class Answer(Struct, frozen=True, kw_only=True):
    """The route taken and the rule that led to it; where nothing leads on, the reason.

    With a reason, ``route`` is the rejecting route, or None where a rule rejected or nothing matched at all.
    """

    route: Route | None = None
    rule: PolicyRule | None = None
    table: int | None = None
    reason: Reason = ""


NOWHERE = Answer(reason="no route")


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
    return _walk(index, _in_order(rules, family), plain, query)


def _in_order(rules: Sequence[PolicyRule], family: Family) -> tuple[PolicyRule, ...]:
    """Return the rules of one family in the order in which the kernel asks them; its own, where there are none."""
    own = sorted((rule for rule in rules if rule.family == family), key=lambda rule: rule.priority)
    return tuple(own) or DEFAULT_RULES[family]


def _matches(rule: PolicyRule, destination: str, query: Query) -> bool:
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
        if rule.l3mdev or not _matches(rule, destination, query):
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
