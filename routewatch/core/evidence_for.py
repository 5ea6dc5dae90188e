"""The evidence that a row is a leftover, E1 to E7: each piece is one named predicate on a case.

What is not known is no evidence: without a list of links nothing is dead, without a look at processes nobody is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import DEFAULTS, host_address, is_default, is_half_default, is_host
from routewatch.core.diff import key
from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE, PolicyRule, Route
from routewatch.core.network import routers
from routewatch.core.signatures import (
    client_of_rule,
    client_of_table,
    is_on_own_link,
    is_telling,
    is_wireguards,
    processes_of,
)
from routewatch.core.tunnels import is_held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.case import Case
    from routewatch.core.memory import Baseline, Session
    from routewatch.core.model import Link
    from routewatch.core.scene import Scene
    from routewatch.core.signatures import Signature

# A row that is still there so many seconds after its session ended has survived a second look: clients need time to
# tear down.
SECOND_LOOK = 5.0
KERNELS_TABLES = frozenset({None, DEFAULT_TABLE, MAIN_TABLE, LOCAL_TABLE})


def is_new(case: Case) -> bool:
    """E1: no row of the baseline has its destination, next hop, table and type."""
    baseline = case.baseline
    if baseline is None or baseline.tainted or not case.scene.on_network_of(baseline):
        return False
    if case.row.family in baseline.silent:
        return False
    if case.policy_rule is not None:
        return case.policy_rule in case.scene.rule_changes(baseline).added
    return case.route is not None and case.scene.is_new(case.route, baseline)


def appeared_in_session(case: Case) -> bool:
    """E2: it appeared in the window of a session and is that session's by interface, author or time."""
    return case.trace is not None


def leads_nowhere(case: Case) -> bool:
    """E3: its interface is gone or down, or its tunnel's owner is gone; a rule: its table or interface is."""
    if case.policy_rule is not None:
        return _looks_up_nothing(case.policy_rule, case.scene)
    return case.route is not None and _is_dead_end(case.route, case.scene)


def _is_dead_end(route: Route, scene: Scene) -> bool:
    names = {leg.interface for leg in route.nexthops or (route,)}
    return None not in names and all(scene.is_dead(name) for name in names if name is not None)


def _looks_up_nothing(rule: PolicyRule, scene: Scene) -> bool:
    names = {rule.iif, rule.oif} - {None, "lo"}
    if scene.links and any(name not in scene.links for name in names):
        return True
    if rule.action != "lookup" or rule.table in KERNELS_TABLES:
        return False
    return all(_is_dead_end(route, scene) for route in scene.rows.table(rule.family, rule.table))


def gateway_is_out_of_reach(case: Case) -> bool:
    """E4: nothing on its link covers its gateway any more, or its gateway was replaced by another meanwhile."""
    route = case.route
    if route is None or route.nexthop_id is not None or "onlink" in route.flags.split():
        return False
    legs = route.nexthops or (route,)
    if any(leg.gateway is None or leg.interface is None or "onlink" in leg.flags.split() for leg in legs):
        return False
    if case.scene.links and not any(case.scene.reaches(leg.interface, leg.gateway) for leg in legs):
        return True
    return _router_was_replaced(route, case) or (is_default(route) and _was_superseded(route, case))


def _router_was_replaced(route: Route, case: Case) -> bool:
    """Tell whether its gateway was the router when the tables were saved, and another is now: no prefix need be shown.

    Where links are known, their addresses tell; saved tables may show nothing of them.
    """
    baseline = case.baseline
    if case.session is None or baseline is None or baseline.reason != "saved":
        return False
    defaults = [r for r in case.scene.rows.routes if r.destination in DEFAULTS and r.family == route.family]
    now = {(r.interface, r.gateway) for r in defaults if r.gateway and r.interface not in case.scene.tunnels}
    way = (route.interface, route.gateway)
    return way in routers(baseline.network) and bool(now) and way not in now


def _was_superseded(route: Route, case: Case) -> bool:
    """Tell whether, while the session was up, this link got a default via another gateway, and it works.

    It must come from where the default of before came from (DHCP, say): a second uplink supersedes nothing, and
    routers that advertise themselves stand side by side (RFC 4191).
    """
    if case.session is None or case.trace is None or case.trace.tie != "author" or case.baseline is None:
        return False
    before = {r.protocol for r in case.baseline.snapshot.routes.values() if _is_twin(r, route)} - {"ra"}
    return any(
        other.protocol in before
        and other.gateway != route.gateway
        and (other.family, other.table, other.interface) == (route.family, route.table, route.interface)
        and case.scene.is_usable(other)
        for other in _later_defaults(case, case.session, case.baseline)
    )


def _later_defaults(case: Case, session: Session, baseline: Baseline) -> Iterator[Route]:
    """Yield what others than the client made while it was up: what stands, and what the client itself put this over."""
    yield from (other for other in session.others if case.scene.has(other))
    before = case.scene.lost(baseline)
    taken = (t.route for t in session.vanished if t.route is not None and t.tie == "author")
    yield from (other for other in taken if is_default(other) and key(other) not in before)


def _is_twin(one: Route, other: Route) -> bool:
    return is_default(one) and (one.table, one.interface, one.gateway) == (other.table, other.interface, other.gateway)


def leads_to_the_server(case: Case) -> bool:
    """E5: a host route via the uplink's gateway that the tunnel's client made, or to the server its command names."""
    route, session = case.route, case.session
    if route is None or session is None or not is_host(route) or route.gateway is None:
        return False
    link = case.scene.links.get(route.interface or "")
    if link is not None and not case.scene.is_uplink(link):
        return False
    made_by_client = case.trace is not None and case.trace.tie == "author"
    return made_by_client or host_address(route) in servers(session)


def servers(session: Session) -> frozenset[str]:
    """Return the known servers, and the words of the client's command line: a server's address may be among them."""
    words = () if session.holder is None else session.holder.command
    return frozenset(session.servers) | frozenset(
        part for word in words for part in (word, word.rpartition(":")[0].strip("[]"))
    )


def bears_a_dead_clients_mark(case: Case) -> bool:
    """E6: its table, priority or mark is a known client's, and that client is gone."""
    signature, rule = signature_of(case), case.policy_rule
    if signature is None or not client_is_gone(signature, case.scene):
        return False
    if rule is None:
        return _is_the_clients_own(case, signature)
    if is_telling(rule, signature):
        return True
    if rule.table == MAIN_TABLE:
        # the other rule of wg-quick's pair stands beside it, or did when a cleanup of ours was killed between the two;
        # alone, people write this one by hand
        return rule in case.scene.memory.cut_short or any(
            other.family == rule.family and is_wireguards(other) for other in case.scene.now.rules
        )
    # A low number is picked by hand as easily: what such a rule looks up must be dead as well.
    return leads_nowhere(case)


def _is_the_clients_own(case: Case, signature: Signature) -> bool:
    """Tell whether a route in a client's table is the client's: others write there too, and what leads on is theirs."""
    by_client = case.trace is not None and case.trace.tie != "time"
    return by_client or leads_nowhere(case) or (case.route is not None and is_on_own_link(case.route, signature))


def signature_of(case: Case) -> Signature | None:
    """Return the known client whose mark the row bears."""
    if case.policy_rule is not None:
        return client_of_rule(case.policy_rule, case.scene.signatures)
    return None if case.route is None else client_of_table(case.route, case.scene.signatures)


def client_is_gone(signature: Signature, scene: Scene) -> bool:
    """Tell whether no process of a client runs, and no link that is the client is there; False where nobody knows."""
    if not scene.now.processes_seen or processes_of(signature.client, scene.now.processes, scene.signatures):
        return False
    return not (signature.kernel_link and any(link.kind == signature.kernel_link for link in scene.now.links))


def survived_a_second_look(case: Case) -> bool:
    """E7: its session has been over for at least five seconds."""
    return case.session is not None and outlasted(case.session, case.scene)


def outlasted(session: Session, scene: Scene) -> bool:
    """Tell whether a session has been over long enough for its client to have torn down what it would."""
    # A client that slept with the machine has torn nothing down meanwhile: the clock that stops in sleep counts
    return session.closed is not None and scene.now.taken.monotonic - session.closed.monotonic >= SECOND_LOOK


def waits_for_a_client(case: Case) -> bool:
    """Tell whether somebody may have prepared it: it leads into a persistent tunnel that no client of it has left.

    None was ever seen there and no default leads into it; or it stood there before the client came, as dead as now.
    """
    route, scene = case.route, case.scene
    if route is None or case.session is not None:
        return False
    if route.table == MAIN_TABLE and (is_default(route) or is_half_default(route)):
        return False  # a dead default is no preparation: it swallows what it should carry
    links = [scene.links.get(leg.interface or "") for leg in route.nexthops or (route,)]
    return all(
        link is not None
        and link.persistent
        and link.name in scene.tunnels
        and (not scene.was_in_use(link) or _waited_before(case, link))
        for link in links
    )


def _waited_before(case: Case, link: Link) -> bool:
    baseline = case.baseline
    if baseline is None or baseline.tainted or not case.scene.stood_in(baseline, case.row):
        return False
    before = baseline.snapshot.link(link.name)
    return before is not None and before.identity == link.identity and not is_held(before)
