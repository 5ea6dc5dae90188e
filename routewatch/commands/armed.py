"""The process that waits for the deadline of a cleanup, and takes it back unless it was confirmed by then.

It has a session of its own and needs nobody: the terminal, the login and the cleanup itself may be gone, the cleanup in
the middle of its steps. It waits by the boot clock, which runs on in sleep, and keeps neither the store nor the lock of
those who act until then. What fails at the deadline it tries again; what it can't do is left to the daemon.
"""

from __future__ import annotations

import select
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from routewatch.commands.arming import armed_lock, dismiss
from routewatch.commands.unconfirmed import take_back_unconfirmed
from routewatch.commands.waiting import looking, require_privilege, wait_and_look
from routewatch.errors import NotPendingError, RoutewatchError, StateError
from routewatch.host.detached import READY
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.commands.context import Context
    from routewatch.store.confirmations import ConfirmationRow
    from routewatch.store.database import Store
    from routewatch.store.locks import Lock

PAUSE = 1.0  # seconds between two glances at the clock: select(2) does not count the time asleep, the boot clock does
BUSY = 0.2  # seconds between two tries where somebody else is acting
TRIED = 600.0  # seconds after the deadline in which what failed is tried again
UNHEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGTSTP)  # a terminal's; we have none, but kill(1) can send them too


def wait_and_take_back(context: Context, cleanup: int) -> int:
    """Wait for the deadline and act on it. Raises NotPendingError, StateError or PermissionRefusedError at once."""
    require_privilege(context)  # it also loads what acting takes: an upgrade meanwhile must not take it from under us
    with _unheard():
        lock, row = _lock(context, cleanup), _row(context, cleanup)
        if row is None or not row.is_pending:
            lock.release()
            dismiss(context, cleanup)
            raise NotPendingError(f"cleanup {cleanup} does not await a confirmation")
        context.say(READY)
        context.flush()
        while not _is_over(context, lock, row):
            if _row(context, cleanup) != row:
                return 0
            lock = _lock(context, cleanup)  # somebody tidied up: that confirms nothing
        with lock:
            return _try(context, row)


@contextmanager
def _unheard() -> Iterator[None]:
    """Be deaf to what a terminal sends."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in UNHEARD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lock(context: Context, cleanup: int) -> Lock:
    lock = try_lock(context.state_dir, armed_lock(cleanup))
    if lock is None:
        raise StateError(f"another routewatch waits for the deadline of cleanup {cleanup} already")
    return lock


def _is_over(context: Context, lock: Lock, row: ConfirmationRow) -> bool:
    """Wait for the deadline; False where our file was removed, as who confirms it or takes it back does."""
    while (left := row.deadline - context.host.now().boot) > 0:
        select.select([], [], [], min(left, PAUSE))
        if not lock.stands:
            lock.release()
            return False
    return True


def _try(context: Context, row: ConfirmationRow) -> int:
    """Take it back; try again what failed. Return 0 where it is done, or was done by others."""
    while True:
        try:
            pause = BUSY if _acted(context, row) is None else 0.0
        except RoutewatchError:
            pause = PAUSE
            if context.host.now().boot > row.deadline + TRIED:
                raise
        if not pause:
            dismiss(context, row.cleanup)
            return 0
        select.select([], [], [], pause)


def _acted(context: Context, row: ConfirmationRow) -> bool | None:
    """Claim it, and take it back; None where somebody else is acting. Whether it was ours to take back is no matter."""
    with context.store() as store:
        now = store.confirmations.get(row.cleanup)
        # another deadline: the store was begun anew, and this is another cleanup of the same number
        if now is None or now.deadline != row.deadline or not store.confirmations.claim(row.cleanup):
            return False
        lock = try_lock(context.state_dir, "act.lock")
        if lock is None:
            return None
        with lock:
            return _take_back(context, store, row.cleanup)


def _take_back(context: Context, store: Store, cleanup: int) -> bool:
    with looking(context, store) as observer:
        scene, _settled = wait_and_look(context, observer)
        return take_back_unconfirmed(context, store, observer, (cleanup, scene)) is not None


def _row(context: Context, cleanup: int) -> ConfirmationRow | None:
    with context.store(readonly=True) as store:
        return store.confirmations.get(cleanup)
