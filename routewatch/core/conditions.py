"""The conditions of rulings that are more than the name of a piece of evidence: each a named question about a case.

What follows from the answers is not known here: the table of rulings says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import DEFAULTS, LOOPBACKS, is_default, is_host
from routewatch.core.evidence_against import has_its_own_way
from routewatch.core.evidence_for import signature_of, waits_for_a_client
from routewatch.core.model import MAIN_TABLE
from routewatch.core.network import routers
from routewatch.core.volatile import is_lettered

if TYPE_CHECKING:
    from routewatch.core.case import Case
    from routewatch.core.memory import Baseline

FIRST_MOMENTS = 5.0  # seconds in which a client sets up its ways


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


def may_be_its(case: Case) -> bool:
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


def signs_like_one(names: frozenset[str], case: Case) -> bool:
    """Tell whether a client may have signed a row "static", as strongSwan and NetworkManager's VPNs do.

    Only where nobody saw any author: who was seen is believed.
    """
    session = case.session
    if session is None or case.row.protocol != "static" or not {"new", "in-session"} <= names:
        return False
    return all(trace.author.kind == "unknown" for trace in session.appeared) and may_be_its(case)


def is_scoped_default(case: Case) -> bool:
    """Tell whether a row is a default for traffic that is bound to its interface."""
    return case.route is not None and case.route.scoped and case.route.destination in DEFAULTS


def is_on_a_sessions_tunnel(case: Case) -> bool:
    """Tell whether a row leads into the very tunnel whose session brought it."""
    return case.trace is not None and case.trace.tie == "interface"


def has_no_gateway(case: Case) -> bool:
    """Tell whether a row is a default that names no router: on a bridge or a veth nobody answers for all addresses.

    One that has always been the only default may be an uplink of somebody's own making.
    """
    route = case.route
    if route is None or not is_default(route) or route.gateway is not None or route.table != MAIN_TABLE:
        return False
    return case.baseline is not None or any(
        other.family == route.family and other.gateway is not None for other in case.scene.rows.defaults
    )
