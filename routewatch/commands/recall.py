"""What the store remembers, as the core's values: the observer's course, and the memory that judging looks at."""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from routewatch.commands.archive import CAME_BACK, StoredStep, unpack, unpack_snapshot
from routewatch.commands.returning import given_back, taken_back
from routewatch.core.baselines import Series
from routewatch.core.memory import Baseline, Deletion, Doubted, Memory, Reason, Session, TakenBack
from routewatch.core.model import Moment, Place
from routewatch.core.network import Network
from routewatch.core.sessions import Course
from routewatch.errors import StateError, UsageError

if TYPE_CHECKING:
    from routewatch.core.model import PolicyRule
    from routewatch.host.port import Host
    from routewatch.store.baselines import BaselineRow
    from routewatch.store.database import Store
    from routewatch.store.journal import CleanupRow, Status
    from routewatch.store.sessions import SessionRow

SESSIONS = 1000  # looked back for what they left
LATEST = 50  # of these also those that left nothing
CLEANUPS = 50  # looked back for what we deleted ourselves


def recall_course(store: Store, host: Host, within: float = inf) -> Course:
    """Return the course where the last observer of this place left it. Raises StateError.

    A table that was seen longer ago than ``within`` (seconds) is no baseline for what is found now.
    """
    place = host.place()
    seen = store.observations.last(place)
    last = None if seen is None else unpack_snapshot(seen.snapshot, host)
    rested = seen is not None and seen.state == SETTLED and host.now().boot - seen.boot <= within
    return Course(
        last=last,
        history=(last,) if last is not None and rested else (),
        sessions=recall_sessions(store, place),
        series=recall_series(store, host),
        next_session=store.sessions.next_id(),
    )


SETTLED, UNSETTLED = b"settled", b"unsettled"


def recall_sessions(store: Store, place: Place) -> tuple[Session, ...]:
    """Return the newest sessions of a place, oldest first. Raises StateError."""
    found = [session_of(row) for row in reversed(store.sessions.recent(place, SESSIONS))]
    left = [session for session in found[:-LATEST] if session.appeared or session.vanished]
    return (*left, *found[-LATEST:])


def session_of(row: SessionRow) -> Session:
    """Return the session of a row. Raises StateError."""
    return replace(unpack(row.value, Session, f"session {row.id}"), id=row.id, baseline=row.baseline)


def baseline_of(row: BaselineRow, host: Host) -> Baseline:
    """Return the baseline of a row. Raises StateError."""
    try:
        reason = msgspec.convert(row.reason, Reason)
    except msgspec.ValidationError as error:
        raise StateError(f"stored baseline {row.id} can't be read: {error}") from error
    network, doubted = unpack(row.network, tuple[Network, Doubted], "baseline")
    return Baseline(
        id=row.id,
        snapshot=unpack_snapshot(row.snapshot, host),
        network=network,
        doubted=doubted,
        proven=row.proven,
        tainted=row.tainted,
        reason=reason,
    )


def require_session(store: Store, number: int | None) -> None:
    """See that a session that was asked for exists. Raises UsageError, StateError."""
    if number is not None and store.sessions.get(number) is None:
        raise UsageError(f"there is no session {number}", "routewatch sessions lists them")


def recall_series(store: Store, host: Host) -> Series:
    """Return the baselines of this place so far. Raises StateError."""
    place = host.place()
    latest = store.baselines.latest(place)
    first = store.baselines.first_taken(place)
    if store.baselines.stands_elsewhere(place):
        # No leftover outlives a reboot: only the very first baseline of an installation can have inherited one.
        first = float("-inf")
    return Series(
        latest=None if latest is None else baseline_of(latest, host), first=first, next_id=store.baselines.next_id()
    )


def recall_memory(store: Store, host: Host, course: Course) -> Memory:
    """Return what judging may look at beside the table. Raises StateError."""
    cleanups = store.journal.recent(host.place(), CLEANUPS)
    sessions = _with_undone(course.sessions, cleanups)
    captured = store.baselines.captured_id(host.place())
    wanted = {s.baseline for s in sessions if s.baseline is not None}
    if captured is not None and any(s.appeared for s in sessions):
        wanted.add(captured)
    latest = course.series.latest
    known = {} if latest is None else {latest.id: latest}
    rows = {number: store.baselines.get(number) for number in wanted - set(known)}
    baselines = known | {number: baseline_of(row, host) for number, row in rows.items() if row is not None}
    return Memory(
        latest=latest,
        baselines=baselines,
        captured=None if captured is None else baselines.get(captured),
        sessions=sessions,
        kept=frozenset(row.destination for row in store.keeps.list()),
        deleted=tuple(_deletions(cleanups)),
        taken_back=tuple(_taken_back(cleanups)),
        cut_short=frozenset(_cut_short(cleanups)),
    )


def _steps(cleanup: CleanupRow, *statuses: Status) -> list[StoredStep]:
    return [unpack(row.value, StoredStep, "step") for row in cleanup.steps if row.status in statuses]


def _cut_short(cleanups: list[CleanupRow]) -> list[PolicyRule]:
    """Return the rules that cleanups had still to delete when they were killed."""
    killed = (cleanup for cleanup in cleanups if cleanup.kind == "cleanup" and cleanup.state == "interrupted")
    steps = (stored.step for cleanup in killed for stored in _steps(cleanup, "skipped", "failed"))
    return [step.policy_rule for step in steps if step.action == "delete" and step.policy_rule is not None]


def _deletions(cleanups: list[CleanupRow]) -> list[Deletion]:
    """Return what our cleanups deleted and no undo brought back; also what somebody else brought back at once."""
    found = []
    for cleanup in cleanups:
        if cleanup.kind == "undo" or cleanup.state == "undone":
            continue
        at = Moment(wall=cleanup.wall, boot=cleanup.boot, monotonic=cleanup.boot)
        for row in (row for row in cleanup.steps if row.status == "done" or row.detail == CAME_BACK):
            step = unpack(row.value, StoredStep, "step").step
            if step.action == "delete":
                found.append(Deletion(at=at, route=step.route, policy_rule=step.policy_rule))
            elif step.action == "replace":
                found.append(Deletion(at=at, route=step.replaces))
    return found


def _taken_back(cleanups: list[CleanupRow]) -> list[TakenBack]:
    """Return what undos brought back, or took away again; not what a group that failed did."""
    undone = {cleanup.undoes for cleanup in cleanups if cleanup.kind == "undo"}
    found = []
    for cleanup in (c for c in cleanups if c.id in undone):
        at = Moment(wall=cleanup.wall, boot=cleanup.boot, monotonic=cleanup.boot)
        for row in (row for row in cleanup.steps if row.status == "undone"):
            step = unpack(row.value, StoredStep, "step").step
            subject = step.route or step.policy_rule
            if subject is not None:
                found.append(TakenBack(at=at, row=subject))
    return found


def _with_undone(sessions: tuple[Session, ...], cleanups: list[CleanupRow]) -> tuple[Session, ...]:
    """Give back to their sessions the rows that an undo put back: they are leftovers again, and nobody else's."""
    undone: defaultdict[int | None, list[StoredStep]] = defaultdict(list)
    for stored in taken_back(cleanups):
        undone[stored.session].append(stored)
    return tuple(given_back(s, undone[s.id]) if s.id in undone else s for s in sessions)
