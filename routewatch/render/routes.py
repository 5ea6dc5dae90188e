"""Routes and policy rules as text: as ``ip route`` and ``ip rule`` show them, rows of macOS as its ``netstat`` does.

What can be typed again is typed by ``render.command``; this is for reading. Names of interfaces come from outside, and
whatever could steer a terminal in them is written out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE
from routewatch.core.volatile import is_lettered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Nexthop, PolicyRule, Route

TABLE_NAMES = {DEFAULT_TABLE: "default", MAIN_TABLE: "main", LOCAL_TABLE: "local"}
ALL_BITS = 0xFFFFFFFF
# include/uapi/linux/rtnetlink.h, enum RTAX_*: the bit of each metric in RTAX_LOCK
LOCKABLE = {"mtu": 2, "window": 3, "rtt": 4, "rttvar": 5, "ssthresh": 6, "cwnd": 7, "advmss": 8, "reordering": 9}
LOCKABLE |= {"hoplimit": 10, "initcwnd": 11}
# The kernel keeps tcp_metrics' old fixed-point units; ip-route(8) speaks of milliseconds
PER_MILLISECOND = {"rtt": 8, "rttvar": 4, "rto_min": 1}
ECN = 1  # RTAX_FEATURE_ECN


def text(route: Route) -> str:
    """Return a route as its system shows it, on one line."""
    return printable(" ".join(_row_words(route) if is_lettered(route) else _route_words(route)))


def _row_words(route: Route) -> Iterator[str]:
    """Yield the cells of a row of netstat, with the whole prefix where netstat leaves out what the class tells."""
    network, _, length = route.destination.partition("/")
    zone = f"%{route.zone}" if route.zone else ""
    if route.destination in {"0.0.0.0/0", "::/0"}:
        yield "default"
    else:
        yield f"{network}{zone}" if "H" in route.flags else f"{network}{zone}/{length}"
    gateway_zone = f"%{route.gateway_zone}" if route.gateway_zone else ""
    yield f"{route.gateway}{gateway_zone}" if route.gateway else route.link or "-"
    yield from (route.flags, route.interface or "-")
    if route.expires is not None:
        yield str(route.expires)


def rule_text(rule: PolicyRule) -> str:
    """Return a policy rule as ``ip rule`` shows it, on one line."""
    protocol = [] if rule.protocol in {None, "kernel", "unspec"} else ["proto", str(rule.protocol)]
    return printable(" ".join([f"{rule.priority}:", *selectors(rule), *action(rule), *protocol]))


def printable(text: str) -> str:
    """Return text that can't steer a terminal: control and formatting characters are written as their codes."""
    return "".join(letter if letter.isprintable() else _code(letter) for letter in text)


def destination(route: Route) -> str:
    """Return the destination as ``ip`` shows it: "default", an address, or a prefix."""
    if route.destination in {"0.0.0.0/0", "::/0"}:
        return "default"
    return route.destination.removesuffix("/128" if route.family == "inet6" else "/32")


def hop(step: Route | Nexthop, family: str) -> Iterator[str]:
    """Yield the gateway and the interface of a route or of one of its legs."""
    if step.gateway:
        yield "via"
        if family == "inet" and ":" in step.gateway:
            yield "inet6"
        yield step.gateway
    if step.interface:
        yield from ("dev", step.interface)


def metrics(route: Route) -> Iterator[str]:
    """Yield the metrics (RTA_METRICS) in words that ``ip route`` shows and takes."""
    values = dict(route.metrics)
    locked = values.pop("lock", 0)
    for name, value in values.items():
        yield "congctl" if name == "cc_algo" else name
        if isinstance(locked, int) and locked >> LOCKABLE.get(name, 0) & 1 and name in LOCKABLE:
            yield "lock"
        yield _metric(name, value)


def selectors(rule: PolicyRule) -> Iterator[str]:
    """Yield what a rule asks of a packet."""
    if rule.inverted:
        yield "not"
    yield from ("from", rule.source or "all")
    if rule.fwmark is not None:
        whole = rule.fwmask in {None, ALL_BITS}
        yield from ("fwmark", f"{rule.fwmark:#x}" if whole else f"{rule.fwmark:#x}/{rule.fwmask:#x}")
    named = {
        "to": rule.destination,
        "tos": f"{rule.tos:#x}" if rule.tos else None,
        "iif": rule.iif,
        "oif": rule.oif,
        "uidrange": rule.uid_range and "{}-{}".format(*rule.uid_range),
        "ipproto": rule.ip_protocol and str(rule.ip_protocol),
        "sport": _ports(rule.source_ports),
        "dport": _ports(rule.destination_ports),
    }
    for word, value in named.items():
        if value:
            yield from (word, value)


def action(rule: PolicyRule) -> Iterator[str]:
    """Yield what a rule does with the packets it selects."""
    if rule.l3mdev:
        yield from ("lookup", "[l3mdev-table]")
    elif rule.action == "goto":
        yield from ("goto", str(rule.goto))
    elif rule.action != "lookup":
        yield rule.action
    elif rule.table is not None:
        yield from ("lookup", table(rule.table))
    yield from suppressors(rule)


def suppressors(rule: PolicyRule) -> Iterator[str]:
    """Yield which answers a rule refuses."""
    if rule.suppress_prefixlength is not None:
        yield from ("suppress_prefixlength", str(rule.suppress_prefixlength))
    if rule.suppress_ifgroup is not None:
        yield from ("suppress_ifgroup", str(rule.suppress_ifgroup))


def table(number: int) -> str:
    """Return the name of a table that has one everywhere, or its number."""
    return TABLE_NAMES.get(number, str(number))


def _route_words(route: Route) -> Iterator[str]:
    if route.type != "unicast":
        yield route.type
    yield destination(route)
    for word, value in _matching(route).items():
        if value:
            yield from (word, value)
    if route.link:
        yield from ("via", route.link)
    yield from hop(route, route.family)
    for word, value in _attributes(route).items():
        if value:
            yield from (word, value)
    yield from route.flags.split()
    yield from metrics(route)
    if isinstance(route.expires, int):
        yield from ("expires", f"{route.expires}sec")
    if route.preference:
        yield from ("pref", route.preference)
    for leg in route.nexthops:
        yield from ("nexthop", *hop(leg, route.family), "weight", str(leg.weight), *leg.flags.split())


def _matching(route: Route) -> dict[str, str | None]:
    return {
        "from": route.source,
        "nhid": None if route.nexthop_id is None else str(route.nexthop_id),
        "tos": f"{route.tos:#x}" if route.tos else None,
    }


def _attributes(route: Route) -> dict[str, str | None]:
    """Return what ``ip route`` tells of a route beside where it leads; it doesn't tell what goes without saying."""
    told = route.metric if route.family == "inet6" else route.metric or None
    return {
        "table": None if route.table == MAIN_TABLE else table(route.table),
        "proto": None if route.protocol == "boot" else route.protocol,
        "scope": None if route.scope == "global" else route.scope,
        "src": route.preferred_source,
        "metric": None if told is None else str(told),
    }


def _metric(name: str, value: int | str) -> str:
    if isinstance(value, str):
        return value
    if name == "features" and value == ECN:
        return "ecn"
    unit = PER_MILLISECOND.get(name)
    # Without "ms" the number is taken as the kernel keeps it (get_time_rtt, iproute2 lib/utils.c)
    return f"{value // unit}ms" if unit and value % unit == 0 else str(value)


def _ports(bounds: tuple[int, int] | None) -> str | None:
    if bounds is None:
        return None
    first, last = bounds
    return str(first) if first == last else f"{first}-{last}"


def _code(letter: str) -> str:
    number = ord(letter)
    if letter.isascii():
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 four digits
