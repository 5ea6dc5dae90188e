"""Values as the objects of our JSON: the same keys on every platform and in every command, null where there is none.

This is the shape that programs rely on ("routewatch/1"); how it is encoded, and what is around it, is others' matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

if TYPE_CHECKING:
    from routewatch.core.model import Link, PolicyRule, Process, Route

Object = dict[str, Any]

ROUTE_KEYS = (
    "family", "destination", "zone", "gateway", "gateway_zone", "link", "interface", "flags", "scoped", "expires",
    "table", "metric", "protocol", "scope", "type", "preferred_source", "source", "tos",
)  # fmt: skip
RULE_KEYS = (
    "source", "destination", "iif", "oif", "fwmark", "fwmask", "tos", "uid_range", "ip_protocol", "source_ports",
    "destination_ports", "action", "table", "goto", "suppress_prefixlength", "suppress_ifgroup", "l3mdev", "protocol",
)  # fmt: skip


def route_object(route: Route) -> Object:
    """Return a route; only one that has such also has the keys ``metrics`` and ``unwritable``."""
    more = {"metrics": dict(route.metrics), "unwritable": list(route.unwritable)}
    return {
        **{name: getattr(route, name) for name in ROUTE_KEYS},
        "nexthops": [asdict(leg) for leg in route.nexthops] or None,
        "nexthop_id": route.nexthop_id,
        **{name: value for name, value in more.items() if value},
    }


def rule_object(rule: PolicyRule) -> Object:
    """Return a policy rule; ranges are lists of first and last."""
    found = {name: getattr(rule, name) for name in RULE_KEYS}
    lists = {name: list(value) for name, value in found.items() if isinstance(value, tuple)}
    return {"family": rule.family, "priority": rule.priority, "not": rule.inverted, **found, **lists}


def link_object(link: Link) -> Object:
    """Return a link, its addresses with their prefix lengths and its owner in short."""
    return {
        "name": link.name,
        "index": link.index,
        "kind": link.kind,
        "up": link.up,
        "carrier": link.carrier,
        "mac": link.mac,
        "addresses": [f"{each.address}/{each.prefix_length}" for each in link.addresses],
        "owner": process_text(link.owner) if link.owner else None,
        "generation": link.generation,
    }


def process_text(process: Process) -> str:
    """Return a process in short: ``openvpn[1234]``."""
    return f"{process.name}[{process.pid}]"
