"""``cleanup``: wait, look, judge, plan, show, ask, look again, act, look once more, report.

Dry-run is printing the plan and stopping. Without a terminal and without --yes the plan is printed and nothing is done.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from routewatch.commands.acting import Acted, act, begin, verify
from routewatch.commands.archive import StoredStep
from routewatch.commands.keep import destinations
from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.recovery import recover
from routewatch.commands.waiting import acting, require_privilege, wait_and_look
from routewatch.core.diff import steady
from routewatch.core.plan import Plan, plan
from routewatch.core.refusals import Refusal, Wishes
from routewatch.core.timeline import same_row
from routewatch.render.plan import plan_text, refusal_object, refusals_text, step_object, taken_text
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step
    from routewatch.store.database import Store


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do and how far."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")
    asking = parser.add_mutually_exclusive_group()
    asking.add_argument("--yes", action="store_true", help="do not ask")
    asking.add_argument("--unattended", action="store_true", help="only what is certain, and never ask (for hooks)")
    parser.add_argument("--session", type=int, metavar="ID", help="only what this session left")
    parser.add_argument(
        "--only", action="append", default=[], metavar="DEST", help='only this; "default" is both defaults'
    )
    parser.add_argument("--no-restore", action="store_true", help="delete, but put nothing back")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Clean up. Raises PermissionRefusedError before anything is touched, ObservationError, StateError."""
    wishes = _asked(arguments, context)
    if arguments.dry_run:
        with context.store(readonly=True) as store:
            observer = Observer(context, store, writes=False)
            scene, settled = wait_and_look(context, observer, grace=False)
            found = findings(scene)
        planned = plan(found, scene, replace(wishes, settled=settled))
        return _show(context, planned, remaining=len(open_findings(found)), dry_run=True)
    with acting(context) as (store, observer):
        scene, settled = wait_and_look(context, observer, grace=True)
        for line in recover(store, scene):
            context.note(line)
        found = findings(scene)
        planned = plan(found, scene, replace(wishes, settled=settled))
        if not planned.steps or not _agreed(arguments, context, planned):
            return _show(context, planned, remaining=len(open_findings(found)), dry_run=False)
        return clean(context, store, observer, (planned, wishes)).report(context)


def _asked(arguments: argparse.Namespace, context: Context) -> Wishes:
    confidences = {"certain"} if arguments.unattended else {"certain", "likely"}
    return replace(
        _wishes(frozenset(confidences), context),
        only=frozenset(name for text in arguments.only for name in destinations(text)),
        session=arguments.session,
        restore=not arguments.no_restore,
        limit=context.settings.max_routes if arguments.unattended else None,
    )


def _wishes(confidences: frozenset[str], context: Context) -> Wishes:
    return Wishes(
        confidences=confidences,
        protect=context.protection,
        login_peers=context.host.login_peers(),
        grace=context.settings.grace,
        limit=context.settings.max_routes,
    )


def _agreed(arguments: argparse.Namespace, context: Context, planned: Plan) -> bool:
    """Show the plan and ask; without a terminal nobody can be asked, and nothing is agreed to."""
    if arguments.unattended:
        return True
    if arguments.yes:
        context.say(plan_text(planned))
        return True
    if context.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    context.say(plan_text(planned))
    context.flush()
    sys.stderr.write(f"\nTake {'this step' if len(planned.steps) == 1 else 'these steps'}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _show(context: Context, planned: Plan, *, remaining: int, dry_run: bool) -> int:
    """Report a plan that is not carried out."""
    if context.json:
        steps = [step_object(n, step, "planned") for n, step in enumerate(planned.steps, start=1)]
        context.emit(document(steps, planned.refused, {"dry_run": dry_run, "remaining": remaining}))
    elif planned.steps or planned.refused:
        context.say(plan_text(planned))
        if planned.steps:
            context.say("\nnothing was changed" + ("" if dry_run else ": say --yes to take these steps"))
    else:
        context.say("there is nothing to clean up")
    return 1 if planned.steps or planned.refused or remaining else 0


def document(steps: list[dict[str, Any]], refused: tuple[Refusal, ...], more: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a cleanup or undo, carried out or not."""
    return {
        "dry_run": False,
        "changed": any(step["status"] == "done" for step in steps),
        "cleanup_id": None,
        "steps": steps,
        "refused": [refusal_object(refusal) for refusal in refused],
    } | more


class Cleaned(Struct, frozen=True, kw_only=True):
    """How a cleanup ended."""

    acted: Acted
    refused: tuple[Refusal, ...]
    remaining: int

    @property
    def done(self) -> int:
        """Count the steps that were done."""
        return sum(entry.status == "done" for entry in self.acted.taken)

    def report(self, context: Context) -> int:
        """Say what was done and what is left, and return the exit status."""
        taken = self.acted.taken
        if context.json:
            steps = [step_object(e.n, e.step, e.status, e.detail) for e in taken]
            more = {"cleanup_id": self.acted.cleanup, "remaining": self.remaining}
            context.emit(document(steps, self.refused, more))
        else:
            context.say("\n".join([*map(taken_text, taken), *refusals_text(self.refused)]))
            context.say(f"cleanup {self.acted.cleanup}: {self.done} of {len(taken)} done, {self.remaining} remain")
            if self.done:
                context.say(f"routewatch undo {self.acted.cleanup} takes it back")
        if self.acted.denied is not None:
            context.note(f"stopped: {self.acted.denied.message}")
            return self.acted.denied.exit_status
        failed = any(entry.status == "failed" for entry in taken)
        return 1 if failed or self.refused or self.remaining else 0


def clean(context: Context, store: Store, observer: Observer, intent: tuple[Plan, Wishes]) -> Cleaned:
    """Look again, take the steps that still are right, and verify them. Raises ObservationError, StateError."""
    planned, wishes = intent
    scene = observer.look()
    again = plan(findings(scene), scene, wishes)
    rows = {_row(step) for step in planned.steps}
    steps = tuple(step for step in again.steps if _row(step) in rows)
    cleanup = begin(store.journal, context.host, tuple(_stored(step, scene) for step in steps))
    acted = act(store.journal, context.host, cleanup, steps)
    after = observer.look()
    acted = verify(store.journal, acted, after)
    store.journal.finish(cleanup, "done")
    remaining = open_findings(findings(observer.scene(after.now)))
    done = sum(entry.status == "done" for entry in acted.taken)
    observer.log("cleaned", after.now, f"cleanup {cleanup}: {done} of {len(acted.taken)} steps done")
    return Cleaned(acted=acted, refused=again.refused, remaining=len(remaining))


def clean_unattended(context: Context, store: Store, observer: Observer) -> Cleaned | None:
    """Take the steps that are certain, as the service does by itself; None where there are none, or others act.

    Raises PermissionRefusedError, ObservationError, StateError.
    """
    require_privilege(context)
    lock = try_lock(context.state_dir, "act.lock")
    if lock is None:
        return None
    with lock:
        wishes = _wishes(frozenset({"certain"}), context)
        scene = observer.look()
        planned = plan(findings(scene), scene, wishes)
        return clean(context, store, observer, (planned, wishes)) if planned.steps else None


def _row(step: Step) -> tuple[object, ...]:
    return (step.action, step.route and steady(step.route), step.policy_rule)


def _stored(step: Step, scene: Scene) -> StoredStep:
    """Keep with the step the trace of its row, so that an undo gives the row back to its session."""
    row = step.route or step.policy_rule
    for session in scene.memory.sessions:
        for trace in (*session.appeared, *session.vanished):
            if row is not None and same_row(trace, row):
                return StoredStep(step=step, session=session.id, trace=trace)
    return StoredStep(step=step)
