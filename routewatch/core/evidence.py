"""The evidence: each piece is one named predicate with its code and a sentence, for or against.

For: E1..E7 say that a row is a leftover. Against: C1..C9 say that it is somebody's. What they allow, verdict.py says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import is_default, is_host
from routewatch.core.memory import Baseline, Session, Trace
from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, PolicyRule, Route
from routewatch.core.scene import Scene
from routewatch.core.signatures import client_of_rule, client_of_table, processes_of
from routewatch.core.timeline import same
from routewatch.core.tunnels import is_container, is_held, is_tunnel, is_uplink

if TYPE_CHECKING:
    from routewatch.core.signatures import Signature

# A row that is still there so many seconds after its session ended has survived a second look: clients need time to
# tear down.
SECOND_LOOK = 5.0
DAEMONS = frozenset(
    {"dhcp", "ra", "zebra", "bird", "static", "babel", "bgp", "ospf", "isis", "rip", "eigrp", "keepalived"}
)
KERNEL_TYPES = frozenset({"local", "broadcast", "multicast", "anycast"})


class Case(Struct, frozen=True, kw_only=True):
    """One row of the table, and all that may be known about it."""

    row: Route | PolicyRule
    scene: Scene
    session: Session | None = None
    trace: Trace | None = None
    baseline: Baseline | None = None

    @property
    def route(self) -> Route | None:
        """Return the row where it is a route."""
        return self.row if isinstance(self.row, Route) else None

    @property
    def policy_rule(self) -> PolicyRule | None:
        """Return the row where it is a policy rule."""
        return self.row if isinstance(self.row, PolicyRule) else None


class Evidence(Struct, frozen=True, kw_only=True):
    """A named question about a case; ``sentence`` is what a person is told when the answer is yes."""

    code: str
    name: str
    sentence: str
    holds: Callable[[Case], bool]


# --------------------------------------------------------------------------------------------------------------- for


def is_new(case: Case) -> bool:
    """E1: no row of the baseline has its destination, next hop, table and type."""
    baseline = case.baseline
    if baseline is None or baseline.tainted or not case.scene.on_network_of(baseline):
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
    route = case.route
    if route is None or (route.interface is None and not route.nexthops):
        return False
    names = {leg.interface for leg in route.nexthops} or {route.interface}
    return all(_is_dead(name, case.scene) for name in names)


def _is_dead(name: str | None, scene: Scene) -> bool:
    link = scene.links.get(name or "")
    if link is None or not link.up:
        return True
    return is_tunnel(link, scene.signatures) and scene.owner_of_link(link) == "gone"


def _looks_up_nothing(rule: PolicyRule, scene: Scene) -> bool:
    if any(name is not None and name != "lo" and name not in scene.links for name in (rule.iif, rule.oif)):
        return True
    if rule.action != "lookup" or rule.table in {None, MAIN_TABLE, LOCAL_TABLE, 253}:
        return False
    rows = [route for route in scene.routes if route.table == rule.table and route.family == rule.family]
    return all(route.interface is not None and _is_dead(route.interface, scene) for route in rows)


def gateway_is_out_of_reach(case: Case) -> bool:
    """E4: nothing on its link covers its gateway any more, or its gateway was replaced by another meanwhile."""
    route = case.route
    if route is None or route.nexthop_id is not None or "onlink" in route.flags.split():
        return False
    legs = route.nexthops or (route,)
    if any(leg.gateway is None or "onlink" in leg.flags.split() for leg in legs):
        return False
    if not any(case.scene.reaches(leg.interface, leg.gateway) for leg in legs):
        return True
    return is_default(route) and _was_superseded(route, case)


def _was_superseded(route: Route, case: Case) -> bool:
    """Tell whether somebody else made a default via another gateway while the session was up, and it stands."""
    if case.session is None or case.trace is None or case.trace.tie != "author":
        return False
    return any(
        other.family == route.family and other.gateway != route.gateway and other in case.scene.routes
        for other in case.session.others
    )


def leads_to_the_server(case: Case) -> bool:
    """E5: a host route via the uplink's gateway that the tunnel's client made, or to the server its command names."""
    route, session = case.route, case.session
    if route is None or session is None or not is_host(route) or route.gateway is None:
        return False
    link = case.scene.links.get(route.interface or "")
    if link is not None and not is_uplink(link, case.scene.signatures):
        return False
    made_by_client = case.trace is not None and case.trace.tie == "author"
    return made_by_client or route.destination.partition("/")[0] in servers(session)


def servers(session: Session) -> frozenset[str]:
    """Return the words of the client's command line; the server's address stands among them where it was named."""
    words = () if session.holder is None else session.holder.command
    return frozenset(part for word in words for part in (word, word.rpartition(":")[0].strip("[]")))


def bears_a_dead_clients_mark(case: Case) -> bool:
    """E6: its table, priority or mark is a known client's, and that client is gone."""
    signature = _signature(case)
    return signature is not None and _client_is_gone(signature, case)


def _signature(case: Case) -> Signature | None:
    if case.policy_rule is not None:
        return client_of_rule(case.policy_rule, case.scene.signatures)
    return None if case.route is None else client_of_table(case.route, case.scene.now.rules, case.scene.signatures)


def _client_is_gone(signature: Signature, case: Case) -> bool:
    now = case.scene.now
    if not now.processes_seen or processes_of(signature.client, now.processes, case.scene.signatures):
        return False
    return not (signature.kernel_link and any(link.kind == signature.kernel_link for link in now.links))


def survived_a_second_look(case: Case) -> bool:
    """E7: its session has been over for at least five seconds."""
    session = case.session
    return (
        session is not None
        and session.closed is not None
        and case.scene.now.taken.boot - session.closed.boot >= SECOND_LOOK
    )


# ----------------------------------------------------------------------------------------------------------- against


def stood_in_baseline(case: Case) -> bool:
    """C1: it was there before, with the same destination, next hop, table and type."""
    baseline = case.baseline
    if baseline is None:
        return False
    if case.policy_rule is not None:
        return case.policy_rule not in case.scene.rule_changes(baseline).added
    route = case.route
    return route is not None and not case.scene.is_new(route, baseline) and not case.scene.is_changed(route, baseline)


def owner_is_alive(case: Case) -> bool:
    """C2: the tunnel it belongs to is held: its VPN is up."""
    if case.session is not None and (case.session.is_open or case.scene.owner_of(case.session) == "holding"):
        return True
    signature = _signature(case)
    if signature is not None and not _client_is_gone(signature, case):
        return True
    route = case.route
    if route is None:
        return False
    names = {leg.interface for leg in route.nexthops} or {route.interface}
    found = [case.scene.links[name] for name in names if name in case.scene.links]
    return any(is_tunnel(link, case.scene.signatures) and is_held(link) for link in found)


def owner_may_come_back(case: Case) -> bool:
    """C2: the client still runs without a tunnel, or nobody could look whether it does."""
    return case.session is not None and case.scene.owner_of(case.session) in {"idle", "unknown"}


def network_is_another(case: Case) -> bool:
    """C3: the baseline was taken on another network and says nothing about this one."""
    return case.baseline is not None and not case.scene.on_network_of(case.baseline)


def came_back(case: Case) -> bool:
    """C4: it was deleted by us in this session and somebody brought it back."""
    since = case.session.opened.boot if case.session else 0.0
    return any(d.at.boot >= since and d.row is not None and same(d.row, case.row) for d in case.scene.memory.deleted)


def kernel_made_it(case: Case) -> bool:
    """C5: the kernel made it, and takes it away by itself."""
    if case.policy_rule is not None:
        return case.policy_rule.protocol == "kernel" or case.policy_rule.priority in {0, 32766, 32767}
    route = case.route
    if route is None:
        return False
    return route.protocol in {"kernel", "redirect"} or route.table == LOCAL_TABLE or route.type in KERNEL_TYPES


def daemon_made_it(case: Case) -> bool:
    """C6: a network daemon made it and answers for it."""
    return case.row.protocol in DAEMONS


def containers_own_it(case: Case) -> bool:
    """C7: its interface belongs to containers or virtual machines."""
    route = case.route
    link = case.scene.links.get(route.interface or "") if route is not None else None
    return link is not None and is_container(link)


def only_details_differ(case: Case) -> bool:
    """C8: only its metric, protocol or flags differ from a row of the baseline."""
    return case.route is not None and case.baseline is not None and case.scene.is_changed(case.route, case.baseline)


def baseline_is_tainted(case: Case) -> bool:
    """C9: the baseline was taken under a VPN."""
    return case.baseline is not None and case.baseline.tainted


FOR: tuple[Evidence, ...] = (
    Evidence(code="E1", name="new", sentence="it was not there before", holds=is_new),
    Evidence(code="E2", name="in-session", sentence="it appeared while the VPN was up", holds=appeared_in_session),
    Evidence(code="E3", name="leads-nowhere", sentence="what it leads into is dead", holds=leads_nowhere),
    Evidence(code="E4", name="gateway-gone", sentence="its gateway is out of reach", holds=gateway_is_out_of_reach),
    Evidence(code="E5", name="server-route", sentence="it leads to the VPN's server", holds=leads_to_the_server),
    Evidence(code="E6", name="dead-client", sentence="its client is gone", holds=bears_a_dead_clients_mark),
    Evidence(code="E7", name="second-look", sentence="it outlived its session", holds=survived_a_second_look),
)
AGAINST: tuple[Evidence, ...] = (
    Evidence(code="C1", name="in-baseline", sentence="it was there before the VPN", holds=stood_in_baseline),
    Evidence(code="C2", name="holding", sentence="its VPN is up", holds=owner_is_alive),
    Evidence(code="C2", name="owner-may-return", sentence="its client may come back", holds=owner_may_come_back),
    Evidence(code="C3", name="other-network", sentence="this is another network", holds=network_is_another),
    Evidence(code="C4", name="came-back", sentence="somebody brought it back", holds=came_back),
    Evidence(code="C5", name="kernel-made", sentence="the kernel made it", holds=kernel_made_it),
    Evidence(code="C6", name="network-daemon", sentence="a network daemon made it", holds=daemon_made_it),
    Evidence(code="C7", name="container", sentence="it belongs to containers", holds=containers_own_it),
    Evidence(code="C8", name="details", sentence="only its details differ", holds=only_details_differ),
    Evidence(code="C9", name="tainted", sentence="the baseline was taken under a VPN", holds=baseline_is_tainted),
)


def weigh(case: Case) -> tuple[Evidence, ...]:
    """Return every piece of evidence that holds, those for it first."""
    return tuple(piece for piece in (*FOR, *AGAINST) if piece.holds(case))
