"""What a crash in the middle of a cleanup left: what was done is verified, what was not is dropped, both are reported.

Nothing is done twice: only the journal is brought in line with what the table shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routewatch.commands.acting import shows
from routewatch.commands.archive import StoredStep
from routewatch.render.findings import row_text
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store
    from routewatch.store.journal import CleanupRow, StepRow


def recovered(context: Context, store: Store, scene: Scene) -> tuple[str, ...]:
    """Recover where something was interrupted and nobody is acting at this moment. Raises StateError."""
    if not store.journal.unfinished(scene.now.place):
        return ()
    lock = try_lock(context.state_dir, "act.lock")
    if lock is None:
        return ()  # it is not interrupted, it is going on
    with lock:
        return recover(store, scene)


def recover(store: Store, scene: Scene) -> tuple[str, ...]:
    """Close every cleanup that never ended, and return what a person should know. Raises StateError."""
    told: list[str] = []
    for cleanup in store.journal.unfinished(scene.now.place):
        told.append(f"{cleanup.kind} {cleanup.id} was interrupted:")
        told += [f"  {_recovered(store, cleanup, row, scene)}" for row in cleanup.steps]
        store.journal.finish(cleanup.id, "interrupted")
        if cleanup.undoes is not None and cleanup.kind == "undo":
            told.append(f"  routewatch undo {cleanup.undoes} goes on with it")
    return tuple(told)


def _recovered(store: Store, cleanup: CleanupRow, row: StepRow, scene: Scene) -> str:
    step = msgspec.msgpack.decode(row.value, type=StoredStep).step
    subject = step.route or step.policy_rule
    said = f"{step.action} {row_text(subject)}" if subject is not None else step.action
    if row.status == "doing":
        if shows(step, scene):
            store.journal.mark(cleanup.id, row.n, "done", "seen to be done after an interruption")
            return f"{said}: was done"
        store.journal.mark(cleanup.id, row.n, "skipped", "interrupted before it was done")
        return f"{said}: was not done, and is dropped"
    if row.status == "planned":
        store.journal.mark(cleanup.id, row.n, "skipped", "interrupted before its turn")
        return f"{said}: its turn had not come, and it is dropped"
    return f"{said}: {row.status}"
