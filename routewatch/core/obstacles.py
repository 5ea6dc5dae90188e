"""May a lost row be put back? Each reason why not is a named obstacle, in the order in which they are told.

A route is put back only on the network it belongs to, over a link that carries traffic, with its gateway in reach, and
where nothing has taken its place. What somebody else than the VPN's client removed is not missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.addresses import is_default, is_host, is_loopback_default
from routewatch.core.attribution import ROUTING_DAEMONS
from routewatch.core.diff import key
from routewatch.core.ipv6_settings import is_off
from routewatch.core.model import Nexthop, PolicyRule, Route
from routewatch.core.rulings import Verdict
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import case_of, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.losses import Loss
    from routewatch.core.memory import Baseline
    from routewatch.core.scene import Scene


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


def _is_the_routers(loss: Loss, _scene: Scene) -> bool:
    """Tell whether a router may have withdrawn its own row: nothing ties the loss to a VPN.

    Linux sets such a row anew with the next advertisement. macOS need not: its kernel takes a default that somebody
    deleted for still set (defrouter_select() in bsd/netinet6/nd6_rtr.c).
    """
    if loss.row.protocol == "redirect":
        return True
    is_saved = loss.baseline is not None and loss.baseline.reason == "saved"
    return loss.session is None and not is_saved and loss.row.protocol == "ra"


def _has_a_successor(loss: Loss, scene: Scene) -> bool:
    """Tell whether another default is in place, or came later and was lost after this one."""
    route = loss.row
    if not isinstance(route, Route) or not is_default(route):
        return False
    rivals = [r for r in scene.rows.routes if is_default(r) and (r.family, r.table) == (route.family, route.table)]
    usable = [rival for rival in rivals if scene.is_usable(rival) and not _is_wrong(rival, scene)]
    if loss.session is None or loss.baseline is None or not _stood_in(loss.baseline, route, scene):
        return bool(usable)
    # What stood beside it before, a second uplink's, has not taken its place.
    if any(scene.is_new(rival, loss.baseline) for rival in usable):
        return True
    later = (t.route for t in loss.session.vanished if t.route is not None)
    since = (r for r in later if is_default(r) and not _stood_in(loss.baseline, r, scene))
    made_meanwhile = (*loss.session.others, *since)
    return any((r.family, r.table) == (route.family, route.table) for r in made_meanwhile)


def _is_wrong(route: Route, scene: Scene) -> bool:
    """Tell whether a default took nobody's place: a leftover, or one that leads astray by itself.

    It does into the loopback, and into containers, where no router answers.
    """
    astray = is_loopback_default(route) or (route.gateway is None and route.interface in scene.containers)
    return astray or judge(case_of(route, scene)).verdict is Verdict.ORPHANED


def _is_out_of_reach(loss: Loss, scene: Scene) -> bool:
    route = loss.row
    if not isinstance(route, Route) or route.type != "unicast":
        return False
    if route.family == "inet6" and is_off(scene.links.get(route.interface or "")):
        return False  # its addresses went with the setting, and so would the route: that is named and refused instead
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
    Obstacle("advertised", "a router advertises it, and does so again where it is right", _is_the_routers),
    Obstacle("routing-daemon", "a routing daemon made it, and makes it again where it is right", _has_a_daemon),
    Obstacle("successor", "another default route has taken its place", _has_a_successor, Verdict.EXPECTED),
    Obstacle("out-of-reach", "its next hop can't be reached from here now", _is_out_of_reach),
)


def obstacle(loss: Loss, scene: Scene) -> Obstacle | None:
    """Return the first obstacle that stands in the way of putting a row back."""
    return next((each for each in OBSTACLES if each.applies(loss, scene)), None)
