"""Takes the steps of a plan: each is in the journal before it is tried, and its outcome right after.

One step at a time; the first lack of privilege ends it all, a failure ends its group. What was done is proven by the
next look at the table, not by the kernel's answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.commands.archive import StoredStep, pack
from routewatch.core.steps import Step, Taken, inverse
from routewatch.errors import KernelRefusedError, PermissionRefusedError, RoutewatchError
from routewatch.store.journal import CleanupRow, Kind

if TYPE_CHECKING:
    from routewatch.core.scene import Scene
    from routewatch.host.port import Host
    from routewatch.store.journal import Journal


class Acted(Struct, frozen=True, kw_only=True):
    """A cleanup or undo that was carried out, as far as it came."""

    cleanup: int
    taken: tuple[Taken, ...]
    denied: PermissionRefusedError | None = None


def begin(journal: Journal, host: Host, steps: tuple[StoredStep, ...], undoes: int | None = None) -> int:
    """Write the plan down, durably, and return the number of the cleanup. Raises StateError."""
    now = host.now()
    kind: Kind = "cleanup" if undoes is None else "undo"
    row = CleanupRow(place=host.place(), wall=now.wall, boot=now.boot, kind=kind, undoes=undoes)
    return journal.begin(row, [pack(step) for step in steps])


def act(journal: Journal, host: Host, cleanup: int, steps: tuple[Step, ...]) -> Acted:
    """Take the steps in their order. Raises StateError where the journal can't be written: nothing is done then."""
    taken: list[Taken] = []
    denied: PermissionRefusedError | None = None
    broken: set[str] = set()
    for n, step in enumerate(steps, start=1):
        if denied is not None or step.group in broken:
            detail = "nothing more was tried" if denied else "an earlier step of its group failed"
            taken.append(_mark(journal, cleanup, Taken(n=n, step=step, status="skipped", detail=detail)))
            continue
        journal.mark(cleanup, n, "doing")
        try:
            result = _attempt(host, n, step)
        except PermissionRefusedError as error:
            denied = error
            result = Taken(n=n, step=step, status="failed", detail=error.message)
        taken.append(_mark(journal, cleanup, result))
        if result.status == "failed" and step.group:
            broken.add(step.group)
            taken = _take_back(journal, host, cleanup, (taken, step.group))
    return Acted(cleanup=cleanup, taken=tuple(taken), denied=denied)


def _attempt(host: Host, n: int, step: Step) -> Taken:
    try:
        outcome = host.apply(step)
    except KernelRefusedError as error:
        return Taken(n=n, step=step, status="failed", detail=f"the kernel refused: {error.message}")
    if outcome == "done":
        return Taken(n=n, step=step, status="done")
    detail = "it was gone already, or was not this very row any more" if outcome == "absent" else "it was there already"
    return Taken(n=n, step=step, status="skipped", detail=detail)


def _mark(journal: Journal, cleanup: int, taken: Taken) -> Taken:
    journal.mark(cleanup, taken.n, taken.status, taken.detail)
    return taken


def _take_back(journal: Journal, host: Host, cleanup: int, of: tuple[list[Taken], str]) -> list[Taken]:
    """Undo the steps of a group that were done before one of it failed, the last first."""
    done, group = of
    result = list(done)
    for place in range(len(done) - 1, -1, -1):
        entry = done[place]
        if entry.status != "done" or entry.step.group != group:
            continue
        try:
            host.apply(inverse(entry.step))
        except RoutewatchError as error:
            detail = f"its group failed, and it could not be taken back: {error.message}"
            result[place] = _mark(journal, cleanup, replace(entry, detail=detail))
        else:
            undone = replace(entry, status="undone", detail="its group failed, so it was taken back")
            result[place] = _mark(journal, cleanup, undone)
    return result


def verify(journal: Journal, acted: Acted, scene: Scene) -> Acted:
    """Compare what was done with the table as it is now; a step the table doesn't show has failed."""
    return replace(acted, taken=tuple(_verified(journal, acted.cleanup, entry, scene) for entry in acted.taken))


def _verified(journal: Journal, cleanup: int, entry: Taken, scene: Scene) -> Taken:
    if entry.status != "done" or shows(entry.step, scene):
        return entry
    detail = "it came back at once" if entry.step.action == "delete" else "the table does not show it"
    return _mark(journal, cleanup, replace(entry, status="failed", detail=detail))


def shows(step: Step, scene: Scene) -> bool:
    """Tell whether the table is as the step wants it."""
    there = scene.has(step.route) if step.route is not None else step.policy_rule in scene.now.rules
    return there == (step.action != "delete")
