"""What a VPN took away and should come back: the verdict on each lost row, and how sure one may be of it.

Which rows are lost, losses.py tells; what stands in the way of putting one back, obstacles.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import is_default
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
    """Judge every row that is lost, and find the defaults that nobody has though their router is known."""
    found = tuple(_judge(loss, scene) for loss in losses(scene))
    return (*found, *unused_routers(scene, found))


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
        is_lost_default = isinstance(loss.row, Route) and is_default(loss.row) and loss.row.table == MAIN_TABLE
        return "likely" if is_lost_default else "uncertain"
    proven = loss.baseline is not None and loss.baseline.proven
    by_client = loss.trace is not None and loss.trace.tie == "author"
    gone = scene.owner_of(loss.session) == "gone"
    return "certain" if proven and by_client and gone and outlasted(loss.session, scene) else "likely"
