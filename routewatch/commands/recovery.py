"""What a crash in the middle of a cleanup left: what was done is verified, what was not is dropped, both are reported.

Nothing is done twice: only the journal is brought in line with what the table shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.commands.acting import TAKING_BACK, shows
from routewatch.commands.archive import StoredStep, unpack
from routewatch.core.steps import Step, inverse
from routewatch.render.findings import row_text
from routewatch.store.journal import Mark
from routewatch.store.locks import holder, try_lock

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store
    from routewatch.store.journal import CleanupRow, StepRow

LOOKED_BACK = 100  # cleanups and undos


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
        found = [_found(row, scene) for row in cleanup.steps]
        store.journal.mark_all(cleanup.id, [each.mark for each in found if each.mark is not None])
        told.append(f"{cleanup.kind} {cleanup.id} was interrupted:")
        told += [f"  {each.said}" for each in found]
        undone = store.journal.get(cleanup.undoes) if cleanup.undoes is not None else None
        if undone is not None:
            left = close_undone(store, undone, scene)
            told.append(f"  routewatch undo {undone.id} goes on with it" if left else f"  {undone.id} is taken back")
        store.journal.finish(cleanup.id, "interrupted")
        _end_confirmation(store, undone or cleanup, scene)
    return tuple(told)


def _end_confirmation(store: Store, cleanup: CleanupRow, scene: Scene) -> None:
    """Let nobody wait for the confirmation of a cleanup that has done nothing, or of which nothing stands any more."""
    now = store.journal.get(cleanup.id)
    if now is None or done_steps(now):
        return
    if now.state == "undone":
        store.confirmations.undone(now.id, scene.now.taken.wall)
    else:
        store.confirmations.drop(now.id)


def foreseen(context: Context, store: Store, scene: Scene) -> list[CleanupRow]:
    """Return the newest cleanups and undos, newest first, as recover() would leave them. Raises StateError.

    While somebody acts nothing is interrupted, and they are as they are.
    """
    rows = store.journal.recent(scene.now.place, LOOKED_BACK)
    if not any(row.state == "acting" for row in rows) or holder(context.state_dir, "act.lock") is not None:
        return rows
    return [_foreseen(row, scene) if row.state == "acting" else row for row in rows]


def _foreseen(cleanup: CleanupRow, scene: Scene) -> CleanupRow:
    marks = {row.n: _found(row, scene).mark for row in cleanup.steps}
    steps = (
        row if (mark := marks[row.n]) is None else replace(row, status=mark.status, detail=mark.detail)
        for row in cleanup.steps
    )
    return replace(cleanup, state="interrupted", steps=tuple(steps))


def done_steps(cleanup: CleanupRow) -> dict[int, Step]:
    """Return the steps of a cleanup that were done and not taken back yet, by their numbers."""
    return {row.n: _step(row) for row in cleanup.steps if row.status == "done"}


def close_undone(store: Store, cleanup: CleanupRow, scene: Scene) -> list[Step]:
    """Mark in the journal what an undo brought back, and return what it did not: that can be tried again.

    Raises StateError.
    """
    done = done_steps(cleanup)
    back = {n for n, step in done.items() if shows(inverse(step), scene)}
    store.journal.mark_all(cleanup.id, [Mark(n, "undone") for n in sorted(back)])
    left = [step for n, step in done.items() if n not in back]
    if not left:
        store.journal.finish(cleanup.id, "undone")
    return left


class _Found(NamedTuple):
    """What became of a step, in words, and what the journal is to say where it says otherwise."""

    said: str
    mark: Mark | None = None


def _found(row: StepRow, scene: Scene) -> _Found:
    step = _step(row)
    subject = step.route or step.policy_rule
    said = f"{step.action} {row_text(subject)}" if subject is not None else step.action
    if row.status == "planned":
        mark = Mark(row.n, "skipped", "interrupted before its turn")
        return _Found(f"{said}: its turn had not come, and it is dropped", mark)
    if row.status not in {"doing", "done"}:
        return _Found(f"{said}: {row.status}")
    if shows(step, scene):
        mark = Mark(row.n, "done", "seen to be done after an interruption")
        return _Found(f"{said}: was done", mark if row.status == "doing" else None)
    if row.status == "done" or row.detail == TAKING_BACK:
        # Whoever took it back: a deletion that the table doesn't show must not accuse anybody of bringing it back.
        mark = Mark(row.n, "undone", "found to be taken back after an interruption")
        return _Found(f"{said}: was done, and is taken back", mark)
    mark = Mark(row.n, "skipped", "interrupted before it was done")
    return _Found(f"{said}: was not done, and is dropped", mark)


def _step(row: StepRow) -> Step:
    return unpack(row.value, StoredStep, "step").step
