"""The observer: takes looks, follows them, writes down what they led to, and judges the table in their light.

The daemon holds one for its life; a command that looks once makes one for that look. Without the observer's lock, or
without the right to write, it follows all the same and stores nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.recall import recall_course, recall_memory
from routewatch.commands.record import record
from routewatch.core.baselines import extended, next_baseline, same_table
from routewatch.core.memory import Event
from routewatch.core.missing import find_missing
from routewatch.core.scene import Scene
from routewatch.core.sessions import Followed, follow
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import Finding, Verdict, find_leftovers

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.memory import Baseline, Reason
    from routewatch.core.model import Process, Snapshot
    from routewatch.core.sessions import Course, Sight
    from routewatch.store.database import Store

OPEN = frozenset({Verdict.ORPHANED, Verdict.MISSING})


class Observer:
    """Follows one machine with one store."""

    def __init__(self, context: Context, store: Store, *, writes: bool) -> None:
        """Take up the course where the store left it. Raises StateError."""
        self._context = context
        self._store = store
        self._writes = writes
        self._saved: Snapshot | None = None
        self.course: Course = recall_course(store, context.host)

    @property
    def also(self) -> tuple[Process, ...]:
        """The processes to look after whatever they are called: those that hold or held a tunnel."""
        return tuple(s.holder for s in self.course.sessions if s.holder is not None)

    def take(self, sight: Sight) -> Followed:
        """Follow one look and write down what it led to. Raises StateError; the course has gone on all the same."""
        followed = follow(self.course, sight, self._context.signatures)
        self.course = followed.course
        if self._writes and (followed.events or followed.sessions or self._is_news(sight.snapshot)):
            record(self._store, followed, sight.snapshot, settled=sight.settled)
            self._saved = sight.snapshot
        return followed

    def _is_news(self, snapshot: Snapshot) -> bool:
        return self._saved is None or self._saved.links != snapshot.links or not same_table(self._saved, snapshot)

    def scene(self, now: Snapshot) -> Scene:
        """Return the table in the light of what is remembered. Raises StateError."""
        return Scene(now, recall_memory(self._store, self._context.host, self.course), self._context.signatures)

    def store_baseline(self, now: Snapshot, reason: Reason) -> Baseline | None:
        """Store a settled, tunnel-free, complete snapshot as the next baseline, where it tells something new."""
        series = self.course.series
        if reason != "by hand" and (not is_fit(now, self._context) or _tells_nothing_new(series.latest, now)):
            return None
        baseline = next_baseline(now, series, reason)
        self.course = replace(self.course, series=extended(series, baseline))
        if self._writes:
            event = Event(kind="baseline_stored", at=now.taken, detail=f"baseline {baseline.id}: {reason}")
            record(self._store, Followed(course=self.course, events=(event,), baselines=(baseline,)), now, settled=True)
        return baseline


def _tells_nothing_new(latest: Baseline | None, now: Snapshot) -> bool:
    return latest is not None and same_table(latest.snapshot, now) and (latest.proven or not _is_aged(latest, now))


def _is_aged(latest: Baseline, now: Snapshot) -> bool:
    return now.taken.boot - latest.snapshot.taken.boot >= AGED


AGED = 300.0  # an unproven baseline that stands unchanged this long is stored again, and proven by that


def is_fit(now: Snapshot, context: Context) -> bool:
    """Tell whether a snapshot may be a baseline: complete, sure, and taken while no tunnel is held."""
    return now.complete and not now.unsure and not any(is_held(link) for link in tunnels(now, context.signatures))


def findings(scene: Scene) -> tuple[Finding, ...]:
    """Judge what is there and what is gone."""
    return (*find_leftovers(scene), *find_missing(scene))


def open_findings(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that ask for something to be done."""
    return tuple(finding for finding in found if finding.verdict in OPEN)
