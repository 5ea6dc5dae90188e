"""A step as the command a person would type on Linux: the words of ip-route(8) and ip-rule(8).

Every attribute is named that ``ip`` can name, so that a delete hits this row and no other. What ``ip`` has no word for
(``Route.unwritable``) is left out; such a route is never the object of a step. Nothing is run here.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from routewatch.core.model import MAIN_TABLE
from routewatch.render.routes import action, hop, metrics, printable, selectors, suppressors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import PolicyRule, Route
    from routewatch.core.steps import Step

VERBS = {"add": "add", "delete": "del", "replace": "replace"}
# ip-route(8) puts these into the table local, and gives them a scope of their own (iproute_modify, ip/iproute.c)
LOCAL_TYPES = frozenset({"local", "broadcast", "anycast", "nat"})
LINK_SCOPED = frozenset({"broadcast", "multicast", "anycast"})


def command(step: Step) -> str:
    """Return the command line of a step, quoted for a shell; empty for a step without an object."""
    if step.route is not None:
        # what hid others goes back in front of them (ip-route(8): prepend)
        verb = "prepend" if step.action == "add" and step.leading else VERBS[step.action]
        return _line(step.route, "route", verb, *_route_words(step.route, step.action))
    if step.policy_rule is not None:
        return _line(step.policy_rule, "rule", VERBS[step.action], *_rule_words(step.policy_rule))
    return ""


def _line(subject: Route | PolicyRule, *words: str) -> str:
    family = ["-6"] if subject.family == "inet6" else []
    return " ".join(map(quoted, ["ip", *family, *words]))


def _route_words(route: Route, verb: str) -> Iterator[str]:
    if route.type != "unicast":
        yield route.type
    yield route.destination if route.destination not in {"0.0.0.0/0", "::/0"} else "default"
    if route.nexthop_id is None:
        yield from hop(route, route.family)
    yield from _named(route, verb)
    if "onlink" in route.flags.split():
        yield "onlink"
    yield from metrics(route)
    if route.nexthop_id is None:
        yield from _legs(route)


def _named(route: Route, verb: str) -> Iterable[str]:
    # ``ip route del`` takes metric 0 for "any", on IPv4 as the kernel does; on IPv6 it would ask for 1024
    said: dict[str, object] = {
        "from": route.source,
        "tos": f"{route.tos:#x}" if route.tos else None,
        "nhid": route.nexthop_id,
        "table": None if route.table == MAIN_TABLE and route.type not in LOCAL_TYPES else route.table,
        "proto": route.protocol,
        "scope": None if route.scope == _usual_scope(route) == "global" else route.scope,
        "src": route.preferred_source,
        "metric": route.metric or None,
        "pref": route.preference,
        "expires": route.expires if verb != "delete" and isinstance(route.expires, int) else None,
    }
    return (part for word, value in said.items() if value is not None for part in (word, str(value)))


def _usual_scope(route: Route) -> str:
    if route.type in {"local", "nat"}:
        return "host"
    on_link = route.type == "unicast" and not (route.gateway or route.nexthops or route.nexthop_id)
    return "link" if on_link or route.type in LINK_SCOPED else "global"


def _legs(route: Route) -> Iterator[str]:
    for leg in route.nexthops:
        yield from ("nexthop", *hop(leg, route.family), "weight", str(leg.weight))
        if "onlink" in leg.flags.split():
            yield "onlink"


def _rule_words(rule: PolicyRule) -> Iterator[str]:
    yield from ("priority", str(rule.priority), *selectors(rule))
    yield from ("l3mdev", *suppressors(rule)) if rule.l3mdev else action(rule)
    if rule.protocol:
        yield from ("protocol", rule.protocol)


def quoted(word: str) -> str:
    """Quote a word for a shell; one with control characters so that they are neither sent nor lost (``$'...'``)."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"
