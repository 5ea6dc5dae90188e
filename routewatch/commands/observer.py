"""The observer: takes looks, follows them, writes down what they led to, and judges the table in their light.

The daemon holds one for its life; a command that looks once makes one for that look. Without the observer's lock, or
without the right to write, it follows all the same and stores nothing.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from routewatch.commands.recall import CLEANUPS, recall_course, recall_memory, recall_series, session_of
from routewatch.commands.record import (
    baseline_row,
    close_those_of_other_boots,
    event_row,
    joined,
    observation_row,
    record,
)
from routewatch.commands.returning import is_unclaimed, returned, taken_back
from routewatch.commands.settle import look_now
from routewatch.commands.unheard import admitted, brings_unheard, told_of_gap, untied, unwatched
from routewatch.core.attribution import OPENING
from routewatch.core.baselines import extended, next_baseline, same_table
from routewatch.core.memory import Event, Memory
from routewatch.core.missing import find_missing
from routewatch.core.scene import Scene
from routewatch.core.sessions import Followed, follow
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import Finding, Verdict, find_leftovers
from routewatch.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.commands.context import Context
    from routewatch.core.memory import Baseline, Reason, Session
    from routewatch.core.model import Moment, Place, Process
    from routewatch.core.rows import Rows
    from routewatch.core.sessions import Course, Sight
    from routewatch.core.snapshot import Snapshot
    from routewatch.store.database import Store

T = TypeVar("T")

OPEN = frozenset({Verdict.ORPHANED, Verdict.MISSING})


class Observer:
    """Follows one machine with one store."""

    def __init__(self, context: Context, store: Store, *, writes: bool, listens: bool = False) -> None:
        """Take up the course where the store left it. Raises StateError.

        Who ``listens`` from now on, as the daemon, learns what is the VPN's as it happens. So what it finds at first is
        taken with care: a table that was seen long ago is no baseline, and nothing is tied by time that nobody heard.
        Who only looks now and then has nothing better, and ties by time what came within a minute. That his looks are
        far apart is no event: nobody promised more.
        """
        self._context = context
        self._store = store
        self._writes = writes
        self._saved: Snapshot | None = None
        self._owed: Followed | None = None  # what could not be written down yet
        self._memory: Memory | None = None  # as it was last recalled
        self.trouble: StateError | None = None  # what kept a listener from his store in this look
        within = OPENING + context.settings.poll_interval if listens else inf
        self._apart = 0.0 if listens else OPENING
        self._listens = listens
        self.gaps = 0  # times without a daemon in which something changed
        if writes:
            close_those_of_other_boots(store, context.host.place())
        self.course: Course = recall_course(store, context.host, within)
        self._recalled = self.course.last
        self._looked = _last_look(store, context.host.place())

    @property
    def also(self) -> tuple[Process, ...]:
        """The processes to look after whatever they are called: those that hold or held a tunnel."""
        return tuple(s.holder for s in self.course.sessions if s.holder is not None)

    @property
    def rested(self) -> bool:
        """Tell whether the last look that is remembered was one at a table at rest."""
        return bool(self.course.history) and self.course.history[-1] is self.course.last

    def take(self, sight: Sight, gap: str = "") -> Followed:
        """Follow one look and write down what it led to. Raises StateError; the course has gone on all the same.

        Who listens goes on where the store can't be used: what keeps him from it is in ``trouble``, and what could not
        be written is written with the next look. To him StateError is raised only where the store is damaged.
        ``gap`` says in words that nobody looked for too long: what was heard since the last look was heard late.
        """
        if self._listens:  # who is held up again and again hears no bell
            self._store.wait_for_others(patiently=self.trouble is None)
        self.trouble = None
        self._try(self._catch_up, None)
        last = self.course.last
        if not self._writes and last is not None and last.taken.boot > sight.snapshot.taken.boot:
            return Followed(course=self.course)  # the daemon has seen more than this already
        followed = self._followed(sight, gap)
        self._try(lambda: self._record(sight), None)
        return followed

    def _followed(self, sight: Sight, gap: str) -> Followed:
        """Follow one look; what it led to is owed to the store from then on."""
        last = self.course.last
        followed = admitted(follow(self.course, sight, self._context.signatures))
        if last is not None and last is self._recalled and sight.snapshot.taken.boot - last.taken.boot > self._apart:
            followed = self._after_absence(untied(followed, sight.snapshot.taken.boot), sight.snapshot.taken)
        if gap:
            since = sight.snapshot.taken.boot if last is None else last.taken.boot
            followed = untied(told_of_gap(followed, sight.snapshot.taken, gap), since)
        followed = self._try(lambda: self._with_returned(followed), followed)
        self.course = followed.course
        self._owed = joined(self._owed, followed)
        return followed

    def _record(self, sight: Sight) -> None:
        """Write down what is owed, where that is anything."""
        owed, is_news = self._owed, self._is_news(sight.snapshot)
        if owed is not None and self._writes and (owed.events or owed.sessions or is_news):
            record(self._store, owed, sight.snapshot, settled=sight.settled)
            self._saved = sight.snapshot
        self._owed = None

    def _try(self, act: Callable[[], T], otherwise: T) -> T:
        """Use the store; a listener goes on where it can't be used, and waits for it once in a look only."""
        if self.trouble is not None:
            return otherwise
        try:
            answer = act()
        except StateError as error:
            if not self._listens or self._store.is_damaged:
                raise
            self.trouble, answer = error, otherwise
        return answer

    def _after_absence(self, followed: Followed, now: Moment) -> Followed:
        """Tell of the time before a daemon's first look, where something changed in it that nobody heard."""
        if not self._listens or not brings_unheard(followed):
            return followed
        self.gaps += 1
        return told_of_gap(followed, now, unwatched(now.wall - self._looked))

    def _with_returned(self, followed: Followed) -> Followed:
        """Give rows that an undo put back to their sessions; the journal is asked only where any may be that."""
        if not any(map(is_unclaimed, followed.events)):
            return followed
        cleanups = self._store.journal.recent(self._context.host.place(), CLEANUPS)
        return returned(followed, taken_back(cleanups, underway=True), self._stored_session)

    def _stored_session(self, number: int) -> Session | None:
        row = self._store.sessions.get(number)
        return None if row is None else session_of(row)

    def _catch_up(self) -> None:
        """Take in what others stored meanwhile: the daemon all of it, a person baselines beside a running daemon."""
        if not self._writes:
            self.course = recall_course(self._store, self._context.host)
            self._recalled = self.course.last
            return
        if self._owed is not None and self._owed.baselines:
            return  # ours are ahead of what is stored
        series, stored = self.course.series, self._store.baselines
        latest = None if series.latest is None else series.latest.id
        if stored.next_id() != series.next_id or stored.latest_id(self._context.host.place()) != latest:
            self.course = replace(self.course, series=recall_series(self._store, self._context.host))

    def leave(self, rested: Snapshot) -> None:
        """Store the last look anew: who comes next is to know until when nothing changed. Raises StateError."""
        if self._writes and self._owed is None and rested is self.course.last:
            self._store.observations.save(observation_row(rested, settled=True))

    def _is_news(self, snapshot: Snapshot) -> bool:
        return self._saved is None or self._saved.links != snapshot.links or not same_table(self._saved, snapshot)

    def look(self, earlier: Rows | None = None) -> Scene:
        """Look at once, follow it, and return the scene. Raises ObservationError, StateError."""
        sight = look_now(self._context.host, self.also)
        self.take(sight)
        return self.scene(sight.snapshot, earlier)

    def log(self, now: Snapshot, *events: Event) -> None:
        """Enter events of ours into the log, also beside a running daemon. Raises StateError as take() does."""
        self._try(lambda: self._store.events.add_many([event_row(event, now.place) for event in events]), None)
        if self.trouble is not None:
            self._owed = joined(self._owed, Followed(course=self.course, events=events))

    def scene(self, now: Snapshot, earlier: Rows | None = None) -> Scene:
        """Return the table in the light of what is remembered. Raises StateError as take() does.

        Where a listener can't read that, it is what he knew last. ``earlier`` are the rows of a look shortly before:
        what stayed of them is not decoded again.
        """
        self._try(self._remember, None)
        memory = self._memory or Memory()
        if self.trouble is not None:
            memory = replace(memory, latest=self.course.series.latest, sessions=self.course.sessions)
        return Scene(now, memory, self._context.signatures, earlier)

    def _remember(self) -> None:
        self._memory = recall_memory(self._store, self._context.host, self.course)

    def keep_baseline(self, now: Snapshot, reason: Reason) -> Baseline | None:
        """Store a settled table without a held tunnel as the next baseline, where it tells something new."""
        if not is_fit(now, self._context) or _tells_nothing_new(self.course.series.latest, now):
            return None
        return self._store_baseline(now, reason)

    def capture(self, now: Snapshot) -> Baseline:
        """Store a table as the next baseline because a person says so."""
        return self._store_baseline(now, "by hand")

    def _store_baseline(self, now: Snapshot, reason: Reason) -> Baseline:
        baseline = next_baseline(now, self.course.series, reason, self._context.signatures)
        event = Event(kind="baseline_stored", at=now.taken, detail=f"baseline {baseline.id}: {reason}")
        with self._store.transaction():
            self._store.baselines.add(baseline_row(baseline))
            self._store.events.add_many([event_row(event, now.place)])
        self.course = replace(self.course, series=extended(self.course.series, baseline))
        return baseline


def _tells_nothing_new(latest: Baseline | None, now: Snapshot) -> bool:
    return latest is not None and same_table(latest.snapshot, now) and (latest.proven or not _is_aged(latest, now))


def _is_aged(latest: Baseline, now: Snapshot) -> bool:
    return now.taken.boot - latest.snapshot.taken.boot >= AGED


AGED = 300.0  # an unproven baseline that stands unchanged this long is stored again, and proven by that


def _last_look(store: Store, place: Place) -> float:
    """Return when somebody looked last (wall seconds): a look that saw nothing new is told of only by the health."""
    health, seen = store.observations.health(place), store.observations.last(place)
    return max(health.snapshot or 0.0 if health else 0.0, seen.wall if seen else 0.0)


def is_fit(now: Snapshot, context: Context) -> bool:
    """Tell whether a snapshot may be a baseline: complete, sure, and taken while no tunnel is held."""
    return now.complete and not now.unsure and not any(is_held(link) for link in tunnels(now, context.signatures))


def findings(scene: Scene) -> tuple[Finding, ...]:
    """Judge what is there and what is gone."""
    return (*find_leftovers(scene), *find_missing(scene))


def open_findings(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that ask for something to be done."""
    return tuple(finding for finding in found if finding.verdict in OPEN)
