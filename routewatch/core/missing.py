"""What a VPN took away and should come back: judged by rulings of its own, in the order they apply.

A route is put back only on the network it belongs to, over a link that carries traffic, with its gateway in reach, and
where nothing has taken its place. What somebody else than the VPN's client removed is not missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.core.addresses import connected_prefix, is_default, is_host, is_loopback_default
from routewatch.core.attribution import ROUTING_DAEMONS
from routewatch.core.diff import key, steady
from routewatch.core.evidence_for import outlasted
from routewatch.core.known_routers import unused_routers
from routewatch.core.letters import is_bound, is_own_address
from routewatch.core.model import MAIN_TABLE, Nexthop, PolicyRule, Route
from routewatch.core.system_rows import comes_by_itself
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import Confidence, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routewatch.core.memory import Baseline, Session, Trace
    from routewatch.core.scene import Scene


class Loss(NamedTuple):
    """A row that was there before and is not now."""

    row: Route | PolicyRule
    baseline: Baseline | None
    session: Session | None = None
    trace: Trace | None = None


def find_missing(scene: Scene) -> tuple[Finding, ...]:
    """Judge every row that a session, or the time since the latest baseline, took away, and defaults nobody has."""
    found = tuple(finding for loss in _losses(scene) if (finding := _judge(loss, scene)) is not None)
    return (*found, *unused_routers(scene, found))


def _losses(scene: Scene) -> Iterator[Loss]:
    seen: set[Route | PolicyRule] = set()
    for session in reversed(scene.memory.sessions):
        baseline = scene.memory.baseline_of(session)
        # newest first: of several defaults lost one after the other, the last one was the right one
        for trace in reversed(session.vanished):
            row = trace.row
            if row is not None and _mark(row, seen):
                yield Loss(row, baseline, session, trace)
    latest = scene.memory.latest
    if latest is not None:
        gone: tuple[Route | PolicyRule, ...] = (*scene.changes(latest).removed, *scene.rule_changes(latest).removed)
        seen |= {*map(steady, latest.doubted.routes), *latest.doubted.rules}
        seen |= {steady(route) for session in scene.memory.sessions for route in session.others_took}
        yield from (Loss(row, latest) for row in gone if _mark(row, seen))


def _mark(row: Route | PolicyRule, seen: set[Route | PolicyRule]) -> bool:
    name = steady(row) if isinstance(row, Route) else row
    if name in seen:
        return False
    seen.add(name)
    return True


def _judge(loss: Loss, scene: Scene) -> Finding | None:
    """Return the finding, or None where the row is not worth a word: it is back, or its link took it along."""
    if isinstance(loss.row, PolicyRule):
        if loss.row in scene.now.rules:
            return None
    elif key(loss.row) in scene.rows.keys or _is_nobodys(loss.row, scene) or _went_with_its_link(loss.row, loss, scene):
        return None
    for obstacle in OBSTACLES:
        if obstacle.applies(loss, scene):
            return _finding(loss, (obstacle.verdict, "uncertain"), obstacle.name, obstacle.sentence)
    confidence = _confidence(loss, scene)
    verdict = Verdict.UNCERTAIN if confidence == "uncertain" else Verdict.MISSING
    if loss.session is None:
        return _finding(loss, (verdict, confidence), "gone-since-baseline", "it was there in the baseline and is gone")
    return _finding(
        loss, (verdict, confidence), "taken-by-session", "a VPN session took it away and did not put it back"
    )


def _is_nobodys(route: Route, scene: Scene) -> bool:
    """Tell whether nobody misses a row of macOS: the system makes it anew, or only its scope is another now."""
    if scene.now.platform != "macos":
        return False
    if route.scoped or comes_by_itself(route) or is_own_address(route) or (is_bound(route) and is_host(route)):
        return True
    return not is_default(route) and key(replace(route, scoped=True)) in scene.rows.keys


def _finding(loss: Loss, verdict: tuple[Verdict, Confidence], name: str, sentence: str) -> Finding:
    evidence = ("E2",) if loss.trace is not None else ()
    return Finding(
        verdict=verdict[0],
        confidence=verdict[1],
        rule=name,
        because=sentence,
        route=loss.row if isinstance(loss.row, Route) else None,
        policy_rule=loss.row if isinstance(loss.row, PolicyRule) else None,
        evidence=evidence,
        session=loss.session.id if loss.session else None,
        author=loss.trace.author if loss.trace else None,
    )


def _confidence(loss: Loss, scene: Scene) -> Confidence:
    """Certain only with a proven baseline, a known author and a second look; without a session a default counts."""
    if loss.session is None:
        if loss.baseline is not None and loss.baseline.reason == "saved":
            return "likely"  # somebody says that it was right then
        is_lost_default = isinstance(loss.row, Route) and is_default(loss.row) and loss.row.table == MAIN_TABLE
        return "likely" if is_lost_default else "uncertain"
    proven = loss.baseline is not None and loss.baseline.proven
    by_client = loss.trace is not None and loss.trace.tie == "author"
    gone = scene.owner_of(loss.session) == "gone"
    return "certain" if proven and by_client and gone and outlasted(loss.session, scene) else "likely"


def _went_with_its_link(route: Route, loss: Loss, scene: Scene) -> bool:
    """Tell whether the kernel took the route along with its link or its address, and rightly so."""
    if route.interface is None:
        return False
    link = scene.links.get(route.interface)
    if link is None or not link.up or link.name in scene.tunnels - scene.held:
        return True
    then = None if loss.baseline is None else loss.baseline.snapshot.link(route.interface)
    if then is not None and then.identity != link.identity:
        return True
    is_saved = loss.baseline is not None and loss.baseline.reason == "saved"  # no table tells of addresses
    is_of_an_address = route.protocol == "kernel" or (is_bound(route) and not is_saved)
    return is_of_an_address and route.destination not in {connected_prefix(a) for a in link.addresses}


# ---------------------------------------------------------------------------------------- what stands in the way of it


class Obstacle(NamedTuple):
    """A reason not to put a row back: its name, what a person is told, when it applies, and the verdict then."""

    name: str
    sentence: str
    applies: Callable[[Loss, Scene], bool]
    verdict: Verdict = Verdict.UNCERTAIN


def _tunnel_is_up(loss: Loss, scene: Scene) -> bool:
    """Tell whether a tunnel is up, but for those that stood beside the route before and took nothing from it."""
    clean = None if loss.baseline is None or loss.baseline.tainted else loss.baseline.snapshot
    beside = set() if clean is None else {link.name for link in tunnels(clean, scene.signatures) if is_held(link)}
    return not scene.held <= beside


def _is_tainted(loss: Loss, _scene: Scene) -> bool:
    return loss.baseline is None or loss.baseline.tainted


def _may_have_been_a_vpns(loss: Loss, scene: Scene) -> bool:
    """Tell whether a saved table shows a row beside a tunnel that is gone since: it may have been that VPN's own."""
    row, baseline = loss.row, loss.baseline
    if baseline is None or baseline.reason != "saved" or not isinstance(row, Route) or is_default(row):
        return False
    then = {link.name for link in tunnels(baseline.snapshot, scene.signatures) if is_held(link)}
    return (row.gateway is not None or is_host(row)) and not then <= scene.held


def _is_elsewhere(loss: Loss, scene: Scene) -> bool:
    if loss.baseline is None or not scene.on_network_of(loss.baseline):
        return True
    interface = loss.row.interface if isinstance(loss.row, Route) else None
    known = {uplink.link for uplink in loss.baseline.network}
    return interface in known and not scene.on_uplink_of(loss.baseline, interface or "")


def _was_made_meanwhile(loss: Loss, scene: Scene) -> bool:
    """Tell whether somebody made the row during the session: nobody vouches for it, unless it is a default."""
    if loss.baseline is None or (isinstance(loss.row, Route) and is_default(loss.row)):
        return False
    return not _stood_in(loss.baseline, loss.row, scene)


def _stood_in(baseline: Baseline, row: Route | PolicyRule, scene: Scene) -> bool:
    """Tell whether a row that is not there now stood in a baseline. Of a whole Internet only the losses are decoded."""
    if isinstance(row, PolicyRule):
        return row in baseline.snapshot.rules
    return key(row) in scene.lost(baseline)


def _has_a_daemon(loss: Loss, _scene: Scene) -> bool:
    """Tell whether a routing daemon made the row and nobody saw the client take it: it withdraws what it made."""
    by_client = loss.trace is not None and loss.trace.tie == "author"
    return loss.row.protocol in ROUTING_DAEMONS and not by_client


def _is_advertised(loss: Loss, _scene: Scene) -> bool:
    return loss.row.protocol in {"ra", "redirect"}


def _has_a_successor(loss: Loss, scene: Scene) -> bool:
    """Tell whether another default is in place, or came later and was lost after this one."""
    route = loss.row
    if not isinstance(route, Route) or not is_default(route):
        return False
    rivals = [r for r in scene.rows.routes if is_default(r) and (r.family, r.table) == (route.family, route.table)]
    usable = [rival for rival in rivals if scene.is_usable(rival) and not _leads_astray(rival, scene)]
    if loss.session is None or loss.baseline is None or not _stood_in(loss.baseline, route, scene):
        return bool(usable)
    # What stood beside it before, a second uplink's, has not taken its place.
    if any(scene.is_new(rival, loss.baseline) for rival in usable):
        return True
    later = (t.route for t in loss.session.vanished if t.route is not None)
    since = (r for r in later if is_default(r) and not _stood_in(loss.baseline, r, scene))
    made_meanwhile = (*loss.session.others, *since)
    return any((r.family, r.table) == (route.family, route.table) for r in made_meanwhile)


def _leads_astray(route: Route, scene: Scene) -> bool:
    """Tell whether a default is wrong by itself: into the loopback, or into containers, where no router answers."""
    return is_loopback_default(route) or (route.gateway is None and route.interface in scene.containers)


def _is_out_of_reach(loss: Loss, scene: Scene) -> bool:
    route = loss.row
    if not isinstance(route, Route) or route.type != "unicast":
        return False
    return not any(_leads_on(leg, scene) for leg in route.nexthops or (route,))


def _leads_on(leg: Route | Nexthop, scene: Scene) -> bool:
    link = scene.links.get(leg.interface or "")
    return link is not None and link.up and (leg.gateway is None or scene.reaches(leg.interface, leg.gateway))


OBSTACLES: tuple[Obstacle, ...] = (
    Obstacle("tunnel-up", "it is not put back while a tunnel is up", _tunnel_is_up, Verdict.EXPECTED),
    Obstacle("tainted-baseline", "no baseline from before the VPN vouches for it", _is_tainted),
    Obstacle(
        "went-with-its-vpn", "it stood beside a VPN that is over, and may have been its own", _may_have_been_a_vpns
    ),
    Obstacle("other-network", "the machine is on another network than then: it would be wrong here", _is_elsewhere),
    Obstacle("made-meanwhile", "somebody made it while the VPN was up; it was not there before", _was_made_meanwhile),
    Obstacle("advertised", "the router advertises it; a static copy would outlive the router", _is_advertised),
    Obstacle("routing-daemon", "a routing daemon made it, and makes it again where it is right", _has_a_daemon),
    Obstacle("successor", "another default route has taken its place", _has_a_successor, Verdict.EXPECTED),
    Obstacle("out-of-reach", "its next hop can't be reached from here now", _is_out_of_reach),
)
