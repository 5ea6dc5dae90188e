"""Follows the machine from look to look: opens and closes sessions and ties what changed to them.

``follow`` takes what was remembered and what is seen now, and returns what is to be remembered and the events of the
step. It asks no clock and stores nothing: the numbers that sessions and baselines bear are counted here.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.attribution import Ledger, is_client
from routewatch.core.baselines import Series, before_first_sign, extended, is_as_good, next_baseline, same_table
from routewatch.core.diff import Changes, RuleChanges, diff, diff_rules
from routewatch.core.memory import Baseline, Event, Session
from routewatch.core.model import Change
from routewatch.core.signatures import SIGNATURES, Signature, client_of_link
from routewatch.core.snapshot import Snapshot
from routewatch.core.timeline import Book
from routewatch.core.tunnels import is_held, tunnels

LOOKBACK = 10.0  # seconds before its tunnel in which a client may have made its first change
SNAPSHOTS = 6  # settled ones kept for that
IN_SIGHT = 600.0  # a closed session stays in sight for so many seconds, so that its late changes find it


class Course(Struct, frozen=True, kw_only=True):
    """What the observer remembers from one look to the next."""

    last: Snapshot | None = None
    history: tuple[Snapshot, ...] = ()  # settled ones, oldest first: the last 10 s and one from before
    recent: tuple[Change, ...] = ()
    sessions: tuple[Session, ...] = ()  # oldest first; closed ones as long as something of theirs matters
    series: Series = Series()
    next_session: int = 1


class Sight(Struct, frozen=True, kw_only=True):
    """One look: the snapshot, what the doorbell told since the last one, and whether the table had come to rest."""

    snapshot: Snapshot
    changes: tuple[Change, ...] = ()
    lost: bool = False
    settled: bool = True


class Followed(Struct, frozen=True, kw_only=True):
    """What one look led to: what to remember and to log, which sessions and baselines to store under their numbers."""

    course: Course
    events: tuple[Event, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    sessions: tuple[Session, ...] = ()  # new or changed ones


def follow(course: Course, sight: Sight, signatures: tuple[Signature, ...] = SIGNATURES) -> Followed:
    """Take the step from the last look to this one."""
    now = sight.snapshot
    if course.last is not None and course.last.place != now.place:
        return _elsewhere(course, sight, signatures)
    recent = (*(c for c in course.recent if now.taken.boot - c.at.boot <= LOOKBACK), *sight.changes)
    known = tuple(_closed(s, now, signatures) for s in course.sessions)
    fresh, baselines, series = _opened(replace(course, recent=recent, sessions=known), now, signatures)
    book = Book((*known, *fresh), now.taken)
    for session, baseline in zip(fresh, baselines, strict=True):
        if baseline is not None and course.last is not None:
            _enter_early_changes(book, session, (baseline.snapshot, course.last), recent)
    events = book.enter(*_differences(course.last, now), Ledger(sight.changes))
    latest = 0 if course.series.latest is None else course.series.latest.id
    new = {b.id: b for b in baselines if b is not None and b.id > latest}
    return Followed(
        course=replace(
            course,
            last=now,
            recent=recent,
            history=_history(course.history, sight),
            sessions=tuple(s for s in book.sessions if _matters(s, now)),
            series=series,
            next_session=course.next_session + len(fresh),
        ),
        events=(*_gap(sight), *_told(course.sessions, book.sessions), *events),
        baselines=tuple(new.values()),
        sessions=tuple(s for s in book.sessions if s not in course.sessions),
    )


def _elsewhere(course: Course, sight: Sight, signatures: tuple[Signature, ...]) -> Followed:
    """Another boot or network namespace: every open session is over, and no earlier snapshot counts."""
    now = sight.snapshot
    why = "another boot or network namespace"
    over = tuple(replace(s, closed=now.taken, ended=why) for s in course.sessions if s.is_open)
    fresh = Course(series=replace(course.series, latest=None), next_session=course.next_session)
    followed = follow(fresh, sight, signatures)
    moved = Event(kind="place_changed", at=now.taken, detail=f"boot {now.place.boot}, namespace {now.place.namespace}")
    return replace(
        followed,
        events=(moved, *_told(tuple(replace(s, closed=None) for s in over), over), *followed.events),
        sessions=(*over, *followed.sessions),
    )


def _opened(
    course: Course, now: Snapshot, signatures: tuple[Signature, ...]
) -> tuple[tuple[Session, ...], tuple[Baseline | None, ...], Series]:
    """Open a session for each tunnel that carries traffic and has none yet, each with the baseline from before it."""
    running = {s.tunnel.identity for s in course.sessions if s.is_open}
    sessions: list[Session] = []
    baselines: list[Baseline | None] = []
    series = course.series
    for link in tunnels(now, signatures):
        if not is_held(link) or link.identity in running:
            continue
        number = course.next_session + len(sessions)
        session, before = _first_sign(
            course,
            Session(
                id=number, tunnel=link, client=client_of_link(link, signatures), holder=link.owner, opened=now.taken
            ),
        )
        baseline = None if before is None else _baseline(before, series, signatures)
        if baseline is not None:
            session = replace(session, baseline=baseline.id, network=baseline.network)
            series = series if baseline is series.latest else extended(series, baseline)
        sessions.append(session)
        baselines.append(baseline)
    return tuple(sessions), tuple(baselines), series


def _first_sign(course: Course, session: Session) -> tuple[Session, Snapshot | None]:
    """Date the session back to its client's first change, and find the snapshot from before it."""
    first = next((c for c in course.recent if is_client(c.author, session, course.sessions)), None)
    if first is not None and first.at.boot < session.opened.boot:
        session = replace(session, opened=first.at)
    return session, before_first_sign(course.history, session.tunnel, first)


def _baseline(before: Snapshot, series: Series, signatures: tuple[Signature, ...]) -> Baseline:
    made = next_baseline(before, series, "session", signatures)
    latest = series.latest
    if latest is not None and same_table(latest.snapshot, before) and is_as_good(latest, made):
        return latest
    return made


def _closed(session: Session, now: Snapshot, signatures: tuple[Signature, ...]) -> Session:
    """Close an open session whose tunnel carries nothing any more; learn its holder where it shows only now."""
    if not session.is_open:
        return session
    link = next((x for x in now.links if x.identity == session.tunnel.identity), None)
    if link is None:
        return replace(session, closed=now.taken, ended="the link is gone")
    if not link.up:
        return replace(session, closed=now.taken, ended="the link is down")
    if not is_held(link):
        return replace(session, closed=now.taken, ended="the link lost its carrier")
    if session.holder is None and link.owner is not None:
        return replace(session, holder=link.owner, client=client_of_link(link, signatures) or session.client)
    return session


def _enter_early_changes(
    book: Book, session: Session, between: tuple[Snapshot, Snapshot], recent: tuple[Change, ...]
) -> None:
    """Tie to a session what its client changed before the tunnel was up: the looks from then knew no session."""
    ledger = Ledger(c for c in recent if is_client(c.author, session, book.sessions))
    routes, rules = _differences(*between)
    book.enter(
        Changes(
            added=tuple(r for r in routes.added if ledger.added(r)),
            removed=tuple(r for r in routes.removed if ledger.removed(r)),
        ),
        RuleChanges(
            added=tuple(r for r in rules.added if ledger.added(r)),
            removed=tuple(r for r in rules.removed if ledger.removed(r)),
        ),
        ledger,
    )


def _differences(last: Snapshot | None, now: Snapshot) -> tuple[Changes, RuleChanges]:
    if last is None:
        return Changes(), RuleChanges()
    return diff(last.routes, now.routes), diff_rules(last.rules, now.rules)


def _history(history: tuple[Snapshot, ...], sight: Sight) -> tuple[Snapshot, ...]:
    if not sight.settled or not sight.snapshot.complete or sight.snapshot.unsure:
        return history
    now = sight.snapshot
    young = [s for s in history if now.taken.boot - s.taken.boot <= LOOKBACK]
    old = history[: len(history) - len(young)][-1:]
    if len(young) > SNAPSHOTS - 2:
        young = [young[0], *young[3 - SNAPSHOTS :]]  # the first of them is to become the one from before
    return (*old, *young, now)


def _matters(session: Session, now: Snapshot) -> bool:
    """Tell whether a session stays in sight: a leftover stays its session's however many come after it."""
    lately = session.closed is not None and now.taken.boot - session.closed.boot <= IN_SIGHT
    return session.is_open or lately or bool(session.appeared or session.vanished)


def _gap(sight: Sight) -> tuple[Event, ...]:
    detail = "the kernel's messages came faster than they could be read; the table was read anew"
    return (Event(kind="gap", at=sight.snapshot.taken, detail=detail),) if sight.lost else ()


def _told(before: tuple[Session, ...], after: tuple[Session, ...]) -> tuple[Event, ...]:
    known = {s.id: s for s in before}
    opened = tuple(
        Event(
            kind="session_opened",
            at=s.opened,
            session=s.id,
            detail=f"{s.client or 'unknown client'} on {s.tunnel.name}",
        )
        for s in after
        if s.id not in known
    )
    closed = tuple(
        Event(kind="session_closed", at=s.closed, session=s.id, detail=s.ended)
        for s in after
        if s.closed is not None and (s.id not in known or known[s.id].is_open)
    )
    return opened + closed
