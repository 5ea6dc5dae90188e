"""Enters what changed between two looks into the sessions it belongs to, and into the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import is_default
from routewatch.core.attribution import UNKNOWN, Ledger, is_nobody, slot, trace
from routewatch.core.diff import Changed, Changes, RuleChanges, key, steady
from routewatch.core.memory import Event, EventKind, Session, Trace
from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, Author, PolicyRule, Route
from routewatch.core.volatile import is_passing

if TYPE_CHECKING:
    from collections.abc import Hashable

    from routewatch.core.model import Change, Moment

TRACES = 10_000  # a session remembers no more rows: a full table learnt over a VPN is not a leftover
EVENTS = 5_000  # more changes between two looks than this are one event, "resync"

Row = Route | PolicyRule


class Book:
    """The sessions while the changes of one look are entered into them."""

    def __init__(self, sessions: tuple[Session, ...], at: Moment) -> None:
        """Open the book of these sessions at the moment of the look."""
        self._sessions = {session.id: session for session in sessions}
        self._at = at
        # where rows have come that lie in a tunnel, and in which
        self._places: set[tuple[Hashable, str | None]] = set()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions as they stand now."""
        return tuple(self._sessions.values())

    def enter(self, routes: Changes, rules: RuleChanges, ledger: Ledger) -> tuple[Event, ...]:
        """Enter all changes; removals first, so that a row that only moved is there in the end."""
        gone: tuple[Row, ...] = (*_shown(routes.removed), *rules.removed)
        tunnels = {session.tunnel.name for session in self.sessions}
        # what lies in a tunnel comes first: it tells which of two clients of one name its author is
        shown = sorted(_shown(routes.added), key=lambda route: route.interface not in tunnels)
        come: tuple[Row, ...] = (*shown, *rules.added)
        self._places = {(slot(route), route.interface) for route in shown if route.interface in tunnels}
        owners = self._take_out(gone)
        events = [self._remove(row, owners.get(steady_row(row)), ledger) for row in gone]
        self._strike_out(come)
        events += [self._add(row, ledger) for row in come]
        self._disown({steady_row(row): event.session for row, event in zip(come, events[len(gone) :], strict=True)})
        changed = [pair for pair in routes.changed if not is_passing(pair.after)]
        owners = self._renew({steady_row(pair.before): pair.after for pair in changed})
        events += [self._change(pair, owners.get(steady_row(pair.before)), ledger) for pair in changed]
        if len(events) > EVENTS:
            return (Event(kind="resync", at=self._at, detail=f"{len(events)} rows differ"),)
        return tuple(events)

    # What concerns all rows of a look is done in one pass over each session, not in one for each row: a VPN that
    # carried a full table takes ten thousands of rows with it when it goes.

    def _take_out(self, gone: tuple[Row, ...]) -> dict[Row | None, int]:
        """Take rows that are gone out of their sessions; return whose they were."""
        names = {steady_row(row) for row in gone}
        owners: dict[Row | None, int] = {}
        for session in self.sessions:
            owners |= {name: session.id for t in session.appeared if (name := steady_row(t.row)) in names}
            self._set(
                session,
                appeared=tuple(t for t in session.appeared if steady_row(t.row) not in names),
                others=tuple(route for route in session.others if steady_row(route) not in names),
            )
        return owners

    def _strike_out(self, come: tuple[Row, ...]) -> None:
        """Strike what has come back out of what sessions lost."""
        names, places = {steady_row(row) for row in come}, {_place(row) for row in come}
        for session in self.sessions:
            self._set(
                session,
                vanished=tuple(t for t in session.vanished if _place(t.row) not in places),
                others_took=tuple(route for route in session.others_took if steady_row(route) not in names),
            )

    def _disown(self, owners: dict[Row | None, int | None]) -> None:
        """Take rows from the sessions they were entered into before their owner's tunnel was seen."""
        for session in self.sessions:
            mine = {None, session.id}
            kept = tuple(t for t in session.appeared if owners.get(steady_row(t.row)) in mine)
            self._set(session, appeared=kept)

    def _renew(self, changed: dict[Row | None, Route]) -> dict[Row | None, int]:
        """Enter what rows have become; return whose they are."""
        owners: dict[Row | None, int] = {}
        for session in self.sessions if changed else ():
            owners |= {name: session.id for t in session.appeared if (name := steady_row(t.row)) in changed}
            renewed = (replace(t, route=changed.get(steady_row(t.row), t.route)) for t in session.appeared)
            self._set(session, appeared=tuple(renewed))
        return owners

    def _remove(self, row: Row, own: int | None, ledger: Ledger) -> Event:
        change = ledger.removed(row)
        found = None if own is not None else self._taker(row, change)
        if found is not None and len(found[0].vanished) < TRACES:
            session, entry = found
            self._set(session, vanished=(*session.vanished, entry))
        elif found is None and own is None and change is not None and _is_known(change.author):
            self._note_default("others_took", row)
        whose = found[0].id if found else own
        return self._event("removed", row, whose, change.author if change else None)

    def _taker(self, row: Row, change: Change | None) -> tuple[Session, Trace] | None:
        """Return whose doing it is that a row is gone.

        Where nobody saw it, theirs whose tunnel has a row in its very place now: it was replaced by that.
        """
        found = trace(row, change, self.sessions, self._at)
        if found is not None or not isinstance(row, Route) or (change is not None and not is_nobody(change.author)):
            return found
        for session in reversed(self.sessions):
            if session.is_open and (slot(row), session.tunnel.name) in self._places:
                author = change.author if change else UNKNOWN
                return session, Trace(at=self._at, tie="interface", author=author, route=row)
        return None

    def _add(self, row: Row, ledger: Ledger) -> Event:
        change = ledger.added(row)
        found = trace(row, change, self.sessions, self._at)
        if found is not None and len(found[0].appeared) < TRACES:
            session, entry = found
            self._set(session, appeared=(*session.appeared, entry))
        elif found is None:
            self._note_default("others", row)
        return self._event("added", row, found[0].id if found else None, change.author if change else None)

    def _note_default(self, field: str, row: Row) -> None:
        """Remember in every open session that somebody else made or took away a default."""
        if isinstance(row, Route) and is_default(row) and row.table == MAIN_TABLE:
            for session in self.sessions:
                if session.is_open:
                    self._set(session, **{field: (*getattr(session, field), row)})

    def _change(self, pair: Changed, own: int | None, ledger: Ledger) -> Event:
        change = ledger.added(pair.after)
        author = change.author if change else None
        return Event(
            kind="route_changed", at=self._at, session=own, route=pair.after, before=pair.before, author=author
        )

    def _set(self, session: Session, **fields: tuple[Trace, ...] | tuple[Route, ...]) -> None:
        current = self._sessions[session.id]
        if any(getattr(current, name) != value for name, value in fields.items()):
            self._sessions[session.id] = replace(current, **fields)

    def _event(self, what: str, row: Row, session: int | None, author: Author | None) -> Event:
        route, rule = (row, None) if isinstance(row, Route) else (None, row)
        kind: EventKind = f"{'rule' if route is None else 'route'}_{what}"  # type: ignore[assignment]  # four of the kinds
        return Event(kind=kind, at=self._at, session=session, route=route, policy_rule=rule, author=author)


def _is_known(author: Author) -> bool:
    return author.kind == "process" and not is_nobody(author)


def _shown(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Leave out table local, which the kernel keeps address by address, and what comes and goes with the traffic."""
    return tuple(route for route in routes if route.table != LOCAL_TABLE and not is_passing(route))


def same(one: Row, other: Row) -> bool:
    """Tell whether two rows are one and the same, whatever their expiry and state flags."""
    if isinstance(one, Route) and isinstance(other, Route):
        return steady(one) == steady(other)
    return one == other


def steady_row(row: Row | None) -> Row | None:
    """Return what makes it this very row, whatever its expiry and state flags."""
    return steady(row) if isinstance(row, Route) else row


def _place(row: Row | None) -> Hashable:
    """Return what a lost row comes back to, be it with another metric or protocol."""
    return key(row) if isinstance(row, Route) else row
