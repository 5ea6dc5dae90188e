"""Enters what changed between two looks into the sessions it belongs to, and into the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import is_default
from routewatch.core.attribution import Ledger, trace
from routewatch.core.diff import Changes, RuleChanges, key, steady
from routewatch.core.memory import Event, EventKind, Session, Trace
from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, Author, PolicyRule, Route

if TYPE_CHECKING:
    from routewatch.core.model import Moment

TRACES = 10_000  # a session remembers no more rows: a full table learnt over a VPN is not a leftover
EVENTS = 5_000  # more changes between two looks than this are one event, "resync"

Row = Route | PolicyRule


class Book:
    """The sessions while the changes of one look are entered into them."""

    def __init__(self, sessions: tuple[Session, ...], at: Moment) -> None:
        """Open the book of these sessions at the moment of the look."""
        self._sessions = {session.id: session for session in sessions}
        self._at = at

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions as they stand now."""
        return tuple(self._sessions.values())

    def enter(self, routes: Changes, rules: RuleChanges, ledger: Ledger) -> tuple[Event, ...]:
        """Enter all changes; removals first, so that a row that only moved is there in the end."""
        gone: tuple[Row, ...] = (*_shown(routes.removed), *rules.removed)
        come: tuple[Row, ...] = (*_shown(routes.added), *rules.added)
        events = [self._remove(row, ledger) for row in gone]
        events += [self._add(row, ledger) for row in come]
        events += [self._change(pair.before, pair.after, ledger) for pair in routes.changed]
        if len(events) > EVENTS:
            return (Event(kind="resync", at=self._at, detail=f"{len(events)} rows differ"),)
        return tuple(events)

    def _remove(self, row: Row, ledger: Ledger) -> Event:
        change = ledger.removed(row)
        own: int | None = None  # the session that it is a row of
        for session in self.sessions:
            kept = tuple(t for t in session.appeared if not same_row(t, row))
            own = session.id if len(kept) != len(session.appeared) else own
            others = tuple(route for route in session.others if not same(route, row))
            self._set(session, appeared=kept, others=others)
        found = None if own is not None else trace(row, change, self.sessions, self._at)
        if found is not None and len(found[0].vanished) < TRACES:
            session, entry = found
            self._set(session, vanished=(*session.vanished, entry))
        elif found is None and own is None and change is not None and change.author.kind == "process":
            self._note_default("others_took", row)
        whose = found[0].id if found else own
        return self._event("removed", row, whose, change.author if change else None)

    def _add(self, row: Row, ledger: Ledger) -> Event:
        change = ledger.added(row)
        for session in self.sessions:
            took = tuple(route for route in session.others_took if not same(route, row))
            self._set(session, vanished=tuple(t for t in session.vanished if not _back(t, row)), others_took=took)
        found = trace(row, change, self.sessions, self._at)
        if found is not None and len(found[0].appeared) < TRACES:
            session, entry = found
            self._disown(row, session)
            self._set(session, appeared=(*session.appeared, entry))
        elif found is None:
            self._note_default("others", row)
        return self._event("added", row, found[0].id if found else None, change.author if change else None)

    def _disown(self, row: Row, owner: Session) -> None:
        """Take a row from the sessions it was entered into before its owner's tunnel was seen: it is in one only."""
        for session in self.sessions:
            if session.id != owner.id:
                self._set(session, appeared=tuple(t for t in session.appeared if not same_row(t, row)))

    def _note_default(self, field: str, row: Row) -> None:
        """Remember in every open session that somebody else made or took away a default."""
        if isinstance(row, Route) and is_default(row) and row.table == MAIN_TABLE:
            for session in self.sessions:
                if session.is_open:
                    self._set(session, **{field: (*getattr(session, field), row)})

    def _change(self, before: Route, after: Route, ledger: Ledger) -> Event:
        change = ledger.added(after)
        own: int | None = None
        for session in self.sessions:
            renewed = tuple(replace(t, route=after) if same_row(t, before) else t for t in session.appeared)
            own = session.id if renewed != session.appeared else own
            self._set(session, appeared=renewed)
        author = change.author if change else None
        return Event(kind="route_changed", at=self._at, session=own, route=after, before=before, author=author)

    def _set(self, session: Session, **fields: tuple[Trace, ...] | tuple[Route, ...]) -> None:
        current = self._sessions[session.id]
        if any(getattr(current, name) != value for name, value in fields.items()):
            self._sessions[session.id] = replace(current, **fields)

    def _event(self, what: str, row: Row, session: int | None, author: Author | None) -> Event:
        route, rule = (row, None) if isinstance(row, Route) else (None, row)
        kind: EventKind = f"{'rule' if route is None else 'route'}_{what}"  # type: ignore[assignment]  # four of the kinds
        return Event(kind=kind, at=self._at, session=session, route=route, policy_rule=rule, author=author)


def _shown(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Leave out table local: the kernel keeps it, address by address."""
    return tuple(route for route in routes if route.table != LOCAL_TABLE)


def same_row(entry: Trace, row: Row) -> bool:
    """Tell whether a trace is of this very row, whatever its expiry and state flags."""
    remembered = entry.route if isinstance(row, Route) else entry.policy_rule
    return remembered is not None and same(remembered, row)


def same(one: Row, other: Row) -> bool:
    """Tell whether two rows are one and the same, whatever their expiry and state flags."""
    if isinstance(one, Route) and isinstance(other, Route):
        return steady(one) == steady(other)
    return one == other


def _back(entry: Trace, row: Row) -> bool:
    """Tell whether a lost row has come back, be it with another metric or protocol."""
    if isinstance(row, Route):
        return entry.route is not None and key(entry.route) == key(row)
    return entry.policy_rule == row
