"""The table of rulings on a row that is there: named sentences with their conditions, in the order they apply.

Wrongly deleting a good route is the worst this program can do, so everything that says "leave it" stands first. How a
case is weighed before, and how sure one may be of what a ruling says, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import DEFAULTS, LOOPBACKS, is_default, is_host, is_loopback_default
from routewatch.core.case import Case
from routewatch.core.evidence_against import has_its_own_way
from routewatch.core.evidence_for import signature_of, waits_for_a_client
from routewatch.core.look_alikes import (
    has_swapped_scope,
    has_the_shape_of_a_server_route,
    is_a_clone,
    is_of_a_system_tunnel,
    refuses,
)
from routewatch.core.model import MAIN_TABLE
from routewatch.core.network import routers
from routewatch.core.volatile import is_lettered

if TYPE_CHECKING:
    from routewatch.core.memory import Baseline

STRONG = frozenset({"leads-nowhere", "gateway-gone", "server-route", "dead-client"})
FIRST_MOMENTS = 5.0  # seconds in which a client sets up its ways


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


def is_proven(baseline: Baseline | None) -> bool:
    """Tell whether a baseline vouches for what stood in it."""
    return baseline is not None and baseline.proven and not baseline.tainted


def relies_on_the_dead(names: frozenset[str], case: Case) -> bool:
    """Tell whether what the row relies on is gone; a rule into nothing does no harm, and counts only with a client."""
    if case.policy_rule is not None:
        return "dead-client" in names
    if "leads-nowhere" in names and not waits_for_a_client(case):
        return True
    return bool(names & {"gateway-gone", "dead-client"})


def _may_be_its(case: Case) -> bool:
    """Tell whether a new row is the session's for more than its time: nobody saw who made it.

    By time alone only what a client adds beside its tunnel: routes by the way its own packets take, over the gateway of
    the default route; and rules that bear its mark. Where the client was seen to make its route to the server, another
    one is somebody else's.
    """
    route, session, baseline = case.route, case.session, case.baseline
    if session is None or baseline is None or case.trace is None or case.trace.tie != "time":
        return True
    if route is None:
        signature = signature_of(case)
        return signature is not None and signature.client == session.client
    if is_lettered(route) and route.interface in LOOPBACKS:
        return True  # what a client of macOS blackholes, it sends to the loopback; on Linux people put their own there
    if (route.interface, route.gateway) not in routers(baseline.network) or (
        is_host(route) and has_its_own_way(session, case.scene)
    ):
        return False
    # Where authors were seen at all, one that was missed is as likely an administrator's, but in the first moments.
    deaf = all(trace.author.kind == "unknown" for trace in session.appeared)
    return deaf or (is_host(route) and case.trace.at.boot - session.opened.boot <= FIRST_MOMENTS)


def _signs_like_one(names: frozenset[str], case: Case) -> bool:
    """Tell whether a client may have signed a row "static", as strongSwan and NetworkManager's VPNs do.

    Only where nobody saw any author: who was seen is believed.
    """
    session = case.session
    if session is None or case.row.protocol != "static" or not {"new", "in-session"} <= names:
        return False
    return all(trace.author.kind == "unknown" for trace in session.appeared) and _may_be_its(case)


def _is_scoped_default(case: Case) -> bool:
    return case.route is not None and case.route.scoped and case.route.destination in DEFAULTS


def _is_on_a_sessions_tunnel(case: Case) -> bool:
    return case.trace is not None and case.trace.tie == "interface"


def _has_no_gateway(case: Case) -> bool:
    """Tell whether a row is a default that names no router: on a bridge or a veth nobody answers for all addresses.

    One that has always been the only default may be an uplink of somebody's own making.
    """
    route = case.route
    if route is None or not is_default(route) or route.gateway is not None or route.table != MAIN_TABLE:
        return False
    return case.baseline is not None or any(
        other.family == route.family and other.gateway is not None for other in case.scene.rows.defaults
    )


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
        applies=lambda _, case: _is_scoped_default(case) and not _is_on_a_sessions_tunnel(case),
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
        applies=lambda names, case: "container" in names and "in-baseline" not in names and _has_no_gateway(case),
        verdict=Verdict.ORPHANED,
    ),
    Ruling(
        name="network-daemon",
        sentence="a network daemon made it and answers for it",
        applies=lambda names, case: (
            "network-daemon" in names and not relies_on_the_dead(names, case) and not _signs_like_one(names, case)
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
        applies=lambda names, case: {"new", "in-session"} <= names and _may_be_its(case),
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
