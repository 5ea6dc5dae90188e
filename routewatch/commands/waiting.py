"""What commands that act have in common: the locks, and waiting for the table and for clients that just ended."""

from __future__ import annotations

import select
from contextlib import contextmanager
from typing import TYPE_CHECKING

from routewatch.commands.observer import Observer
from routewatch.commands.settle import Rest, complete, grace_left, look_settled
from routewatch.core.baselines import same_table
from routewatch.core.sessions import Sight
from routewatch.errors import PermissionRefusedError, StateError
from routewatch.store.locks import held_by, try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.commands.context import Context
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store


@contextmanager
def looking(context: Context, store: Store) -> Iterator[Observer]:
    """Observe, and write down what is seen where no daemon does. Raises StateError."""
    lock = try_lock(context.state_dir, "observe.lock")
    try:
        yield Observer(context, store, writes=lock is not None)
    finally:
        if lock is not None:
            lock.release()


@contextmanager
def acting(context: Context, store: Store) -> Iterator[Observer]:
    """Be the one who acts. Raises PermissionRefusedError, StateError where somebody else is acting."""
    require_privilege(context)
    alone = try_lock(context.state_dir, "act.lock")
    if alone is None:
        other = held_by(context.state_dir, "act.lock")
        raise StateError(f"another cleanup is acting{other}", "wait until it has ended")
    with alone, looking(context, store) as observer:
        yield observer


def require_privilege(context: Context) -> None:
    """Refuse before anything is touched where routes may not be changed. Raises PermissionRefusedError."""
    if not context.host.may_act():
        raise PermissionRefusedError(
            "changing routes takes root" + (", or CAP_NET_ADMIN" if context.host.platform == "linux" else ""),
            "run it with sudo; --dry-run, status and diff need no privilege",
        )


def wait_and_look(context: Context, observer: Observer, grace: float = 0.0) -> tuple[Scene, bool]:
    """Wait until the table rests and a just-ended client has had its ``grace`` (seconds), then look.

    Return the scene, and whether the table had come to rest. Raises ObservationError, StateError.
    """
    sight = _settled_sight(context, observer)
    observer.take(sight)
    left = grace_left(observer.course.sessions, sight.snapshot.taken.monotonic, grace) if grace else 0.0
    if left > 0:
        context.note(f"a VPN has just ended: giving it {left:.1f} s to put back what it changed")
        select.select([], [], [], left)
        sight = _settled_sight(context, observer)
        observer.take(sight)
    complete(sight.snapshot)
    return observer.scene(sight.snapshot), sight.settled


def _settled_sight(context: Context, observer: Observer) -> Sight:
    """Look at once where the table is as it was seen at rest a while ago; else wait for it to come to rest."""
    settings, last = context.settings, observer.course.last
    now = context.host.observe(observer.also)
    if last is not None and observer.rested and same_table(last, now) and last.links == now.links:
        since = now.taken.boot - last.taken.boot
        if since >= settings.settle_quiet and now.complete and not now.unsure:
            return Sight(snapshot=now)
    return look_settled(context.host, Rest(quiet=settings.settle_quiet, limit=settings.settle_limit), observer.also)
