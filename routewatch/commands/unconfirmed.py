"""Cleanups that were to be confirmed and were not: they are taken back, by whoever comes first once their time is over.

That is the process which waits for it (armed.py), else the daemon, else the next command that acts. A remote login, a
VPN that connects or a table that does not rest hold this undo up no longer: it is the rescue of somebody who may be cut
off, and what it puts back was there when he could still reach the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.arming import dismiss
from routewatch.commands.cleaning import wishes_of
from routewatch.commands.pending import pending
from routewatch.commands.recovery import done_steps, recover
from routewatch.commands.taking_back import take_back, way_back
from routewatch.commands.waiting import acting, require_privilege, wait_and_look
from routewatch.core.scene import Scene
from routewatch.errors import ObservationError, UnconfirmedError
from routewatch.render.times import span
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.commands.context import Context
    from routewatch.commands.observer import Observer
    from routewatch.core.steps import Step
    from routewatch.store.database import Store

UNREST = 10.0  # seconds after the deadline in which a table that changes while it is read is read again
PASSING = frozenset({"incomplete", "unsure"})  # refusals that another look may lift
LOOK = "look at what is left then: routewatch cleanup --dry-run"
NOT_CONFIRMED = "was not confirmed in time, and was taken back"


def take_back_unconfirmed(
    context: Context, store: Store, observer: Observer, what: tuple[int, Scene]
) -> tuple[Step, ...] | None:
    """Take a cleanup back whose time is over, and return the steps of it that still stand.

    None where it was confirmed, or taken back, meanwhile. The caller holds the lock of those who act. Raises
    ObservationError, StateError, or what ended it before its end.
    """
    number, scene = what
    row = store.confirmations.get(number)
    if row is None or not store.confirmations.claim(number):
        return None
    recover(store, scene)
    cleanup = store.journal.get(number)
    left: tuple[Step, ...] = ()
    if cleanup is not None and done_steps(cleanup):
        wishes = replace(wishes_of(context), grace=0.0, login_peers=())
        seen = scene if scene.now.taken.boot < row.deadline + UNREST else _as_seen(scene)
        way = replace(way_back(cleanup, seen, wishes), said=NOT_CONFIRMED)
        if any(refusal.rule in PASSING for refusal in way.plan.refused):
            raise ObservationError("the table could not be read surely enough to take a cleanup back", "try again")
        returned = take_back(context, store, observer, way)
        if returned.acted.stopped is not None:
            raise returned.acted.stopped
        left = returned.left
    store.confirmations.undone(number, context.host.now().wall)
    dismiss(context, number)
    return left


def _as_seen(scene: Scene) -> Scene:
    """Return the scene with the table taken for what was read of it: it does not stop changing while it is read.

    A step back is compared once more by who takes it: a row that is not this very one is not deleted.
    """
    return Scene(replace(scene.now, unsure=()), scene.memory, scene.signatures)


def take_back_forsaken(context: Context, store: Store, observer: Observer, tell: Callable[[str], None]) -> bool:
    """Take back what was not confirmed in time and nobody else takes back; tell of it, and whether there was any.

    For who looks on by himself: nothing is done while somebody else is acting. Raises PermissionRefusedError,
    ObservationError, StateError.
    """
    forsaken = [each.row.cleanup for each in pending(context, store) if each.is_forsaken]
    if not forsaken:
        return False
    require_privilege(context)
    lock = try_lock(context.state_dir, "act.lock")
    if lock is None:
        return False
    with lock:
        for number in forsaken:
            left = take_back_unconfirmed(context, store, observer, (number, observer.look()))
            if left is not None:
                rest = f", but for {len(left)} of its steps" if left else ""
                tell(f"cleanup {number} {NOT_CONFIRMED}{rest}")
    return True


def require_none_late(context: Context, store: Store) -> None:
    """Take back what was not confirmed in time and nobody takes back. Raises UnconfirmedError where there was any.

    Its undo is what stays then, and nobody has asked for more in the light of that.
    """
    forsaken = [each.row.cleanup for each in pending(context, store) if each.is_forsaken]
    for number in forsaken:
        _take_back_now(context, store, number)
    if forsaken:
        numbers = " and ".join(map(str, forsaken))
        raise UnconfirmedError(
            f"cleanup {numbers} was not confirmed in time, and is taken back now; nothing else was done", LOOK
        )


def require_none_pending(context: Context, store: Store) -> None:
    """See that no cleanup awaits its confirmation. Raises UnconfirmedError."""
    for each in pending(context, store):
        number = each.row.cleanup
        if each.is_over:
            raise UnconfirmedError(f"cleanup {number} was not confirmed in time, and is being taken back", LOOK)
        raise UnconfirmedError(
            f"cleanup {number} is to be confirmed first: it is undone in {span(each.left)} otherwise",
            f"routewatch confirm {number} keeps it; routewatch undo {number} takes it back now",
        )


def _take_back_now(context: Context, store: Store, number: int) -> None:
    with acting(context, store) as observer:
        scene, _settled = wait_and_look(context, observer)
        take_back_unconfirmed(context, store, observer, (number, scene))
