"""Steps, and what they leave in the table: the words that claims about a host are made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.model import PolicyRule, Route
from routewatch.core.steps import Step
from routewatch.core.volatile import is_passing, lasting_flags, lasting_link
from routewatch.errors import KernelRefusedError
from tests import build

if TYPE_CHECKING:
    from routewatch.host.port import Host

Entry = Route | PolicyRule


def entry(line: str) -> Entry:
    """Read a route of Linux or, with a priority in front, a rule."""
    return build.rule(line) if line.partition(" ")[0].rstrip(":").isdigit() else route(line)


def route(line: str) -> Route:
    """Read a route as the kernel of Linux tells it."""
    found = build.route(line)
    if found.nexthop_id is not None and found.family == "inet":
        return replace(found, scope="global")
    return found


def step(action: str, of: Entry | str) -> Step:
    """Make a step with a route or rule."""
    of = entry(of) if isinstance(of, str) else of
    kind: dict[str, Entry] = {"route": of} if isinstance(of, Route) else {"policy_rule": of}
    return Step(action=action, **kind)  # type: ignore[arg-type]  # the words are the caller's


def rows(host: Host) -> Counter[Entry]:
    """Return what people and programs added, without what changes by itself: lifetimes, clones, the state of links."""
    seen = host.observe()
    routes = [seen.routes.codec.decode(each) for each in seen.routes.counts.elements()]
    rules = [rule for rule in seen.rules if rule.priority not in {0, 32766, 32767}]
    return steady(*(each for each in routes if each.protocol != "kernel" and not is_passing(each)), *rules)


def steady(*entries: Entry) -> Counter[Entry]:
    """Return entries in the form of ``rows``."""
    return Counter(_steady(each) if isinstance(each, Route) else each for each in entries)


def _steady(of: Route) -> Route:
    legs = tuple(replace(leg, flags=lasting_flags(leg.flags)) for leg in of.nexthops)
    return replace(of, expires=None, flags=lasting_flags(of.flags), link=lasting_link(of), nexthops=legs)


def put(host: Host, *entries: Entry) -> None:
    """Add entries, and see that they are there and nothing else is new."""
    before = rows(host)
    for each in entries:
        assert host.apply(step("add", each)) == "done", each
    assert rows(host) == before + steady(*entries)


def refused(host: Host, asked: Step) -> str:
    """Take a step that is refused, and return the words of the refusal; nothing may have changed."""
    before = rows(host)
    with pytest.raises(KernelRefusedError) as caught:
        host.apply(asked)
    assert rows(host) == before
    return caught.value.message
