"""Arranges what is to be done: which steps become one, in which order they are taken, and which belong together.

Rules go before tables, connected routes come back before those with a gateway, and defaults are touched last. Whether a
step may be taken is not asked here.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import covers, is_default
from routewatch.core.owners import is_advertised
from routewatch.core.refusals import Proposal

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable
    from typing import TypeAlias

    from routewatch.core.model import Route
    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step

    Proposals: TypeAlias = list[Proposal]


def merged(proposals: Proposals, scene: Scene) -> Proposals:
    """Join the deletion of a wrong route and the addition of the right one at the same place into one replace."""
    deletions = {
        _slot(p.step.route): p
        for p in proposals
        # the kernel replaces the first of several rows in one place, which may be another than ours
        if p.step.action == "delete" and p.step.route is not None and len(scene.rows.rivals(p.step.route)) == 1
    }
    found, taken = [], set()
    for proposal in proposals:
        step = proposal.step
        partner = deletions.get(_slot(step.route)) if step.action == "add" and step.route is not None else None
        if partner is None or is_advertised(proposal.finding.row, scene.now.platform):  # a router's is not ours to add
            found.append(proposal)
            continue
        taken.add(id(partner))
        found.append(Proposal(replace(step, action="replace", replaces=partner.step.route), proposal.finding))
    return [p for p in found if id(p) not in taken]


def _slot(route: Route) -> tuple[object, ...]:
    return (route.family, route.table, route.destination, route.source, route.tos or 0, route.metric or 0)


def ordered(proposals: Proposals) -> Proposals:
    """Put the proposals into the order in which each of them, and later each one's undo, finds what it needs.

    Where that leaves it open, what belongs together for one reason stands together.
    """
    routers = {
        leg.gateway
        for p in proposals
        if p.step.action == "delete" and p.step.route is not None and is_default(p.step.route)
        for leg in p.step.route.nexthops or (p.step.route,)
    } - {None}
    first: dict[Hashable, int] = {}
    for place, proposal in enumerate(proposals):
        first.setdefault(_kind(proposal), place)
    return sorted(proposals, key=lambda proposal: (*_order(proposal.step, routers), first[_kind(proposal)]))


def _kind(proposal: Proposal) -> Hashable:
    step = proposal.step
    return (_group(proposal), proposal.finding.row.family, step.rule, step.because, step.evidence, step.against)


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


def grouped(proposals: Proposals) -> Proposals:
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
