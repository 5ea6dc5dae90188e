"""The evidence that a row is somebody's, C1 to C9: each piece is one named predicate on a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import host_address, is_host
from routewatch.core.evidence_for import KERNELS_TABLES, client_is_gone, leads_nowhere, servers, signature_of
from routewatch.core.model import LOCAL_TABLE, PolicyRule, Route
from routewatch.core.system_rows import is_systems
from routewatch.core.timeline import same

if TYPE_CHECKING:
    from routewatch.core.case import Case
    from routewatch.core.memory import Session
    from routewatch.core.scene import Scene

DAEMONS = frozenset(
    {"dhcp", "ra", "zebra", "bird", "static", "babel", "bgp", "ospf", "isis", "rip", "eigrp", "keepalived"}
)
KERNEL_TYPES = frozenset({"local", "broadcast", "multicast", "anycast"})
KERNEL_PRIORITIES = frozenset({0, 32766, 32767})  # net/ipv4/fib_rules.c, fib_default_rules_init()


def stood_in_baseline(case: Case) -> bool:
    """C1: it was there before, with the same destination, next hop, table and type."""
    return case.baseline is not None and case.scene.stood_in(case.baseline, case.row)


def owner_is_alive(case: Case) -> bool:
    """C2: the tunnel it belongs to is held, or one that may rely on it: its VPN is up."""
    session = case.session
    if session is not None and (session.is_open or case.scene.owner_of(session) == "holding"):
        return True
    signature = signature_of(case)
    if signature is not None and not client_is_gone(signature, case.scene) and not _is_an_old_ones(case):
        return True
    return _leads_into_a_held_tunnel(case) or _is_relied_on(case)


def _is_an_old_ones(case: Case) -> bool:
    """Tell whether only another tunnel of the kind is up, and the row's own one left it with nothing behind it."""
    session = case.session
    return session is not None and case.scene.owner_of(session) == "gone" and leads_nowhere(case)


def _leads_into_a_held_tunnel(case: Case) -> bool:
    scene, rule = case.scene, case.policy_rule
    if rule is not None:
        own_table = () if rule.table in KERNELS_TABLES else scene.rows.table(rule.family, rule.table)
        names = {rule.iif, rule.oif, *(leg.interface for r in own_table for leg in r.nexthops or (r,))}
    else:
        names = set() if case.route is None else {leg.interface for leg in case.route.nexthops or (case.route,)}
    return not scene.held.isdisjoint(names)


def _is_relied_on(case: Case) -> bool:
    """Tell whether a tunnel that is up may live by this row, though an earlier session made it.

    A client that connects again finds its old route to the server, or its old rules, and makes no new ones.
    """
    if case.session is None or leads_nowhere(case):
        return False
    route = case.route
    if route is not None and not (is_host(route) and route.gateway is not None):
        return False
    return any(_may_rely(session, case) for session in case.scene.memory.sessions if session.is_open)


def _may_rely(session: Session, case: Case) -> bool:
    route, earlier = case.route, case.session
    if route is not None and host_address(route) in servers(session):
        return True
    if route is None and _bears_anothers_mark(case, session):
        return False
    known = case.trace is not None and case.trace.tie != "time"  # by time alone nobody knows whose it is
    strangers = (
        earlier is not None and None not in {session.client, earlier.client} and session.client != earlier.client
    )
    stranger = known and strangers
    return not stranger and not (route is not None and has_its_own_way(session, case.scene))


def _bears_anothers_mark(case: Case, session: Session) -> bool:
    """Tell whether a rule is of another client's form than the session's, which is one that makes no rules itself."""
    signature = signature_of(case)
    clients = [s for s in case.scene.signatures if s.client == session.client]
    makes_rules = any(s.tables or s.marks or s.priorities for s in clients)
    return signature is not None and bool(clients) and signature not in clients and not makes_rules


def has_its_own_way(session: Session, scene: Scene) -> bool:
    """Tell whether a session's client made a route to its server by itself."""
    made = [t.route for t in session.appeared if t.route is not None and t.tie == "author"]
    return any(r.gateway and is_host(r) and r.interface != session.tunnel.name and scene.has(r) for r in made)


def owner_may_come_back(case: Case) -> bool:
    """C2: the client still runs without a tunnel, or nobody could look whether it does."""
    return case.session is not None and case.scene.owner_of(case.session) in {"idle", "unknown"}


def network_is_another(case: Case) -> bool:
    """C3: the baseline was taken on another network and says nothing about this one."""
    return case.baseline is not None and not case.scene.on_network_of(case.baseline)


def came_back(case: Case) -> bool:
    """C4: it was deleted by us in this session and somebody brought it back."""
    return was_deleted_before(case.row, case.scene)


def was_deleted_before(row: Route | PolicyRule, scene: Scene) -> bool:
    """Tell whether we deleted this row since the session that brought it has opened."""
    session, _ = scene.first_session(row)
    since = 0.0 if session is None else session.opened.boot
    return any(d.at.boot >= since and d.row is not None and same(d.row, row) for d in scene.memory.deleted)


def kernel_made_it(case: Case) -> bool:
    """C5: the kernel made it, and takes it away by itself."""
    return is_made_by_the_system(case.row, case.scene)


def is_made_by_the_system(row: Route | PolicyRule, scene: Scene) -> bool:
    """Tell whether the system made a row: on Linux the kernel signs its own, on macOS letters and links tell."""
    if isinstance(row, Route) and scene.now.platform == "macos":
        return is_systems(row, scene)
    return is_kernel_made(row)


def is_kernel_made(row: Route | PolicyRule) -> bool:
    """Tell whether Linux's kernel made a row: those of addresses and links, and its three rules about all packets."""
    if isinstance(row, PolicyRule):
        return row.protocol == "kernel" or (row.priority in KERNEL_PRIORITIES and not _selects(row))
    return row.protocol in {"kernel", "redirect"} or row.table == LOCAL_TABLE or row.type in KERNEL_TYPES


def _selects(rule: PolicyRule) -> bool:
    """Tell whether a rule is about some packets only: the kernel's own three are about all."""
    return rule != PolicyRule(
        family=rule.family,
        priority=rule.priority,
        action=rule.action,
        table=rule.table,
        protocol=rule.protocol,
    )


def daemon_made_it(case: Case) -> bool:
    """C6: a network daemon made it and answers for it."""
    return case.row.protocol in DAEMONS


def containers_own_it(case: Case) -> bool:
    """C7: its interface belongs to containers or virtual machines."""
    return case.route is not None and case.route.interface in case.scene.containers


def only_details_differ(case: Case) -> bool:
    """C8: only its metric, protocol or flags differ from a row of the baseline, or it is bound to its link now."""
    if case.route is None or case.baseline is None:
        return False
    return case.scene.is_changed(case.route, case.baseline) or case.scene.has_moved(case.route, case.baseline)


def baseline_is_tainted(case: Case) -> bool:
    """C9: the baseline was taken under a VPN."""
    return case.baseline is not None and case.baseline.tainted
