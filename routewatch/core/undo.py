"""Plans how a cleanup is taken back: its steps turned round, the last first, under the same checks.

What stands as it stood before the cleanup already needs no step. The routes a cleanup restored stood in the baseline;
taking them away again is what was asked for, so the baseline is no argument here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.foresight import Prospect, effect
from routewatch.core.memory import Memory
from routewatch.core.plan import Plan, foreseen, standing
from routewatch.core.refusals import Proposal, Wishes
from routewatch.core.scene import Scene
from routewatch.core.steps import Step, inverse
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

SENTENCE = "the cleanup that did the opposite is taken back"


def plan_undo(steps: Iterable[Step], scene: Scene, wishes: Wishes) -> Plan:
    """Plan the way back from steps that were done, given in the order in which they were done."""
    without_baseline = Scene(scene.now, Memory(sessions=(), kept=scene.memory.kept), scene.signatures)
    proposals = [_proposal(step) for step in reversed(tuple(steps))]
    wanted = [proposal for proposal in proposals if not _is_so_already(proposal.step, scene)]
    kept, refused = standing(wanted, without_baseline, wishes)
    kept, more = foreseen(kept, without_baseline, wishes)
    after = Prospect.of(scene, [proposal.step for proposal in kept])
    index = after.index()
    planned = tuple(replace(p.step, effect=effect(p.step, after, index)) for p in kept)
    return Plan(steps=planned, refused=(*refused, *more), logins=wishes.login_peers or ())


def _proposal(done: Step) -> Proposal:
    step = replace(inverse(done), group="", confidence="certain", rule="undo", because=SENTENCE)
    finding = Finding(
        verdict=Verdict.UNCERTAIN, rule="undo", because=SENTENCE, route=step.route, policy_rule=step.policy_rule
    )
    return Proposal(step, finding)


def _is_so_already(step: Step, scene: Scene) -> bool:
    """Tell whether the row is there, or gone, as the step would have it."""
    if step.route is not None:
        return scene.has(step.route) == (step.action != "delete")
    return (step.policy_rule in scene.now.rules) == (step.action != "delete")
