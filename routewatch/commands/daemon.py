"""The daemon's loop: one thread that waits for the doorbell, for signals and for the clock, and takes a look in time.

The doorbell is read at once, so that authors are still alive when they are looked up; the look waits until it is quiet.
"""

from __future__ import annotations

import selectors
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.pace import Pace, Waited
from routewatch.commands.watchman import Watchman
from routewatch.errors import RoutewatchError, StateError
from routewatch.host.notify import notify
from routewatch.host.priority import wake_promptly
from routewatch.host.wakeups import CONFIG, RELOAD, STOP, Wakeups
from routewatch.log import configure, get_logger
from routewatch.render.times import iso
from routewatch.store.database import STOP_THE_OTHER
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.commands.context import Context
    from routewatch.config import Settings
    from routewatch.core.model import Moment
    from routewatch.host.port import Doorbell
    from routewatch.store.database import Store
    from routewatch.store.locks import Lock

DEBOUNCE = 0.25  # seconds from the first word of a changed configuration to reading it
LASTING = 60.0  # seconds; a store that turns out damaged so soon after another one can't be set aside
WITHOUT_DOORBELL = 2.0  # seconds between two looks where polling is the only source


LEFT_ALONE = "it was begun anew a moment ago: somebody removes it again and again"


class _RemovedError(StateError):
    """The state directory, or what is in it, was removed while it was in use."""


class Daemon:
    """Watches until it is told to stop."""

    def __init__(self, context: Context, lock: Lock) -> None:
        """Take the surroundings and the observer's lock; nothing is opened yet."""
        configure(context.options.verbosity, color=context.colored)
        self._context = context
        self._lock = lock
        self._log = get_logger()
        self._pace = _paced(context.settings, Pace())
        self._store_stands: Callable[[], bool] = lambda: True
        self._reload_at: float | None = None
        self._anew = float("-inf")  # when a damaged store was last left for a new one
        now = context.host.now()
        self._ahead = now.boot - now.monotonic  # what the machine has slept since it was started

    def run(self) -> int:
        """Loop until SIGTERM or SIGINT.

        Raises ObservationError, StateError, ConfigurationError at the start, and StateError when its state is removed
        again and again, or damaged and open in another process too.
        """
        begun = self._context.host.now().wall
        with Wakeups(self._context.watched_configuration) as wakeups:
            wake_promptly()
            if self._context.settings.hooks.commands():
                self._log.warning("hooks_not_run", hint="this version reads and checks [hooks], but runs none yet")
            try:
                while not self._watch(wakeups):
                    pass
            finally:
                self._lock.release()
        if self._context.json:  # as every command: one document, when it has ended; what happens meanwhile is logged
            self._context.emit({"started": iso(begun), "stopped": iso(self._context.host.now().wall)})
        return 0

    def _watch(self, wakeups: Wakeups) -> bool:
        """Open the store and watch; tell whether it ended as it was told to, and not because the store is damaged.

        Who opens that again sets it aside; one that was removed is begun anew. Raises StateError where that was just
        tried.
        """
        with ExitStack() as stack:
            store = stack.enter_context(self._context.store(tell=self._tell))
            try:
                self._watch_with(store, wakeups, stack)
            except _RemovedError as error:
                self._begin_anew(error, LEFT_ALONE)
                self._take_lock(error)
                self._log.warning("state_removed", said=error.message)
                return False
            except StateError as error:
                if not store.is_damaged:
                    raise
                self._begin_anew(error, STOP_THE_OTHER)
                return False
        return True

    def _begin_anew(self, error: StateError, hint: str) -> None:
        """See that this does not happen again and again. Raises StateError where it does."""
        if self._now() - self._anew < LASTING:
            raise StateError(error.message, hint) from error
        self._anew = self._now()

    def _take_lock(self, error: StateError) -> None:
        """Take the lock where others look for it now, where the one that is held was removed. Raises StateError."""
        if self._lock.stands:
            return
        lock = try_lock(self._context.state_dir, "observe.lock")
        if lock is None:
            raise StateError(error.message, "another routewatch observes in its place") from error
        self._lock.release()
        self._lock = lock

    def _watch_with(self, store: Store, wakeups: Wakeups, stack: ExitStack) -> None:
        selector = stack.enter_context(selectors.DefaultSelector())
        selector.register(wakeups, selectors.EVENT_READ)
        watchman = Watchman(self._context, store, self._log)
        self._store_stands = lambda: store.stands
        doorbell = self._context.host.doorbell()
        if doorbell is None:
            self._pace = replace(self._pace, poll=min(self._pace.poll, WITHOUT_DOORBELL))
        else:
            stack.callback(doorbell.close)
            selector.register(doorbell, selectors.EVENT_READ)
        self._log.info("started", state_dir=str(self._context.state_dir), polls=doorbell is None)
        # The first look waits as after a ring: an early one sees a table that nobody knows to be at rest, and a VPN
        # that connected before the next poll would have no baseline.
        self._pace = replace(self._pace, looked=self._now()).rung(self._now())
        self._loop((selector, wakeups), doorbell, watchman)
        notify("STOPPING=1")
        watchman.stop()
        self._log.info("stopped")

    def _tell(self, text: str) -> None:
        self._log.warning("store", said=text)

    def _now(self) -> float:
        return self._context.host.now().monotonic

    def _loop(
        self, sources: tuple[selectors.BaseSelector, Wakeups], doorbell: Doorbell | None, watchman: Watchman
    ) -> None:
        selector, wakeups = sources
        while True:
            self._wait(selector, watchman)
            words = wakeups.drain()
            if STOP in words:
                return
            self._mind_configuration(words, wakeups, watchman)
            self._hear(doorbell, watchman)
            if self._now() >= self._pace.due:
                self._look(doorbell, watchman)
                if self._reload_at is None and wakeups.changed():  # where no watch can tell
                    self._reload(watchman)

    def _wait(self, selector: selectors.BaseSelector, watchman: Watchman) -> None:
        """Wait for a word or the next look, and mind when that was due: one may be stopped outside of select, too."""
        due = self._next()
        selector.select(max(0.0, due - self._now()))
        now = self._context.host.now()
        ahead = now.boot - now.monotonic  # CLOCK_BOOTTIME runs on in sleep
        self._mind_gap(Waited(now.monotonic, now.monotonic - due, ahead - self._ahead), watchman)
        self._ahead = ahead

    def _mind_gap(self, waited: Waited, watchman: Watchman) -> None:
        """Tell of a look that comes far too late, or took far too long: SIGSTOP, a debugger, swapping, sleep."""
        gap = self._pace.overslept(waited)
        if gap:
            watchman.overslept(gap, counts=waited.late >= waited.slept)

    def _next(self) -> float:
        return self._pace.due if self._reload_at is None else min(self._pace.due, self._reload_at)

    def _hear(self, doorbell: Doorbell | None, watchman: Watchman) -> bool:
        """Read the doorbell; tell whether it rang."""
        if doorbell is None:
            return False
        rings = doorbell.read()
        if not rings.messages and not rings.lost:
            return False
        watchman.hear(rings)
        self._pace = self._pace.rung(self._now())
        return True

    def _look(self, doorbell: Doorbell | None, watchman: Watchman) -> None:
        if not (self._lock.stands and self._store_stands()):
            raise _RemovedError(
                f"the state in {self._context.state_dir} was removed while the daemon ran: it is begun anew, and what"
                " was known of sessions is lost"
            )
        begun = self._now()
        quiet, is_heard = self._pace.is_quiet(begun), doorbell is not None and self._pace.first_ring is not None
        snapshot = watchman.observe()
        ended = self._now()
        self._mind_gap(Waited(ended, ended - begun, 0.0), watchman)
        self._pace = self._pace.done(ended, ended - begun)
        rang = self._hear(doorbell, watchman)
        if snapshot is None:
            return
        settled = quiet and not rang and (is_heard or watchman.is_as_before(snapshot))
        if not (settled and snapshot.complete) or snapshot.unsure:
            self._pace = self._pace.rung(self._now())  # there must be a look at the table at rest
        watchman.follow(snapshot, settled=settled)
        self._appoint(watchman, snapshot.taken)
        notify(f"READY=1\nSTATUS={watchman.status()}")

    def _appoint(self, watchman: Watchman, taken: Moment) -> None:
        """Ask for the second look at what a session left, and for one once a cleanup was to be confirmed."""
        left = watchman.second_look(taken)
        if left > 0:
            self._pace = self._pace.appointed(self._now() + left)
        deadline = watchman.rescue_due()
        if deadline is not None and deadline - taken.boot <= self._pace.poll:  # else the poll comes first
            self._pace = self._pace.appointed(self._now() + deadline - taken.boot)

    def _mind_configuration(self, words: set[str], wakeups: Wakeups, watchman: Watchman) -> None:
        if CONFIG in words:
            self._reload_at = self._now() + DEBOUNCE
        due = self._reload_at is not None and self._now() >= self._reload_at
        if due:
            self._reload_at = None
        if RELOAD in words or (due and wakeups.changed()):
            wakeups.changed()
            self._reload(watchman)

    def _reload(self, watchman: Watchman) -> None:
        """Read the configuration again; a broken one keeps the old one and says so."""
        # sd_notify(3): systemd wants the moment too, in microseconds of the monotonic clock
        notify(f"RELOADING=1\nMONOTONIC_USEC={int(self._now() * 1e6)}")
        try:
            if self._context.reload():
                self._log.warning("state_dir_unchanged", hint="a new state_dir takes effect at the next start")
        except RoutewatchError as error:
            watchman.reject(error)
        else:
            watchman.accept()
            self._pace = _paced(self._context.settings, self._pace)
            path = self._context.loaded.path
            self._log.info("configuration_reloaded", path=str(path) if path else None)
        notify(f"READY=1\nSTATUS={watchman.status()}")


def _paced(settings: Settings, pace: Pace) -> Pace:
    return replace(pace, quiet=settings.settle_quiet, limit=settings.settle_limit, poll=settings.poll_interval)
