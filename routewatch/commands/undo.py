"""``undo``: takes a cleanup back, its last step first, under the same checks as the cleanup itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routewatch.commands.acting import Acted, act, begin, shows, verify
from routewatch.commands.archive import StoredStep
from routewatch.commands.cleanup import document
from routewatch.commands.recovery import recover
from routewatch.commands.waiting import acting, wait_and_look
from routewatch.core.refusals import Wishes
from routewatch.core.steps import Step, inverse
from routewatch.core.undo import plan_undo
from routewatch.errors import UsageError
from routewatch.render.findings import row_text
from routewatch.render.plan import plan_text, refusals_text, step_object, taken_text

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.plan import Plan
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store
    from routewatch.store.journal import CleanupRow


def add(parser: argparse.ArgumentParser) -> None:
    """Take which cleanup."""
    parser.add_argument("cleanup", nargs="?", type=int, metavar="CLEANUP", help="its number (default: the latest)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Take it back. Raises PermissionRefusedError before anything is touched, UsageError, StateError."""
    with acting(context) as (store, observer):
        scene, settled = wait_and_look(context, observer, grace=False)
        for line in recover(store, scene):
            context.note(line)
        cleanup = _cleanup(store, context, arguments.cleanup)
        done = {row.n: _step(row.value) for row in cleanup.steps if row.status == "done"}
        planned = plan_undo(done.values(), scene, _wishes(context, settled=settled))
        if arguments.dry_run:
            return _show(context, cleanup, planned)
        number = begin(store.journal, context.host, tuple(StoredStep(step=s) for s in planned.steps), cleanup.id)
        acted = act(store.journal, context.host, number, planned.steps)
        scene = observer.look()
        acted = verify(store.journal, acted, scene)
        store.journal.finish(number, "done")
        left = _close(store, cleanup, done, scene)
        observer.log("cleaned", scene.now, f"cleanup {cleanup.id} was taken back, {len(left)} steps of it remain")
        return _report(context, cleanup, (acted, planned), left)


def _wishes(context: Context, *, settled: bool) -> Wishes:
    return Wishes(
        protect=context.protection,
        login_peers=context.host.login_peers(),
        grace=context.settings.grace,
        settled=settled,
    )


def _cleanup(store: Store, context: Context, number: int | None) -> CleanupRow:
    """Return the cleanup to take back: the one named, or the latest that still stands."""
    if number is None:
        rows = store.journal.recent(context.host.place(), 100)
        found = next((row for row in rows if row.kind == "cleanup" and row.state != "undone"), None)
    else:
        found = store.journal.get(number)
    if found is None:
        raise UsageError("there is no cleanup to take back" if number is None else f"there is no cleanup {number}")
    if found.kind == "undo" or found.state == "undone":
        raise UsageError(f"{number} was taken back already, or is an undo itself")
    if found.place != context.host.place():
        raise UsageError(
            f"cleanup {found.id} was made in another boot or network namespace: its routes mean nothing here"
        )
    return found


def _step(value: bytes) -> Step:
    return msgspec.msgpack.decode(value, type=StoredStep).step


def _show(context: Context, cleanup: CleanupRow, planned: Plan) -> int:
    if context.json:
        steps = [step_object(n, step, "planned") for n, step in enumerate(planned.steps, start=1)]
        context.emit(document(steps, planned.refused, {"dry_run": True, "cleanup_id": cleanup.id, "remaining": 0}))
    else:
        context.say(plan_text(planned) or "there is nothing to take back")
    return 1 if planned.steps or planned.refused else 0


def _close(store: Store, cleanup: CleanupRow, done: dict[int, Step], scene: Scene) -> list[Step]:
    """Mark in the journal what is back, and return what is not: the undo of those can be tried again."""
    left = []
    for n, step in done.items():
        if shows(inverse(step), scene):
            store.journal.mark(cleanup.id, n, "undone")
        else:
            left.append(step)
    if not left:
        store.journal.finish(cleanup.id, "undone")
    return left


def _report(context: Context, cleanup: CleanupRow, outcome: tuple[Acted, Plan], left: list[Step]) -> int:
    acted, planned = outcome
    if context.json:
        steps = [step_object(entry.n, entry.step, entry.status, entry.detail) for entry in acted.taken]
        more = {"cleanup_id": acted.cleanup, "undoes": cleanup.id, "remaining": len(left)}
        context.emit(document(steps, planned.refused, more))
    else:
        context.say("\n".join([*map(taken_text, acted.taken), *refusals_text(planned.refused)]))
        for step in left:
            why = ", which waits until its next hop is in reach" if step.conditional else ""
            row = step.route or step.policy_rule
            context.say(f"not taken back{why}: {row_text(row) if row is not None else ''}")
        context.say(f"cleanup {cleanup.id} is taken back" + (f", but for {len(left)} of its steps" if left else ""))
    if acted.denied is not None:
        context.note(f"stopped: {acted.denied.message}")
        return acted.denied.exit_status
    return 1 if left or planned.refused else 0
