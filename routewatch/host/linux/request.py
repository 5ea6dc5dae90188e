"""A route or policy rule as a request to the kernel: header fields and attributes, under the names pyroute2 gives them.

Every attribute the dump gave is named, so that the kernel compares before it deletes. This module is pure: it opens no
socket, and knows neither what is asked (add, delete) nor what the kernel answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.core.addresses import address, prefix
from routewatch.host.linux.rtnetlink import words
from routewatch.host.linux.rtnetlink.messages import AF_INET, AF_INET6
from routewatch.host.linux.rtnetlink.words import PROTOCOLS, ROUTE_TYPES, SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Network, IPv6Network

    from routewatch.core.model import Family, Nexthop, PolicyRule, Route

FAMILY_NUMBERS: dict[Family, int] = {"inet": AF_INET, "inet6": AF_INET6}
ONLINK = 4  # include/uapi/linux/rtnetlink.h: RTNH_F_ONLINK
INVERT = 2  # include/uapi/linux/fib_rules.h: FIB_RULE_INVERT
ALL_BITS = 0xFFFFFFFF
IPV6_METRIC = 1024  # include/net/ipv6_route.h: IP6_RT_PRIO_USER, what the kernel makes of none and of 0
ACTIONS = {word: number for number, word in words.RULE_ACTIONS.items()}
PREFERENCES = {word: number for number, word in words.PREFERENCES.items()} | {"medium": 0}


class Request(Struct, frozen=True, kw_only=True):
    """The header and the attributes of one message.

    ``key`` is what the kernel keeps apart in any case: a row of another key never answers to this request. For routes
    it is without the metric, as IPv4 takes 0 for "any" (net/ipv4/fib_semantics.c, fib_nh_match()).
    """

    key: tuple[object, ...]
    header: dict[str, int]
    attributes: dict[str, Any]
    lifetime: int | None = None  # seconds left; counts down, and so is no part of what a row is
    unwritable: tuple[str, ...] = ()

    @property
    def family(self) -> int:
        """Return AF_INET or AF_INET6."""
        return self.header["family"]

    @property
    def is_route(self) -> bool:
        """Tell routes from policy rules."""
        return "action" not in self.header


def route_request(route: Route, index_of: Callable[[str], int]) -> Request:
    """Translate a route. Raises what ``index_of`` raises, and ValueError for words that mean no number."""
    destination = prefix(route.destination)
    source = _selector(route.source)
    header = {
        "family": FAMILY_NUMBERS[route.family],
        "dst_len": destination.prefixlen,
        "src_len": source.prefixlen if source else 0,
        "tos": route.tos or 0,
        "table": route.table if route.table < 256 else 0,  # noqa: PLR2004 - eight bits; RTA_TABLE holds the rest
        "proto": _number(PROTOCOLS, route.protocol or "unspec"),
        "scope": scope_of(route),
        "type": _number(ROUTE_TYPES, route.type),
        "flags": ONLINK if "onlink" in route.flags.split() else 0,
    }
    named = {
        "RTA_TABLE": route.table,
        "RTA_DST": str(destination.network_address) if destination.prefixlen else None,
        "RTA_SRC": str(source.network_address) if source else None,
        "RTA_PRIORITY": route.metric or (IPV6_METRIC if route.family == "inet6" else None),
        "RTA_PREFSRC": route.preferred_source,
        "RTA_METRICS": {"attrs": [[f"RTAX_{name.upper()}", n] for name, n in route.metrics]} if route.metrics else None,
        "RTA_PREF": PREFERENCES[route.preference] if route.preference else None,
        **_way(route, index_of),
    }
    if route.nexthop_id is not None:
        # The nexthop object says where to; a route on a blackhole object is dumped as one, and stored as unicast.
        header |= {"type": ROUTE_TYPES["unicast"], "flags": 0}
    return Request(
        key=(route.family, route.table, destination, source, header["tos"]),
        header=header,
        attributes={name: value for name, value in named.items() if value is not None},
        lifetime=route.expires if isinstance(route.expires, int) else None,
        unwritable=route.unwritable,
    )


def scope_of(route: Route) -> int:
    """Return the number of a route's scope; where it names none, that of ip-route(8) for such a route."""
    if route.family == "inet6":
        return 0
    if route.scope is not None:
        return _number(SCOPES, route.scope)
    if route.type in {"local", "nat"}:
        return _number(SCOPES, "host")
    on_link = not (route.gateway or route.nexthops or route.nexthop_id) and route.type == "unicast"
    return _number(SCOPES, "link" if on_link or route.type in {"broadcast", "multicast", "anycast"} else "global")


def rule_request(rule: PolicyRule) -> Request:
    """Translate a policy rule."""
    destination, source = _selector(rule.destination), _selector(rule.source)
    table = rule.table or 0
    header = {
        "family": FAMILY_NUMBERS[rule.family],
        "dst_len": destination.prefixlen if destination else 0,
        "src_len": source.prefixlen if source else 0,
        "tos": rule.tos or 0,
        "table": table if table < 256 else 0,  # noqa: PLR2004 - eight bits; FRA_TABLE holds the rest
        "action": _number(ACTIONS, rule.action),
        "flags": INVERT if rule.inverted else 0,
    }
    masked = rule.fwmark is not None and rule.fwmask is None
    named = {
        "FRA_PRIORITY": rule.priority,
        "FRA_DST": str(destination.network_address) if destination else None,
        "FRA_SRC": str(source.network_address) if source else None,
        "FRA_IIFNAME": rule.iif,
        "FRA_OIFNAME": rule.oif,
        "FRA_FWMARK": rule.fwmark,
        "FRA_FWMASK": ALL_BITS if masked else rule.fwmask,
        "FRA_TABLE": rule.table,
        "FRA_GOTO": rule.goto,
        "FRA_SUPPRESS_PREFIXLEN": rule.suppress_prefixlength,
        "FRA_SUPPRESS_IFGROUP": rule.suppress_ifgroup,
        "FRA_L3MDEV": 1 if rule.l3mdev else None,
        "FRA_UID_RANGE": _range(rule.uid_range),
        "FRA_IP_PROTO": rule.ip_protocol,
        "FRA_SPORT_RANGE": _range(rule.source_ports),
        "FRA_DPORT_RANGE": _range(rule.destination_ports),
        "FRA_PROTOCOL": _number(PROTOCOLS, rule.protocol) if rule.protocol else None,
    }
    return Request(
        key=(rule.family, rule.priority),
        header=header,
        attributes={name: value for name, value in named.items() if value is not None},
        unwritable=rule.unwritable,
    )


def _selector(text: str | None) -> IPv4Network | IPv6Network | None:
    """Parse a prefix that selects; one of length 0 selects nothing, and the kernel keeps none."""
    parsed = prefix(text) if text else None
    return parsed if parsed and parsed.prefixlen else None


def _way(route: Route, index_of: Callable[[str], int]) -> dict[str, Any]:
    if route.nexthop_id is not None:
        return {"RTA_NH_ID": route.nexthop_id}
    if route.nexthops:
        return {"RTA_MULTIPATH": [_leg(leg, route.family, index_of) for leg in route.nexthops]}
    device = {"RTA_OIF": index_of(route.interface)} if route.interface else {}
    return device | _gateway(route.gateway, route.family)


def _leg(leg: Nexthop, family: Family, index_of: Callable[[str], int]) -> dict[str, Any]:
    return {
        "flags": ONLINK if "onlink" in leg.flags.split() else 0,
        "hops": leg.weight - 1,
        "oif": index_of(leg.interface) if leg.interface else 0,
        "attrs": [[name, value] for name, value in _gateway(leg.gateway, family).items()],
    }


def _gateway(gateway: str | None, family: Family) -> dict[str, Any]:
    if gateway is None:
        return {}
    number: int = FAMILY_NUMBERS["inet6" if address(gateway).version == 6 else "inet"]  # noqa: PLR2004 - IP version 6
    if number == FAMILY_NUMBERS[family]:
        return {"RTA_GATEWAY": gateway}
    return {"RTA_VIA": {"family": number, "addr": gateway}}


def _range(ends: tuple[int, int] | None) -> str | None:
    return f"{ends[0]}:{ends[1]}" if ends else None


def _number(words: dict[str, int], word: str) -> int:
    """Return the number of a word; a number as text stands for itself. Raises ValueError for anything else."""
    return words[word] if word in words else int(word)
