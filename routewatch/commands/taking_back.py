"""Takes a cleanup back, its last step first, and brings the journal in line with what the table shows then.

Whoever calls has decided that it is to be taken back, and holds the lock of those who act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.commands.acting import Acted, Actor, Intent, unverified, verify
from routewatch.commands.archive import StoredStep
from routewatch.commands.recovery import close_undone, done_steps
from routewatch.core.guard import Guard
from routewatch.core.memory import Event
from routewatch.core.plan import Plan
from routewatch.core.steps import Step
from routewatch.core.undo import plan_undo
from routewatch.errors import ObservationError, StateError
from routewatch.store.journal import CleanupRow

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.commands.observer import Observer
    from routewatch.core.refusals import Wishes
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store


class WayBack(Struct, frozen=True, kw_only=True):
    """A cleanup, the steps that take it back, who watches over them, and what the log is to say of it."""

    cleanup: CleanupRow
    plan: Plan
    guard: Guard
    said: str = "was taken back"


class Returned(Struct, frozen=True, kw_only=True):
    """What became of the steps that take a cleanup back, and those of its steps that still stand."""

    acted: Acted
    left: tuple[Step, ...]


def way_back(cleanup: CleanupRow, scene: Scene, wishes: Wishes) -> WayBack:
    """Plan the way back from what a cleanup has done."""
    planned = plan_undo(done_steps(cleanup).values(), scene, wishes)
    return WayBack(cleanup=cleanup, plan=planned, guard=Guard(scene, planned.logins))


def take_back(context: Context, store: Store, observer: Observer, way: WayBack) -> Returned:
    """Take the steps and verify them. Raises StateError where nothing could be written or done."""
    cleanup = way.cleanup
    intents = [Intent(stored=StoredStep(step=step)) for step in way.plan.steps]
    acted = Actor(store.journal, context.host, way.guard).act(intents, undoes=cleanup.id)
    try:
        scene = observer.look()
        acted = verify(store.journal, acted, scene)
        # The undo is over only when its cleanup says so: after a kill in between, what is back would have "come back".
        left = close_undone(store, cleanup, scene)
        store.journal.finish(acted.cleanup, "done")
        said = f"cleanup {cleanup.id} {way.said}, {len(left)} steps of it remain"
        observer.log(scene.now, Event(kind="cleaned", at=scene.now.taken, detail=said))
    except (ObservationError, StateError) as error:
        acted = replace(acted, stopped=acted.stopped or unverified(error))
        left = [entry.step for entry in acted.taken if entry.status != "done"]
    return Returned(acted=acted, left=tuple(left))
