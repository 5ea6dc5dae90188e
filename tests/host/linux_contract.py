"""What only holds on Linux, for the host in memory and a real kernel; with the contract that every host keeps.

A claim takes a host on the stage: links ``v0`` (ethernet), ``b0`` (bridge) and ``t0`` (tun), all up, with the addresses
of ``stage.STAGE``. The R numbers are traps that other people's programs fell into.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.model import Family, Route
from routewatch.core.steps import Step, inverse
from tests import build
from tests.host.contract import Claim, Ground, claims
from tests.host.stage import REPLACEMENTS, RULE_SIBLINGS, RULES, SIBLINGS, ZOO
from tests.host.steps import Entry, entry, put, refused, route, rows, steady, step

if TYPE_CHECKING:
    from routewatch.host.port import Host


def swap(old: Entry, new: Entry) -> Step:
    """Make a step that replaces a route."""
    assert isinstance(old, Route)
    assert isinstance(new, Route)
    return Step(action="replace", route=new, replaces=old)


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


def the_kernels_words_for_a_gateway_that_no_link_reaches_are_told(host: Host) -> None:
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


RIGHT = route("10.50.0.0/16 via 10.1.0.2 dev v0 metric 50 proto static src 10.1.0.1 mtu 1400")
RIGHT6 = route("fd50::/48 via fd01::2 dev v0 metric 50 proto static src fd01::1 mtu 1400 pref high")
GROUND = Ground(
    entries={line: entry(line) for line in (*ZOO, *RULES)},
    siblings={name: (entry(one), entry(other)) for name, (one, other) in (SIBLINGS | RULE_SIBLINGS).items()},
    mistakes={
        "inet": (RIGHT, _one_wrong(RIGHT, destination="10.50.0.0/17", gateway="10.1.0.3")),
        "inet6": (
            RIGHT6,
            (
                *_one_wrong(RIGHT6, destination="fd50::/49", gateway="fd01::3"),
                replace(RIGHT6, source="fd01::/64"),
                replace(RIGHT6, preference=None),
            ),
        ),
    },
    plain=route("10.99.0.0/16 dev t0"),
    gone=route("10.50.0.0/16 dev gone0"),
    unreachable=(route("10.50.0.0/16 via 172.16.0.1 dev v0"), route("fd50::/48 via fd77::1 dev v0")),
)


def _claims() -> dict[str, Claim]:
    alone: tuple[Claim, ...] = (
        replacing_leaves_a_sibling_of_the_same_metric_alone,
        r8_a_route_with_legs_is_not_deleted_by_one_of_them,
        r9_a_route_on_a_nexthop_object_is_not_deleted_by_where_it_leads,
        the_kernels_words_for_a_gateway_that_no_link_reaches_are_told,
        a_gateway_that_an_added_route_reaches_is_taken,
        a_row_that_hid_another_comes_back_before_it,
        ipv6_routes_that_the_kernel_would_join_are_refused,
        a_failed_replace_leaves_the_old_route,
        a_rule_of_the_other_family_survives,
    )
    found: dict[str, Claim] = claims(GROUND) | {claim.__name__: claim for claim in alone}
    for name, lines in REPLACEMENTS.items():
        for of_two in (
            replacing_puts_the_new_in_the_place_of_the_old,
            replacing_what_is_not_there_is_absent_and_adds_nothing,
        ):
            found[f"{of_two.__name__}: {name}"] = partial(of_two, lines)
    return found


CLAIMS = _claims()
