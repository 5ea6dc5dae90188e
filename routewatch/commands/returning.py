"""Gives back to their sessions the rows that an undo of ours, or a group that failed, put back as they were.

They are leftovers of that session again, and nobody else's: the journal kept the trace of each. Once the look that sees
them come has entered them, the session itself knows them. What a session is for is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.archive import StoredStep, unpack
from routewatch.core.timeline import steady_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from routewatch.core.memory import Event, Session
    from routewatch.core.model import Author, PolicyRule, Route
    from routewatch.core.sessions import Followed
    from routewatch.store.journal import CleanupRow

    Returned: TypeAlias = dict[tuple[bool, Route | PolicyRule | None], StoredStep]

COME, GONE = frozenset({"route_added", "rule_added"}), frozenset({"route_removed", "rule_removed"})


def taken_back(cleanups: Sequence[CleanupRow], *, underway: bool = False) -> list[StoredStep]:
    """Return the steps of cleanups that were taken back, and whose row was a session's.

    ``underway``: also those of a cleanup of which an undo was begun. Who looks beside it may see the rows before the
    journal says that they are back.
    """
    begun = {cleanup.undoes for cleanup in cleanups} if underway else set()
    steps = (
        unpack(row.value, StoredStep, "step")
        for cleanup in cleanups
        for row in (() if cleanup.kind == "undo" else cleanup.steps)
        if row.status == "undone" or (row.status == "done" and cleanup.id in begun)
    )
    return [step for step in steps if step.session is not None and step.trace is not None]


def is_unclaimed(event: Event) -> bool:
    """Tell whether a row came or went without a session, and by nobody who is known and is not us."""
    return event.session is None and event.kind in COME | GONE and not _is_strangers(event.author)


def _is_strangers(author: Author | None) -> bool:
    """Tell whether somebody else is the author; an undo beside a daemon is a process to it, named like itself."""
    if author is None or author.process is None:
        return author is not None and author.kind == "kernel"
    return not any(word.rpartition("/")[2] == "routewatch" for word in author.process.command)


def returned(followed: Followed, steps: Iterable[StoredStep], stored: Callable[[int], Session | None]) -> Followed:
    """Return what a look led to, with the rows that came back by taking steps back entered into their sessions.

    ``stored`` returns a session that is out of sight already: it had nothing left.
    """
    known: Returned = {(s.step.action != "delete", steady_row(s.trace.row)): s for s in steps if s.trace is not None}
    claims = [_claim(event, known) for event in followed.events]
    in_sight = {session.id: session for session in followed.course.sessions}
    changed: dict[int, Session] = {}
    for number in {step.session for step in claims if step is not None and step.session is not None}:
        session = in_sight.get(number) or stored(number)
        if session is not None:
            changed[number] = given_back(session, [s for s in claims if s is not None and s.session == number])
    events = zip(followed.events, claims, strict=True)
    return replace(
        followed,
        course=replace(followed.course, sessions=_with(followed.course.sessions, changed)),
        sessions=_with(followed.sessions, changed),
        events=tuple(event if step is None else replace(event, session=step.session) for event, step in events),
    )


def _claim(event: Event, known: Returned) -> StoredStep | None:
    """Return the step whose taking back a row's coming or going is."""
    row = event.route or event.policy_rule
    return known.get((event.kind in GONE, steady_row(row))) if is_unclaimed(event) else None


def _with(sessions: tuple[Session, ...], changed: dict[int, Session]) -> tuple[Session, ...]:
    both = {session.id: session for session in sessions} | changed
    return tuple(both[number] for number in sorted(both))


def given_back(session: Session, steps: Iterable[StoredStep]) -> Session:
    """Enter the traces of these steps' rows, as far as the session doesn't know them."""
    appeared, vanished = list(session.appeared), list(session.vanished)
    known = {steady_row(t.row) for t in appeared}, {steady_row(t.row) for t in vanished}
    for stored in steps:
        is_loss = stored.step.action != "delete"
        name = None if stored.trace is None else steady_row(stored.trace.row)
        if stored.trace is not None and name is not None and name not in known[is_loss]:
            known[is_loss].add(name)
            (vanished if is_loss else appeared).append(stored.trace)
    return replace(session, appeared=tuple(appeared), vanished=tuple(vanished))
