"""Writes down what a look led to: baselines, sessions, events and the last observation, all in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.archive import pack, pack_snapshot
from routewatch.commands.recall import SETTLED, UNSETTLED, session_of
from routewatch.core.memory import Event
from routewatch.core.model import Moment
from routewatch.store.baselines import BaselineRow
from routewatch.store.events import EventRow
from routewatch.store.observations import ObservationRow
from routewatch.store.sessions import SessionRow

REBOOTED = "the machine was started anew"
EVENTS = 10_000  # kept at most while the store can't be written

if TYPE_CHECKING:
    from routewatch.core.memory import Baseline, Session
    from routewatch.core.model import Place
    from routewatch.core.sessions import Followed
    from routewatch.core.snapshot import Snapshot
    from routewatch.store.database import Store


def joined(owed: Followed | None, followed: Followed) -> Followed:
    """Return what a look led to together with what earlier ones led to and could not be stored."""
    if owed is None:
        return followed
    return replace(
        followed,
        baselines=(*owed.baselines, *followed.baselines),
        sessions=tuple({session.id: session for session in (*owed.sessions, *followed.sessions)}.values()),
        events=(*owed.events, *followed.events)[-EVENTS:],
    )


def record(store: Store, followed: Followed, now: Snapshot, *, settled: bool) -> None:
    """Store all that one look led to, or nothing of it. Raises StateError."""
    with store.transaction():
        for baseline in followed.baselines:
            store.baselines.add(baseline_row(baseline))
        for session in followed.sessions:
            store.sessions.put(_session_row(_measured(session, store), now.place))
        store.events.add_many(event_row(event, now.place) for event in followed.events)
        store.observations.save(observation_row(now, settled=settled))


def observation_row(now: Snapshot, *, settled: bool) -> ObservationRow:
    """Return a look as it is stored, the last one of its place."""
    return ObservationRow(
        place=now.place,
        wall=now.taken.wall,
        boot=now.taken.boot,
        snapshot=pack_snapshot(now),
        state=SETTLED if settled else UNSETTLED,
    )


def _measured(session: Session, store: Store) -> Session:
    """Leave out a baseline that a person forgot meanwhile: there is nothing to measure the session against."""
    if session.baseline is None or store.baselines.has(session.baseline):
        return session
    return replace(session, baseline=None)


def baseline_row(baseline: Baseline) -> BaselineRow:
    """Return a baseline as it is stored."""
    snapshot = baseline.snapshot
    return BaselineRow(
        id=baseline.id,
        place=snapshot.place,
        wall=snapshot.taken.wall,
        boot=snapshot.taken.boot,
        network=pack((baseline.network, baseline.doubted)),
        proven=baseline.proven,
        tainted=baseline.tainted,
        reason=baseline.reason,
        snapshot=pack_snapshot(snapshot),
    )


def close_those_of_other_boots(store: Store, place: Place) -> None:
    """Close what another boot left open, at its last look: no tunnel outlives a reboot. Raises StateError.

    Another network namespace of this boot may have a daemon of its own; its sessions are let be.
    """
    for row in store.sessions.open_elsewhere(place):
        if row.place.boot == place.boot:
            continue
        session, seen = session_of(row), store.observations.last(row.place)
        at = session.opened if seen is None else Moment(wall=seen.wall, boot=seen.boot, monotonic=seen.boot)
        closed = replace(session, closed=at, ended=REBOOTED)
        with store.transaction():
            store.sessions.put(_session_row(closed, row.place))
            event = Event(kind="session_closed", at=at, session=session.id, detail=REBOOTED)
            store.events.add_many([event_row(event, row.place)])


def _session_row(session: Session, place: Place) -> SessionRow:
    return SessionRow(
        id=session.id,
        place=place,
        opened_wall=session.opened.wall,
        opened_boot=session.opened.boot,
        closed_wall=session.closed.wall if session.closed else None,
        closed_boot=session.closed.boot if session.closed else None,
        client=session.client or "",
        tunnel=session.tunnel.name,
        baseline=session.baseline,
        value=pack(session),
    )


def event_row(event: Event, place: Place) -> EventRow:
    """Return an event as it is stored."""
    return EventRow(
        place=place,
        wall=event.at.wall,
        boot=event.at.boot,
        session=event.session,
        kind=event.kind,
        value=pack(event),
    )
