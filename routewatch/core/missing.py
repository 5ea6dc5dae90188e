"""What a VPN took away and should come back: the verdict on each lost row, and how sure one may be of it.

Which rows are lost, losses.py tells; what stands in the way of putting one back, obstacles.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import connected_prefix, is_default, is_link_local
from routewatch.core.bare_addresses import missing_prefixes
from routewatch.core.conditions import is_proven
from routewatch.core.evidence_for import outlasted
from routewatch.core.known_routers import unused_routers
from routewatch.core.losses import losses
from routewatch.core.model import MAIN_TABLE, PolicyRule, Route
from routewatch.core.obstacles import obstacle
from routewatch.core.verdict import Confidence, Finding, Verdict

if TYPE_CHECKING:
    from routewatch.core.losses import Loss
    from routewatch.core.scene import Scene


def find_missing(scene: Scene) -> tuple[Finding, ...]:
    """Judge every row that is lost, and find what nobody has though an address or a known router asks for it."""
    found = tuple(_judge(loss, scene) for loss in losses(scene))
    latest = scene.memory.latest
    if is_proven(latest) and latest is not None and scene.on_network_of(latest):
        by_themselves: tuple[Finding, ...] = ()  # what is not there now and was not there then is right so
    else:
        by_themselves = tuple(missing_prefixes(scene, found))
    return (*found, *by_themselves, *unused_routers(scene, found))


def _judge(loss: Loss, scene: Scene) -> Finding:
    hindrance = obstacle(loss, scene)
    if hindrance is not None:
        return _finding(loss, (hindrance.verdict, "uncertain"), hindrance.name, hindrance.sentence)
    confidence = _confidence(loss, scene)
    verdict = Verdict.UNCERTAIN if confidence == "uncertain" else Verdict.MISSING
    if loss.session is None:
        return _finding(loss, (verdict, confidence), "gone-since-baseline", "it was there in the baseline and is gone")
    return _finding(
        loss, (verdict, confidence), "taken-by-session", "a VPN session took it away and did not put it back"
    )


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
        return "likely" if isinstance(loss.row, Route) and _is_wrong_anywhere(loss.row, scene) else "uncertain"
    proven = loss.baseline is not None and loss.baseline.proven
    by_client = loss.trace is not None and loss.trace.tie == "author"
    gone = scene.owner_of(loss.session) == "gone"
    return "certain" if proven and by_client and gone and outlasted(loss.session, scene) else "likely"


def _is_wrong_anywhere(route: Route, scene: Scene) -> bool:
    """Tell whether a lost row is missed whoever took it: a default, or the route to the prefix of a live address."""
    if route.table != MAIN_TABLE or is_link_local(route.destination):
        return False
    link = scene.links.get(route.interface or "")
    prefixes = () if link is None or route.gateway is not None else map(connected_prefix, link.addresses)
    return is_default(route) or (route.protocol == "kernel" and route.destination in prefixes)
