"""``undo``: takes a cleanup back, its last step first, under the same checks as the cleanup itself."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.arming import dismiss
from routewatch.commands.cleaning import wishes_of
from routewatch.commands.observer import Observer
from routewatch.commands.pending import pending, pending_text
from routewatch.commands.recovery import LOOKED_BACK, done_steps, foreseen, recover
from routewatch.commands.report import Prospect, document, report, show
from routewatch.commands.taking_back import Returned, WayBack, take_back, way_back
from routewatch.commands.waiting import acting, require_privilege, wait_and_look
from routewatch.errors import StateError, UsageError
from routewatch.render.findings import row_text

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.refusals import Wishes
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store
    from routewatch.store.journal import CleanupRow


def add(parser: argparse.ArgumentParser) -> None:
    """Take which cleanup."""
    parser.add_argument("cleanup", nargs="?", type=int, metavar="CLEANUP", help="its number (default: the latest)")
    parser.add_argument(
        "--dry-run", action="store_true", help="show the plan and change nothing; exit status 1 if there is one"
    )
    parser.add_argument("--unless-confirmed", action="store_true", help=argparse.SUPPRESS)  # what --confirm-within runs


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Take it back. Raises PermissionRefusedError before anything is touched, UsageError, StateError."""
    if arguments.unless_confirmed:
        return _at_its_deadline(arguments, context)
    if arguments.dry_run:
        with context.store(readonly=True) as store:
            scene, settled = wait_and_look(context, Observer(context, store, writes=False))
            cleanup = _chosen(arguments, context, store, foreseen(context, store, scene))
            return 0 if cleanup is None else _show(context, cleanup, scene, settled=settled)
    require_privilege(context)
    with context.store() as store:
        # told without the lock of those who act: a terminal that nobody reads any more may never take it
        with acting(context, store) as observer:
            way, returned = _taken_back(arguments, context, store, observer)
        if returned is None or way is None:
            return 0
        status = _report(context, way, returned)
        with suppress(StateError):  # all that was done is told
            for each in pending(context, store) if returned.left else ():
                context.note(pending_text(each))
        return status


def _at_its_deadline(arguments: argparse.Namespace, context: Context) -> int:
    from routewatch.commands.armed import wait_and_take_back

    if arguments.cleanup is None or arguments.dry_run:
        raise UsageError("--unless-confirmed takes the number of a cleanup, and no --dry-run")
    return wait_and_take_back(context, arguments.cleanup)


def _taken_back(
    arguments: argparse.Namespace, context: Context, store: Store, observer: Observer
) -> tuple[WayBack | None, Returned | None]:
    scene, settled = wait_and_look(context, observer)
    for line in recover(store, scene):
        context.note(line)
    cleanup = _chosen(arguments, context, store, store.journal.recent(scene.now.place, LOOKED_BACK))
    if cleanup is None:
        return None, None
    way = way_back(cleanup, scene, _wishes(context, settled=settled))
    returned = take_back(context, store, observer, way)
    if returned.acted.stopped is None and not returned.left:
        with suppress(StateError):  # who waits for its deadline will find nothing left to take back
            store.confirmations.undone(cleanup.id, context.host.now().wall)
        dismiss(context, cleanup.id)
    return way, returned


def _show(context: Context, cleanup: CleanupRow, scene: Scene, *, settled: bool) -> int:
    """Show what would take it back."""
    planned = way_back(cleanup, scene, _wishes(context, settled=settled)).plan
    prospect = Prospect(remaining=len(planned.steps), settled=settled, cleanup=cleanup.id)
    if planned.steps or planned.refused:
        context.say(f"to take back cleanup {cleanup.id}:")
    return show(context, planned, prospect, f"there is nothing to take back of cleanup {cleanup.id}")


def _wishes(context: Context, *, settled: bool) -> Wishes:
    return replace(wishes_of(context), settled=settled, login_peers=context.host.login_peers())


def _chosen(
    arguments: argparse.Namespace, context: Context, store: Store, recent: list[CleanupRow]
) -> CleanupRow | None:
    """Return the cleanup to take back: the one named, or the latest that still stands.

    None where the latest thing done was cut short and nothing of it stands: who says no number means that, and is told
    so, rather than that an older one is taken back. Raises UsageError.
    """
    if arguments.cleanup is not None:
        return _named(context, store, arguments.cleanup, recent)
    standing = next((r for r in recent if r.kind == "cleanup" and r.state != "undone" and done_steps(r)), None)
    empty = _cut_short(recent)
    if empty is not None:
        before = f" (routewatch undo {standing.id} takes back the one before)" if standing is not None else ""
        context.report(f"{empty}{before}")
        if context.json:
            more = {"dry_run": True} if arguments.dry_run else {"undoes": None}
            context.emit(document((), (), {**more, "remaining": 0}))
        return None
    if standing is None:
        raise UsageError("there is no cleanup to take back")
    return standing


def _cut_short(recent: list[CleanupRow]) -> str | None:
    """Say what the latest cleanup or undo was, where it was interrupted and nothing is left to take back of it."""
    latest = next(iter(recent), None)
    if latest is None or latest.state != "interrupted":
        return None
    if latest.kind == "cleanup":
        return None if done_steps(latest) else f"cleanup {latest.id} had done nothing: nothing to take back"
    undone = next((row for row in recent if row.id == latest.undoes), None)
    is_back = undone is not None and undone.state == "undone"
    return f"cleanup {latest.undoes} is taken back already: nothing more to take back" if is_back else None


def _named(context: Context, store: Store, number: int, recent: list[CleanupRow]) -> CleanupRow:
    found = next((row for row in recent if row.id == number), None) or store.journal.get(number)
    if found is None:
        raise UsageError(f"there is no cleanup {number}")
    if found.kind == "undo" or found.state == "undone":
        raise UsageError(f"{number} was taken back already, or is an undo itself")
    if found.place != context.host.place():
        raise UsageError(
            f"cleanup {found.id} was made in another boot or network namespace: its routes mean nothing here"
        )
    return found


def _report(context: Context, way: WayBack, returned: Returned) -> int:
    acted, cleanup, left = returned.acted, way.cleanup, returned.left
    status = report(context, acted, way.plan.refused, {"undoes": cleanup.id, "remaining": len(left)})
    for step in left:
        why = ", which waits until its next hop is in reach" if step.conditional else ""
        row = step.route or step.policy_rule
        context.report(f"not taken back{why}: {row_text(row) if row is not None else ''}")
    said = f"undo {acted.cleanup}: cleanup {cleanup.id} is taken back"
    context.report(said + (f", but for {len(left)} of its steps" if left else ""))
    return status
