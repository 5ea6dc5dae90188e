"""Carries a plan out: looks again, takes the steps that still are right, looks once more, and counts what remains.

Whoever calls has asked, and holds the lock of those who act. What was done is told even where the last look fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.commands.acting import Acted, Actor, Intent, unverified, verify
from routewatch.commands.archive import StoredStep
from routewatch.commands.arming import arming, disarm
from routewatch.commands.budget import unattended
from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.pending import Pending, pending, pending_text
from routewatch.commands.report import objects, report
from routewatch.commands.waiting import require_privilege
from routewatch.core.diff import steady
from routewatch.core.guard import Guard
from routewatch.core.memory import Event
from routewatch.core.plan import Plan, plan
from routewatch.core.refusals import Refusal, Wishes
from routewatch.core.remarks import Remark, remarks
from routewatch.core.scene import Scene
from routewatch.core.steps import inverse
from routewatch.core.timeline import steady_row
from routewatch.core.verdict import Finding, Verdict
from routewatch.errors import ObservationError, StateError
from routewatch.render.plan import command
from routewatch.render.remarks import remark_text
from routewatch.render.times import iso
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    from typing import TypeAlias

    from routewatch.commands.context import Context
    from routewatch.core.memory import Trace
    from routewatch.core.model import Moment, PolicyRule, Route
    from routewatch.core.steps import Step, Taken
    from routewatch.store.database import Store

    Row: TypeAlias = Route | PolicyRule
    StoredTrace: TypeAlias = tuple[int | None, Trace | None]

CHANGED = "the table has changed since it was planned: it would not be planned now"
OTHERS_CHANGED = "another step of its group is not right any more, and a group is taken as a whole"


class Intended(Struct, frozen=True, kw_only=True):
    """A plan that was agreed to: what was wished for, and the scene it was made in."""

    plan: Plan
    wishes: Wishes
    scene: Scene
    within: float | None = None  # seconds in which it is to be confirmed, or it is undone


class Cleaned(Struct, frozen=True, kw_only=True):
    """How a cleanup ended."""

    acted: Acted
    refused: tuple[Refusal, ...]
    remaining: int
    remarks: tuple[Remark, ...] = ()
    pending: Pending | None = None  # it is to be confirmed

    @property
    def done(self) -> int:
        """Count the steps that were done."""
        return sum(entry.status == "done" for entry in self.acted.taken)

    def report(self, context: Context) -> int:
        """Say what was done and what is left, and return the exit status."""
        more = {"remaining": self.remaining, "remarks": objects(self.remarks)}
        if self.pending is not None:
            more |= {"confirm_within": self.pending.row.within, "confirm_by": iso(self.pending.by)}
        status = report(context, self.acted, self.refused, more)
        number, tried = self.acted.cleanup, len(self.acted.taken)
        context.report(f"cleanup {number}: {self.done} of {tried} done, {self.remaining} remain")
        if self.done:
            context.report(f"routewatch undo {number} takes it back")
        if self.pending is not None:
            context.report(pending_text(self.pending))
        for remark in self.remarks:
            context.report(remark_text(remark))
        return status


def clean(context: Context, store: Store, observer: Observer, intended: Intended) -> Cleaned:
    """Look again, take the steps that still are right, and verify them. Raises ObservationError, StateError.

    It raises nothing once a step was taken: what hindered it then is in the outcome.
    """
    scene = observer.look(intended.scene.rows)
    if observer.trouble is not None:
        raise observer.trouble
    found, wishes = findings(scene), intended.wishes
    if wishes.limit is not None:  # somebody else may have spent it meanwhile
        wishes = unattended(context, store, wishes)
    again = plan_for(context, scene, found, wishes)
    arm = None if intended.within is None else arming(context, store, intended.within)
    acted = Actor(store.journal, context.host, Guard(scene, again.logins), arm).act(
        _intents(intended.plan, again, scene)
    )
    try:
        acted, remaining = _verify(store, observer, acted, scene)
    except (ObservationError, StateError) as error:
        done = sum(entry.status == "done" for entry in acted.taken)
        acted = replace(acted, stopped=acted.stopped or unverified(error))
        remaining = max(0, len(open_findings(found)) - done)
    return Cleaned(
        acted=acted,
        refused=again.refused,
        remaining=remaining,
        remarks=remarks(scene),
        pending=None if intended.within is None else _to_confirm(context, store, acted),
    )


def _to_confirm(context: Context, store: Store, acted: Acted) -> Pending | None:
    """Return until when a cleanup is to be confirmed; None where it has done nothing that could be undone."""
    try:
        found = next((each for each in pending(context, store) if each.row.cleanup == acted.cleanup), None)
        if found is None or any(entry.status == "done" for entry in acted.taken):
            return found
        disarm(context, store, acted.cleanup)
    except StateError:  # that it is armed stands on disk, and its process knows it
        pass
    return None


def _verify(store: Store, observer: Observer, acted: Acted, before: Scene) -> tuple[Acted, int]:
    after = observer.look(before.rows)
    acted = verify(store.journal, acted, after)
    store.journal.finish(acted.cleanup, "done")
    remaining = open_findings(findings(observer.scene(after.now, after.rows)))
    done = sum(entry.status == "done" for entry in acted.taken)
    said = f"cleanup {acted.cleanup}: {done} of {len(acted.taken)} steps done"
    at, traces = after.now.taken, _traces(before)
    told = [_act_told(acted.cleanup, each, traces, at) for each in acted.taken if each.status == "done"]
    observer.log(after.now, *told, Event(kind="cleaned", at=at, detail=said))
    return acted, len(remaining)


def _act_told(cleanup: int, taken: Taken, traces: dict[Row | None, StoredTrace], at: Moment) -> Event:
    """Return what the log says of one act: with what takes it back by hand, should nothing else be left."""
    step = taken.step
    return Event(
        kind="cleaned",
        at=at,
        session=_stored(step, traces).session,
        route=step.route,
        policy_rule=step.policy_rule,
        detail=f"by step {taken.n} of cleanup {cleanup}: {command(step)} # taken back by: {command(inverse(step))}",
    )


def clean_unattended(context: Context, store: Store, observer: Observer) -> Cleaned | None:
    """Take the steps that are certain, as the service does by itself.

    Nothing is taken where all of them are refused; None where there are none, others act, or a cleanup is to be
    confirmed first. Raises PermissionRefusedError,
    ObservationError, StateError.
    """
    require_privilege(context)
    lock = try_lock(context.state_dir, "act.lock")
    if lock is None:
        return None
    with lock:
        if store.confirmations.pending(context.host.place()):
            return None  # somebody is finding out whether he can live with what was done last
        scene = observer.look()
        if observer.trouble is not None:
            raise observer.trouble  # what is remembered may be old
        wishes = unattended(context, store, replace(wishes_of(context), confidences=frozenset({"certain"})))
        planned = plan_for(context, scene, findings(scene), wishes)
        intended = Intended(plan=planned, wishes=wishes, scene=scene)
        if planned.steps:
            return clean(context, store, observer, intended)
        return Cleaned(acted=Acted(cleanup=0), refused=planned.refused, remaining=0) if planned.refused else None


def wishes_of(context: Context) -> Wishes:
    """Return what the configuration says to any plan."""
    return Wishes(protect=context.protection, grace=context.settings.grace)


def plan_for(context: Context, scene: Scene, found: tuple[Finding, ...], wishes: Wishes) -> Plan:
    """Plan what the findings ask for; the remote logins are looked up only where there is something to plan."""
    if any(finding.verdict is not Verdict.EXPECTED for finding in found):
        wishes = replace(wishes, login_peers=context.host.login_peers())
    return plan(found, scene, wishes)


def _intents(planned: Plan, again: Plan, scene: Scene) -> list[Intent]:
    """Return the planned steps in their order, each as it is right now; what is refused now is told as that.

    A step that is not right any more takes its group with it: a group is taken as a whole or not at all.
    """
    right = {_row(step): step for step in again.steps}
    broken = {step.group for step in planned.steps if step.group and _row(step) not in right}
    refused = {(refusal.route and steady(refusal.route), refusal.policy_rule) for refusal in again.refused}
    traces = _traces(scene)
    intents = []
    for step in planned.steps:
        if _row(step) in right:
            why_not = OTHERS_CHANGED if step.group in broken else ""
            intents.append(Intent(stored=_stored(right[_row(step)], traces), why_not=why_not))
        elif _row(step)[1:] not in refused:
            intents.append(Intent(stored=_stored(step, traces), why_not=CHANGED))
    return intents


def _row(step: Step) -> tuple[object, ...]:
    return (step.action, step.route and steady(step.route), step.policy_rule)


def _stored(step: Step, traces: dict[Row | None, StoredTrace]) -> StoredStep:
    """Keep with the step the trace of its row, so that an undo gives the row back to its session."""
    row = step.route or step.policy_rule
    session, trace = (None, None) if row is None else traces.get(steady_row(row), (None, None))
    return StoredStep(step=step, session=session, trace=trace)


def _traces(scene: Scene) -> dict[Row | None, StoredTrace]:
    """Return the first trace of every row, with its session."""
    found: dict[Row | None, StoredTrace] = {}
    for session in scene.memory.sessions:
        for trace in (*session.appeared, *session.vanished):
            if trace.row is not None:
                found.setdefault(steady_row(trace.row), (session.id, trace))
    return found
