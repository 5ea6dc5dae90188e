"""The standing refusals: named rules that keep a step from being taken, and that nothing lifts.

A false belief elsewhere must not cost anybody a good route: whatever was found and whoever asks, these are checked
again on the step itself, before the plan is shown and once more right before the step is taken.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from routewatch.core.addresses import covers, is_loopback_default
from routewatch.core.evidence_against import is_made_by_the_system, was_deleted_before
from routewatch.core.ipv6_settings import is_off
from routewatch.core.logins import may_reroute
from routewatch.core.model import Login, PolicyRule, Process, Route
from routewatch.core.owners import is_advertised
from routewatch.core.signatures import client_of_process
from routewatch.core.timeline import same
from routewatch.core.verdict import case_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step
    from routewatch.core.verdict import Finding

# /proc/PID/stat counts in USER_HZ, which is 100 on every architecture with a libc of today (proc(5)).
TICKS = 100.0
NEED_A_NAME = frozenset({"E3", "E4", "E6"})


class Protection(Struct, frozen=True, kw_only=True):
    """What the configuration's [protect] names."""

    destinations: tuple[str, ...] = ()  # CIDR: everything inside
    interfaces: tuple[str, ...] = ()  # globs
    tables: tuple[int, ...] = ()
    protocols: tuple[str, ...] = ()


class Wishes(Struct, frozen=True, kw_only=True):
    """What was asked for, and what is known about whoever asks."""

    confidences: frozenset[str] = frozenset({"certain", "likely"})
    only: frozenset[str] = frozenset()  # destinations; empty: all that was found
    session: int | None = None
    restore: bool = True
    protect: Protection = Protection()
    login_peers: tuple[Login, ...] | None = None  # None: not looked up, or could not be
    grace: float = 10.0  # seconds
    settled: bool = True
    limit: int | None = None  # rows at most of one session, unattended
    spent: dict[int, int] = {}  # rows of each session that were taken already
    resting: bool = False  # unattended, enough was done for a while


class Proposal(NamedTuple):
    """A step that somebody wants taken, with the finding it comes from."""

    step: Step
    finding: Finding


class Refusal(Struct, frozen=True, kw_only=True):
    """A step that will not be tried, and the named rule that says so."""

    rule: str
    because: str
    route: Route | None = None
    policy_rule: PolicyRule | None = None


class Standing(NamedTuple):
    """One standing refusal."""

    name: str
    sentence: str
    applies: Callable[[Proposal, Scene, Wishes], bool]


def _takes(step: Step) -> Route | PolicyRule | None:
    """Return the row that a step takes away."""
    if step.action == "delete":
        return step.route or step.policy_rule
    return step.replaces


def _is_incomplete(_proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    return not scene.now.complete


def _is_unsure(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    return proposal.finding.row.family in scene.now.unsure


def _is_unsettled(_proposal: Proposal, _scene: Scene, wishes: Wishes) -> bool:
    return not wishes.settled


def _is_inexpressible(proposal: Proposal, _scene: Scene, _wishes: Wishes) -> bool:
    step = proposal.step
    rows = (step.route, step.policy_rule, step.replaces)
    return any(row.unwritable for row in rows if row is not None)


def _is_kernel_made(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    row = _takes(proposal.step)
    return row is not None and is_made_by_the_system(row, scene)


def _is_protected(proposal: Proposal, _scene: Scene, wishes: Wishes) -> bool:
    row = _takes(proposal.step)  # putting back what is protected does it no harm
    return row is not None and _names(wishes.protect, row)


def _names(protect: Protection, row: Route | PolicyRule) -> bool:
    places = {row.destination, row.source if isinstance(row, PolicyRule) else None} - {None}
    links = {row.interface, *(leg.interface for leg in row.nexthops)} if isinstance(row, Route) else {row.iif, row.oif}
    return (
        any(covers(outer, place) for outer in protect.destinations for place in places if place)
        or any(fnmatchcase(name, glob) for glob in protect.interfaces for name in links if name)
        or row.table in protect.tables
        or row.protocol in protect.protocols
    )


def _is_kept(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    row = _takes(proposal.step)
    return isinstance(row, Route) and row.destination in scene.memory.kept


def _stood_in_proven_baseline(proposal: Proposal, scene: Scene, wishes: Wishes) -> bool:
    row = _takes(proposal.step)
    if row is None:
        return False
    baseline = case_of(row, scene).baseline
    if baseline is None or not baseline.proven or baseline.tainted or not scene.stood_in(baseline, row):
        return False
    return not (named(row, wishes.only) and NEED_A_NAME & {*proposal.finding.evidence})


def named(row: Route | PolicyRule, only: frozenset[str]) -> bool:
    """Tell whether `--only` names this row; "default" names the default of either family."""
    destination = row.destination
    if destination is None:
        return False
    return destination in only or (destination in {"0.0.0.0/0", "::/0"} and "default" in only)


def _came_back(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    row = _takes(proposal.step)
    return row is not None and was_deleted_before(row, scene)


def _was_taken_back(proposal: Proposal, scene: Scene, wishes: Wishes) -> bool:
    """Tell whether an undo took the same step back since the session opened that brought it: that was a decision.

    A person may decide anew; unattended, the undo of what cut somebody off would be undone.
    """
    if wishes.limit is None or not scene.memory.taken_back:
        return False
    row, number = proposal.finding.row, proposal.finding.session
    since = next((session.opened.boot for session in scene.memory.sessions if session.id == number), 0.0)
    return any(back.at.boot >= since and same(back.row, row) for back in scene.memory.taken_back)


def _is_enough(_proposal: Proposal, _scene: Scene, wishes: Wishes) -> bool:
    return wishes.limit is not None and wishes.resting


def _is_connecting(_proposal: Proposal, scene: Scene, wishes: Wishes) -> bool:
    now = scene.now.taken.boot
    young_tunnel = any(s.is_open and now - s.opened.boot < wishes.grace for s in scene.memory.sessions)
    holders = [link.owner for name in scene.held if (link := scene.links[name]).owner]
    known = {(p.pid, p.started) for p in (*holders, *(s.holder for s in scene.memory.sessions if s.holder))}
    return young_tunnel or any(
        _is_young(process, now, wishes.grace) and (process.pid, process.started) not in known
        for process in scene.now.processes
        if client_of_process(process.name, scene.signatures) is not None
    )


def _is_young(process: Process, now: float, grace: float) -> bool:
    return 0 <= now - process.started / TICKS < grace


def _is_blind_to_logins(proposal: Proposal, scene: Scene, wishes: Wishes) -> bool:
    if wishes.login_peers is not None:
        return False
    return _takes(proposal.step) is not None or may_reroute(proposal.step, scene)


def _is_the_routers(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    step = proposal.step
    restores = step.action != "delete" and step.rule != "undo"  # what we took ourselves goes back as it was
    row = step.route or step.policy_rule
    return restores and row is not None and is_advertised(row, scene.now.platform)


def _finds_ipv6_off(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    route = proposal.step.route
    if proposal.step.action == "delete" or route is None or route.family != "inet6":
        return False
    return any(is_off(scene.links.get(leg.interface or "")) for leg in route.nexthops or (route,))


def _would_be_set_again(proposal: Proposal, scene: Scene, _wishes: Wishes) -> bool:
    row = _takes(proposal.step)
    return scene.now.platform == "macos" and isinstance(row, Route) and is_loopback_default(row)


STANDING: tuple[Standing, ...] = (
    Standing("incomplete", "the table could not be read completely", _is_incomplete),
    Standing("unsure", "the table changed while it was read", _is_unsure),
    Standing("unsettled", "the table has not come to rest", _is_unsettled),
    Standing("inexpressible", "it has an attribute that routewatch could not write back", _is_inexpressible),
    Standing("kernel-made", "the kernel made it", _is_kernel_made),
    Standing("set-again", "macOS would set it again as long as its cause is there", _would_be_set_again),
    Standing("advertised", "a router advertises it; a static copy would outlive the router", _is_the_routers),
    Standing(
        "ipv6-disabled",
        "IPv6 is switched off on its link (disable_ipv6): no IPv6 route can stand there",
        _finds_ipv6_off,
    ),
    Standing("protected", "the configuration protects it", _is_protected),
    Standing("kept", "you said that it is yours (routewatch keep)", _is_kept),
    Standing("in-proven-baseline", "it stood in the baseline", _stood_in_proven_baseline),
    Standing("came-back", "somebody brought it back after routewatch had deleted it", _came_back),
    Standing("taken-back", "an undo took this very step back; it needs a person to take it again", _was_taken_back),
    Standing("rate-limit", "unattended, enough was done in the last ten minutes; a person decides", _is_enough),
    Standing("connecting", "a VPN is connecting at this moment", _is_connecting),
    Standing("logins-unknown", "whether it carries a remote login could not be looked up", _is_blind_to_logins),
)


def refusal(proposal: Proposal, scene: Scene, wishes: Wishes) -> Refusal | None:
    """Return the first standing refusal that applies to a step."""
    for standing in STANDING:
        if standing.applies(proposal, scene, wishes):
            return refused(proposal, standing.name, standing.sentence)
    return None


def refused(proposal: Proposal, name: str, sentence: str) -> Refusal:
    """Make a refusal of a proposal."""
    finding = proposal.finding
    return Refusal(rule=name, because=sentence, route=finding.route, policy_rule=finding.policy_rule)
