"""Turns findings into an ordered plan, and says of each step that will not be taken which rule refuses it.

Steps of one group are taken together or not at all; whenever some are left out, the rest is looked at anew.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.arrangement import grouped, merged, ordered
from routewatch.core.foresight import Prospect, effect
from routewatch.core.guard import Guard
from routewatch.core.model import Login, Nexthop, PolicyRule, Route
from routewatch.core.refusals import Proposal, Refusal, Wishes, named, refusal, refused
from routewatch.core.steps import Action, Step
from routewatch.core.timeline import same
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from routewatch.core.scene import Scene

    Proposals: TypeAlias = list[Proposal]


class Plan(Struct, frozen=True, kw_only=True):
    """The steps in the order they are to be taken, what will not be tried, and the remote logins that were minded."""

    steps: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()
    logins: tuple[Login, ...] = ()


def plan(findings: Iterable[Finding], scene: Scene, wishes: Wishes) -> Plan:
    """Make a plan of the findings that were asked for; the same findings give the same plan."""
    proposals = grouped(ordered(merged([_proposal(f, scene) for f in findings if _is_wished(f, scene, wishes)], scene)))
    kept, refusals = _tenable(proposals, scene, wishes)
    if wishes.limit is not None and (surplus := _beyond(kept, wishes.limit, wishes.spent)):
        kept = [p for p in kept if p not in surplus]
        sentence = f"unattended, no more than {wishes.limit} rows of one session are taken; a person decides"
        refusals += [refused(p, "limit", sentence) for p in surplus]
        kept, more = _tenable(kept, scene, wishes)
        refusals += more
    return Plan(steps=_with_effects(kept, scene), refused=tuple(refusals), logins=wishes.login_peers or ())


def _tenable(proposals: Proposals, scene: Scene, wishes: Wishes) -> tuple[Proposals, list[Refusal]]:
    """Part the steps that may be taken from those refused; what a refusal changes for the others is looked at anew."""
    kept, refusals = standing(proposals, scene, wishes)
    while True:
        kept, foretold = foreseen(kept, scene, wishes)
        kept, broken = _whole_groups(kept, [*refusals, *foretold], proposals)
        refusals += [*foretold, *broken]
        if not broken:
            return kept, refusals


def _beyond(proposals: Proposals, limit: int, spent: dict[int, int]) -> Proposals:
    """Return the steps that are more than the limit allows of one session, each with all of its group."""
    used: Counter[int | None] = Counter(spent)
    over = []
    for proposal in proposals:
        used[proposal.finding.session] += 1
        if used[proposal.finding.session] > limit:
            over.append(proposal)
    cut = {p.step.group for p in over} - {""}
    return [p for p in proposals if p in over or p.step.group in cut]


def _with_effects(proposals: Proposals, scene: Scene) -> tuple[Step, ...]:
    if not proposals:
        return ()
    after = Prospect.of(scene, [p.step for p in proposals])
    index = after.index()
    return tuple(replace(p.step, effect=effect(p.step, after, index)) for p in proposals)


def _is_wished(finding: Finding, scene: Scene, wishes: Wishes) -> bool:
    if wishes.session is not None and finding.session != wishes.session:
        return False
    if not (wishes.restore or _is_there(finding.row, scene)):
        return False
    if wishes.only:
        return finding.verdict is not Verdict.EXPECTED and named(finding.row, wishes.only)
    return finding.verdict in {Verdict.ORPHANED, Verdict.MISSING} and finding.confidence in wishes.confidences


def _proposal(finding: Finding, scene: Scene) -> Proposal:
    action: Action = "delete" if _is_there(finding.row, scene) else "add"
    step = Step(
        action=action,
        route=finding.route,
        policy_rule=finding.policy_rule,
        confidence=finding.confidence,
        rule=finding.rule,
        because=finding.because,
        evidence=finding.evidence,
        against=finding.against,
        conditional=action == "delete" and _is_unrepeatable(finding, scene),
        leading=action == "delete" and finding.route is not None and _leads(finding.route, scene),
    )
    return Proposal(step, finding)


def _is_there(row: Route | PolicyRule, scene: Scene) -> bool:
    return row in scene.now.rules if isinstance(row, PolicyRule) else scene.has(row)


def _leads(route: Route, scene: Scene) -> bool:
    """Tell whether an IPv4 route hides others: of the rows of one slot the kernel takes the first."""
    rivals = scene.rows.rivals(route)
    return route.family == "inet" and len(rivals) > 1 and same(rivals[0], route)


def _is_unrepeatable(finding: Finding, scene: Scene) -> bool:
    """Tell whether the kernel would not take the route back now: its link is down or its next hop out of reach."""
    route = finding.route
    if route is None or route.type != "unicast" or route.nexthop_id is not None:
        return False
    return not all(_is_acceptable(leg, route.flags, scene) for leg in route.nexthops or (route,))


def _is_acceptable(leg: Route | Nexthop, flags: str, scene: Scene) -> bool:
    link = scene.links.get(leg.interface or "")
    if link is None or not link.up:
        return False
    onlink = "onlink" in {*flags.split(), *leg.flags.split()}
    return leg.gateway is None or onlink or scene.reaches(leg.interface, leg.gateway)


def standing(proposals: Proposals, scene: Scene, wishes: Wishes) -> tuple[Proposals, list[Refusal]]:
    """Part the proposals into those no standing refusal applies to, and the refusals of the others."""
    kept, refusals = [], []
    for proposal in proposals:
        found = refusal(proposal, scene, wishes)
        if found is None:
            kept.append(proposal)
        else:
            refusals.append(found)
    return kept, refusals


def foreseen(proposals: Proposals, scene: Scene, wishes: Wishes) -> tuple[Proposals, list[Refusal]]:
    """Play the steps one by one; leave out what would take the last default or cut a remote login."""
    kept: Proposals = []
    refusals: list[Refusal] = []
    if not proposals:
        return kept, refusals
    guard = Guard(scene, wishes.login_peers or ())
    for proposal in proposals:
        objection = guard.objection(proposal.step)
        if objection is not None:
            refusals.append(refused(proposal, objection.rule, objection.sentence))
        else:
            kept.append(proposal)
            guard.done(proposal.step)
    return kept, refusals


def _whole_groups(kept: Proposals, refusals: list[Refusal], proposals: Proposals) -> tuple[Proposals, list[Refusal]]:
    """Drop what is left of a group when one of its steps was refused."""
    out = {id(r.route or r.policy_rule) for r in refusals}
    broken = {p.step.group for p in proposals if p.step.group and id(p.finding.row) in out}
    dropped = [p for p in kept if p.step.group in broken]
    sentence = "another step of its group was refused, and a group is taken as a whole"
    return [p for p in kept if p.step.group not in broken], [refused(p, "group", sentence) for p in dropped]
