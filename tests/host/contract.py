"""The contract that every host keeps who can act: the same claims, for the host in memory and for a real kernel.

A claim takes a host on the stage: links ``v0`` (ethernet), ``b0`` (bridge) and ``t0`` (tun), all up, with the addresses
of ``stage.STAGE``. The R numbers are traps that other people's programs fell into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.model import Family, Nexthop, PolicyRule, Route
from routewatch.core.steps import Step, inverse
from routewatch.errors import KernelRefusedError
from tests import build
from tests.host.stage import REPLACEMENTS, RULE_SIBLINGS, RULES, SIBLINGS, ZOO

if TYPE_CHECKING:
    from routewatch.host.port import Host

Entry = Route | PolicyRule
Claim = Callable[["Host"], None]


def entry(line: str) -> Entry:
    """Read a route or, with a priority in front, a rule."""
    return build.rule(line) if line.partition(" ")[0].rstrip(":").isdigit() else route(line)


def route(line: str) -> Route:
    """Read a route as the kernel tells it."""
    found = build.route(line)
    if found.nexthop_id is not None and found.family == "inet":
        return replace(found, scope="global")
    return found


def step(action: str, of: Entry | str) -> Step:
    """Make a step with a route or rule."""
    of = entry(of) if isinstance(of, str) else of
    kind: dict[str, Entry] = {"route": of} if isinstance(of, Route) else {"policy_rule": of}
    return Step(action=action, **kind)  # type: ignore[arg-type]  # the words are the caller's


def swap(old: Entry, new: Entry) -> Step:
    """Make a step that replaces a route."""
    assert isinstance(old, Route)
    assert isinstance(new, Route)
    return Step(action="replace", route=new, replaces=old)


def rows(host: Host) -> Counter[Entry]:
    """Return what was added to the stage, without what changes by itself: lifetimes, and the state of links."""
    seen = host.observe()
    routes = [_steady(seen.routes.codec.decode(each)) for each in seen.routes.counts.elements()]
    rules = [rule for rule in seen.rules if rule.priority not in {0, 32766, 32767}]
    return Counter([*(each for each in routes if each.protocol != "kernel"), *rules])


def steady(*entries: Entry) -> Counter[Entry]:
    """Return entries in the form of ``rows``."""
    return Counter(_steady(each) if isinstance(each, Route) else each for each in entries)


def _steady(of: Route) -> Route:
    legs = tuple(_leg(leg) for leg in of.nexthops)
    return replace(of, expires=None, flags=_onlink(of.flags), nexthops=legs)


def _leg(leg: Nexthop) -> Nexthop:
    return replace(leg, flags=_onlink(leg.flags))


def _onlink(flags: str) -> str:
    return "onlink" if "onlink" in flags.split() else ""


def put(host: Host, *entries: Entry) -> None:
    """Add entries, and see that they are there and nothing else is."""
    for each in entries:
        assert host.apply(step("add", each)) == "done", each
    assert rows(host) == steady(*entries)


def refused(host: Host, asked: Step) -> str:
    """Take a step that is refused, and return the kernel's words; nothing may have changed."""
    before = rows(host)
    with pytest.raises(KernelRefusedError) as caught:
        host.apply(asked)
    assert rows(host) == before
    return caught.value.message


# The claims


def what_is_added_twice_is_present(line: str, host: Host) -> None:
    put(host, entry(line))

    assert host.apply(step("add", line)) == "present"
    assert rows(host) == steady(entry(line))


def what_is_deleted_twice_is_absent(line: str, host: Host) -> None:
    put(host, entry(line))

    assert [host.apply(step("delete", line)), host.apply(step("delete", line))] == ["done", "absent"]
    assert not rows(host)


def r19_undo_restores_the_exact_table(line: str, host: Host) -> None:
    put(host, *(entry(other) for other in ("10.99.0.0/16 dev t0", line)))
    before = rows(host)
    told = next(each for each in before if each == next(iter(steady(entry(line)))))
    deleted = step("delete", told)

    assert (host.apply(deleted), host.apply(inverse(deleted))) == ("done", "done")
    assert rows(host) == before


def siblings_survive_each_others_delete(lines: tuple[str, str], host: Host) -> None:
    for one, other in permutations(map(entry, lines)):
        for each in (one, other):
            host.apply(step("add", each))
        assert rows(host) == steady(one, other)

        assert host.apply(step("delete", one)) == "done"
        assert rows(host) == steady(other)
        assert host.apply(step("delete", one)) == "absent"
        assert rows(host) == steady(other)


def replacing_puts_the_new_in_the_place_of_the_old(lines: tuple[str, str], host: Host) -> None:
    old, new = map(entry, lines)
    put(host, old)

    assert host.apply(swap(old, new)) == "done"
    assert rows(host) == steady(new)
    assert host.apply(inverse(swap(old, new))) == "done"
    assert rows(host) == steady(old)


def replacing_what_is_not_there_is_absent_and_adds_nothing(lines: tuple[str, str], host: Host) -> None:
    old, new = map(entry, lines)
    put(host, entry("10.60.0.0/16 dev b0 metric 77"))

    assert host.apply(swap(old, new)) == "absent"
    assert rows(host) == steady(entry("10.60.0.0/16 dev b0 metric 77"))


def replacing_leaves_a_sibling_of_the_same_metric_alone(host: Host) -> None:
    old, sibling, new = map(entry, (f"10.60.0.0/16 via 10.1.0.{number} dev v0" for number in (2, 3, 4)))
    put(host, old, sibling)

    assert host.apply(swap(old, new)) == "done"
    assert rows(host) == steady(sibling, new)
    assert host.apply(swap(sibling, old)) == "done"
    assert rows(host) == steady(new, old)


def a_delete_with_one_attribute_wrong_is_absent_and_touches_nothing(host: Host) -> None:
    right = route("10.50.0.0/16 via 10.1.0.2 dev v0 metric 50 proto static src 10.1.0.1 mtu 1400")
    put(host, right)

    for wrong in _one_wrong(right, destination="10.50.0.0/17", gateway="10.1.0.3"):
        assert (wrong, host.apply(step("delete", wrong))) == (wrong, "absent")
        assert rows(host) == steady(right)


def an_ipv6_delete_with_one_attribute_wrong_is_absent_and_touches_nothing(host: Host) -> None:
    right = route("fd50::/48 via fd01::2 dev v0 metric 50 proto static src fd01::1 mtu 1400 pref high")
    put(host, right)

    wrongs = _one_wrong(right, destination="fd50::/49", gateway="fd01::3")
    for wrong in (*wrongs, replace(right, source="fd01::/64"), replace(right, preference=None)):
        assert (wrong, host.apply(step("delete", wrong))) == (wrong, "absent")
        assert rows(host) == steady(right)


def _one_wrong(right: Route, destination: str, gateway: str) -> list[Route]:
    return [
        replace(right, destination=destination),
        replace(right, gateway=gateway),
        replace(right, gateway=None),
        replace(right, interface="b0"),
        replace(right, interface="gone0"),
        replace(right, metric=51),
        replace(right, protocol="dhcp"),
        replace(right, table=51820),
        replace(right, preferred_source=None),
        replace(right, metrics=()),
        replace(right, metrics=(("mtu", 1300),)),
        replace(right, type="blackhole", gateway=None, interface="lo" if right.family == "inet6" else None),
        replace(right, nexthop_id=7),
        replace(right, flags="onlink"),
    ]


def r8_a_route_with_legs_is_not_deleted_by_one_of_them(host: Host) -> None:
    whole = route("10.50.0.0/16 nexthop via 10.1.0.2 dev v0 nexthop via 10.2.0.2 dev b0")
    whole6 = route("fd50::/48 nexthop via fd01::2 dev v0 nexthop via fd02::2 dev b0")
    put(host, whole, whole6)

    for leg in ("10.50.0.0/16 via 10.1.0.2 dev v0", "fd50::/48 via fd01::2 dev v0", "fd50::/48 via fd02::2 dev b0"):
        assert host.apply(step("delete", leg)) == "absent"
    assert rows(host) == steady(whole, whole6)


def r9_a_route_on_a_nexthop_object_is_not_deleted_by_where_it_leads(host: Host) -> None:
    put(host, route("10.50.0.0/16 nhid 7 via 10.1.0.9 dev v0"), route("fd50::/48 nhid 11 via fd01::9 dev v0"))
    before = rows(host)

    for way in ("10.50.0.0/16 via 10.1.0.9 dev v0", "fd50::/48 via fd01::9 dev v0"):
        assert host.apply(step("delete", way)) == "absent"
    assert rows(host) == before


def a_route_through_an_interface_that_is_gone_is_absent(host: Host) -> None:
    assert host.apply(step("delete", "10.50.0.0/16 dev gone0")) == "absent"
    assert refused(host, step("add", "10.50.0.0/16 dev gone0"))


def a_gateway_that_no_link_reaches_is_refused_in_the_kernels_words(host: Host) -> None:
    assert refused(host, step("add", "10.50.0.0/16 via 172.16.0.1 dev v0")) == "Nexthop has invalid gateway"
    assert refused(host, step("add", "fd50::/48 via fd77::1 dev v0")) == "No route to host"


def a_gateway_that_an_added_route_reaches_is_taken(host: Host) -> None:
    put(host, route("172.16.0.1/32 dev v0"), route("10.50.0.0/16 via 172.16.0.1 dev v0"))


def a_row_that_hid_another_comes_back_before_it(host: Host) -> None:
    hidden, leading = route("10.50.0.0/16 via 10.1.0.2 dev v0"), route("10.50.0.0/16 dev t0")
    put(host, hidden)
    assert host.apply(Step(action="add", route=leading, leading=True)) == "done"

    assert [each.interface for each in host.observe().routes.values() if each.destination == "10.50.0.0/16"] == [
        "t0",
        "v0",
    ]


def ipv6_routes_that_the_kernel_would_join_are_refused(host: Host) -> None:
    put(host, route("fd50::/48 via fd01::2 dev v0"))

    assert "join" in refused(host, step("add", "fd50::/48 via fd01::3 dev v0"))


def a_failed_replace_leaves_the_old_route(host: Host) -> None:
    old = route("10.50.0.0/16 via 10.1.0.2 dev v0")
    put(host, old)

    assert refused(host, swap(old, route("10.50.0.0/16 via 172.16.0.1 dev v0")))
    assert refused(host, swap(old, route("10.50.0.0/16 via 172.16.0.1 dev v0 metric 9")))


def a_rule_of_the_other_family_survives(host: Host) -> None:
    families: tuple[Family, Family] = ("inet", "inet6")
    one, other = (replace(build.rule("100: from all lookup 300 proto boot"), family=family) for family in families)
    put(host, one, other)

    assert host.apply(step("delete", other)) == "done"
    assert rows(host) == steady(one)


def _claims() -> dict[str, Claim]:
    alone: tuple[Claim, ...] = (
        replacing_leaves_a_sibling_of_the_same_metric_alone,
        a_delete_with_one_attribute_wrong_is_absent_and_touches_nothing,
        an_ipv6_delete_with_one_attribute_wrong_is_absent_and_touches_nothing,
        r8_a_route_with_legs_is_not_deleted_by_one_of_them,
        r9_a_route_on_a_nexthop_object_is_not_deleted_by_where_it_leads,
        a_route_through_an_interface_that_is_gone_is_absent,
        a_gateway_that_no_link_reaches_is_refused_in_the_kernels_words,
        a_gateway_that_an_added_route_reaches_is_taken,
        a_row_that_hid_another_comes_back_before_it,
        ipv6_routes_that_the_kernel_would_join_are_refused,
        a_failed_replace_leaves_the_old_route,
        a_rule_of_the_other_family_survives,
    )
    found: dict[str, Claim] = {claim.__name__: claim for claim in alone}
    for line in (*ZOO, *RULES):
        for of_one in (
            what_is_added_twice_is_present,
            what_is_deleted_twice_is_absent,
            r19_undo_restores_the_exact_table,
        ):
            found[f"{of_one.__name__}: {line}"] = partial(of_one, line)
    for name, lines in (SIBLINGS | RULE_SIBLINGS).items():
        found[f"siblings_survive_each_others_delete: {name}"] = partial(siblings_survive_each_others_delete, lines)
    for name, lines in REPLACEMENTS.items():
        for of_two in (
            replacing_puts_the_new_in_the_place_of_the_old,
            replacing_what_is_not_there_is_absent_and_adds_nothing,
        ):
            found[f"{of_two.__name__}: {name}"] = partial(of_two, lines)
    return found


CLAIMS = _claims()
