"""The table of rulings on a row that is there: named sentences with their conditions, in the order they apply.

Wrongly deleting a good route is the worst this program can do, so everything that says "leave it" stands first. How a
case is weighed before, and how sure one may be of what a ruling says, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from routewatch.core.addresses import is_loopback_default
from routewatch.core.case import Case
from routewatch.core.conditions import (
    has_no_gateway,
    is_on_a_sessions_tunnel,
    is_proven,
    is_scoped_default,
    may_be_its,
    relies_on_the_dead,
    signs_like_one,
)
from routewatch.core.evidence_for import waits_for_a_client
from routewatch.core.look_alikes import (
    has_swapped_scope,
    has_the_shape_of_a_server_route,
    is_a_clone,
    is_of_a_system_tunnel,
    refuses,
)

STRONG = frozenset({"leads-nowhere", "gateway-gone", "server-route", "dead-client"})


class Verdict(StrEnum):
    """What should become of a row."""

    EXPECTED = "expected"  # leave it
    ORPHANED = "orphaned"  # should go
    MISSING = "missing"  # should come back
    UNCERTAIN = "uncertain"  # say so, and do nothing unless told by name


class Ruling(Struct, frozen=True, kw_only=True):
    """One line of the table: when these names hold, this is the verdict, and this is what a person is told."""

    name: str
    sentence: str
    applies: Callable[[frozenset[str], Case], bool]
    verdict: Verdict


RULINGS: tuple[Ruling, ...] = (
    Ruling(
        name="cloned",
        sentence="a clone of another route, or a neighbour's entry: it comes and goes by itself",
        applies=lambda names, case: "kernel-made" in names and is_a_clone(case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="system-tunnel",
        sentence="each tunnel of the system's own (Handoff, Private Relay, Wi-Fi calling) has such rows",
        applies=lambda names, case: "kernel-made" in names and is_of_a_system_tunnel(case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="scoped-default",
        sentence="a default for traffic that is bound to its interface: each uplink and each virtual network has one",
        applies=lambda _, case: is_scoped_default(case) and not is_on_a_sessions_tunnel(case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="kernel-made",
        sentence="the kernel made it for an address or a link, and takes it away by itself",
        applies=lambda names, _: "kernel-made" in names,
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="kept",
        sentence="you said that it is yours (routewatch keep)",
        applies=lambda _, case: case.route is not None and case.route.destination in case.scene.memory.kept,
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="loopback-default",
        sentence="a default route through the loopback leads nowhere; some program's setting makes the system set it",
        applies=lambda names, case: (
            case.route is not None and is_loopback_default(case.route) and "in-baseline" not in names
        ),
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="owner-alive",
        sentence="its VPN is up",
        applies=lambda names, _: "holding" in names,
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="came-back",
        sentence="somebody brought it back after routewatch had deleted it: it has an owner",
        applies=lambda names, _: "came-back" in names,
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="in-baseline",
        sentence="it stood in the baseline, and nothing it relies on is dead",
        applies=lambda names, case: (
            "in-baseline" in names and is_proven(case.baseline) and not relies_on_the_dead(names, case)
        ),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="left-network",
        sentence="it was there before the VPN, and went out of reach when the network changed",
        applies=lambda names, _: {"in-baseline", "gateway-gone"} <= names and names & STRONG == {"gateway-gone"},
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="leftover",
        sentence="a VPN session that is over left it behind",
        applies=lambda names, _: "in-session" in names and bool(names & STRONG),
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="container-default",
        sentence="a default into a link of containers leads nowhere; a network daemon took the link for an uplink",
        applies=lambda names, case: "container" in names and "in-baseline" not in names and has_no_gateway(case),
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="network-daemon",
        sentence="a network daemon made it and answers for it",
        applies=lambda names, case: (
            "network-daemon" in names and not relies_on_the_dead(names, case) and not signs_like_one(names, case)
        ),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="container",
        sentence="it belongs to a bridge of containers or virtual machines; their runtime makes and removes it",
        applies=lambda names, case: "container" in names and not relies_on_the_dead(names, case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="service-order",
        sentence="the order of the network services changed: the same route was there before, with the other scope",
        applies=lambda names, case: has_swapped_scope(case) and not relies_on_the_dead(names, case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="details-changed",
        sentence="the same route was there before, with another metric, protocol or flag",
        applies=lambda names, case: "details" in names and not relies_on_the_dead(names, case),
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="prepared",
        sentence="its tunnel waits for a client, and no VPN session brought it: somebody may have prepared it",
        applies=lambda names, case: "leads-nowhere" in names and waits_for_a_client(case),
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="dead-end",
        sentence="it leads nowhere: what it relied on is gone",
        applies=relies_on_the_dead,
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="new-in-session",
        sentence="it was not there before the VPN session that is over, and came with it",
        applies=lambda names, case: {"new", "in-session"} <= names and may_be_its(case),
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="idle-rule",
        sentence="what it looks up is empty or gone: harmless, and nothing ties it to a VPN",
        applies=lambda names, case: case.policy_rule is not None and {"new", "leads-nowhere"} <= names,
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="refuses-on-purpose",
        sentence="it is new and refuses a destination, as administrators and clusters do: no sign of a VPN",
        applies=lambda names, case: "new" in names and refuses(case),
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="anybodys-host",
        sentence="it is new and may lead to a VPN's server, but a route of one's own looks the same",
        applies=lambda names, case: "new" in names and has_the_shape_of_a_server_route(case),
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="unexplained",
        sentence="it is new, and nothing ties it to a VPN",
        applies=lambda names, _: "new" in names,
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="came-beside-a-vpn",
        sentence="it came while a VPN was up, and no clean baseline tells whether it had been there before",
        applies=lambda names, _: {"in-session", "tainted"} <= names and not names & {"in-baseline", "details"},
        verdict=Verdict.UNCERTAIN,
    ),
    Ruling(
        name="another-network",
        sentence="the machine is on another network than before, where other routes are right",
        applies=lambda names, _: "other-network" in names and "in-baseline" not in names,
        verdict=Verdict.EXPECTED,
    ),
    Ruling(
        name="nothing-against-it",
        sentence="nothing speaks against it",
        applies=lambda _names, _case: True,
        verdict=Verdict.EXPECTED,
    ),
)
