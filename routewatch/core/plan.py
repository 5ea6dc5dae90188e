"""Turns findings into an ordered plan, and says of each step that will not be taken which rule refuses it.

Rules go before tables, connected routes come back before those with a gateway, and defaults are touched last. Steps of
one group are taken together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.addresses import covers, is_default
from routewatch.core.foresight import Prospect, cuts_login, effect, loses_default
from routewatch.core.model import Nexthop, PolicyRule, Route
from routewatch.core.refusals import Proposal, Refusal, Wishes, named, refusal, refused
from routewatch.core.steps import Action, Step
from routewatch.core.timeline import same
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import TypeAlias

    from routewatch.core.scene import Scene

    Proposals: TypeAlias = list[Proposal]


class Plan(Struct, frozen=True, kw_only=True):
    """The steps in the order they are to be taken, and what will not be tried."""

    steps: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()


def plan(findings: Iterable[Finding], scene: Scene, wishes: Wishes) -> Plan:
    """Make a plan of the findings that were asked for; the same findings give the same plan."""
    proposals = _merged([_proposal(f, scene) for f in findings if _is_wished(f, wishes)])
    proposals = _grouped(_ordered(proposals))
    if wishes.limit is not None:
        proposals, surplus = proposals[: wishes.limit], proposals[wishes.limit :]
        late = [refused(p, "limit", f"more than {wishes.limit} at once, unattended") for p in surplus]
    else:
        late = []
    kept, refusals = standing(proposals, scene, wishes)
    kept, foretold = foreseen(kept, scene, wishes)
    kept, broken = _whole_groups(kept, [*refusals, *foretold], proposals)
    return Plan(steps=_with_effects(kept, scene), refused=(*refusals, *foretold, *broken, *late))


def _with_effects(proposals: Proposals, scene: Scene) -> tuple[Step, ...]:
    if not proposals:
        return ()
    after = Prospect.of(scene, [p.step for p in proposals])
    index = after.index()
    return tuple(replace(p.step, effect=effect(p.step, after, index)) for p in proposals)


def _is_wished(finding: Finding, wishes: Wishes) -> bool:
    if wishes.session is not None and finding.session != wishes.session:
        return False
    if finding.verdict is Verdict.MISSING and not wishes.restore:
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
    rivals = scene.rivals(route)
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


def _merged(proposals: Proposals) -> Proposals:
    """Join the deletion of a wrong route and the addition of the right one at the same place into one replace."""
    deletions = {_slot(p.step.route): p for p in proposals if p.step.action == "delete" and p.step.route is not None}
    merged, taken = [], set()
    for proposal in proposals:
        step = proposal.step
        partner = deletions.get(_slot(step.route)) if step.action == "add" and step.route is not None else None
        if partner is None:
            merged.append(proposal)
            continue
        taken.add(id(partner))
        merged.append(Proposal(replace(step, action="replace", replaces=partner.step.route), proposal.finding))
    return [p for p in merged if id(p) not in taken]


def _slot(route: Route) -> tuple[object, ...]:
    return (route.family, route.table, route.destination, route.source, route.tos or 0, route.metric or 0)


def _ordered(proposals: Proposals) -> Proposals:
    """Put the proposals into the order in which each of them, and later each one's undo, finds what it needs."""
    routers = {
        leg.gateway
        for p in proposals
        if p.step.action == "delete" and p.step.route is not None and is_default(p.step.route)
        for leg in p.step.route.nexthops or (p.step.route,)
    } - {None}
    return sorted(proposals, key=lambda proposal: _order(proposal.step, routers))


def _order(step: Step, routers: Collection[str | None]) -> tuple[int, int]:
    if step.policy_rule is not None:
        # from the highest priority number down: a goto may jump only ahead, to a rule that is there
        return (0, -step.policy_rule.priority) if step.action == "delete" else (4, step.policy_rule.priority)
    route = step.route
    if route is None or is_default(route):
        return (6 if step.action == "delete" else 5, 0)
    is_connected = route.gateway is None and not route.nexthops
    if step.action == "delete":
        # what a gateway is reached by goes after the routes via that gateway: undo comes the other way
        needed = is_connected and any(covers(route.destination, router) for router in routers if router)
        return (7, 0) if needed else (1, int(is_connected))
    return (2 if is_connected else 3, 0)


def _grouped(proposals: Proposals) -> Proposals:
    """Name the groups: what one session left behind by the same way, or as rules."""
    members: defaultdict[str, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        members[_group(proposal)].append(proposal)
    return [
        Proposal(replace(p.step, group=name), p.finding) if len(members[name := _group(p)]) > 1 else p
        for p in proposals
    ]


def _group(proposal: Proposal) -> str:
    step, session = proposal.step, proposal.finding.session
    whose = f"session {session}" if session is not None else "no session"
    if step.policy_rule is not None:
        return f"{whose}: {step.action} rules" if session is not None else f"{whose}: {step.rule}"
    route = step.route
    if route is None or session is None or step.action != "delete" or is_default(route):
        return f"alone {id(proposal)}"
    return f"{whose}: routes via {route.gateway or 'link'} dev {route.interface}"


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
    before = now = Prospect.of(scene)
    for proposal in proposals:
        after = now.after(proposal.step)
        peer = cuts_login(before, after, wishes.login_peers, scene) if wishes.login_peers else None
        if peer is not None:
            refusals.append(refused(proposal, "remote-login", f"it carries the remote login from {peer}"))
        elif _touches_default(proposal.step) and loses_default(before, after):
            sentence = "it is the last default route of its family that leads somewhere"
            refusals.append(refused(proposal, "last-default", sentence))
        else:
            kept.append(proposal)
            now = after
    return kept, refusals


def _touches_default(step: Step) -> bool:
    return any(route is not None and is_default(route) for route in (step.route, step.replaces))


def _whole_groups(kept: Proposals, refusals: list[Refusal], proposals: Proposals) -> tuple[Proposals, list[Refusal]]:
    """Drop what is left of a group when one of its steps was refused."""
    out = {id(r.route or r.policy_rule) for r in refusals}
    broken = {p.step.group for p in proposals if p.step.group and id(p.finding.row) in out}
    dropped = [p for p in kept if p.step.group in broken]
    sentence = "another step of its group was refused, and a group is taken as a whole"
    return [p for p in kept if p.step.group not in broken], [refused(p, "group", sentence) for p in dropped]
