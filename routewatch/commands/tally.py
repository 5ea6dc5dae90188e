"""Counts what became of each session: what came and went in it, from the events, and what was cleaned of it.

A running daemon takes a moment to see what a cleanup beside it did: what the journal says was done is believed at once.
"""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.commands.archive import StoredStep, unpack
from routewatch.core.timeline import steady_row
from routewatch.render.sessions import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from routewatch.core.memory import Session, Trace
    from routewatch.core.model import PolicyRule, Route
    from routewatch.core.steps import Step
    from routewatch.store.database import Store

    Row: TypeAlias = Route | PolicyRule | None


class Done(NamedTuple):
    """A step of a cleanup that was done, and when that cleanup began (boot clock)."""

    step: Step
    begun: float


def tallied(store: Store, sessions: Sequence[Session]) -> tuple[tuple[Session, Tally], ...]:
    """Return each of these sessions, without what was cleaned of it since, and its tally. Raises StateError.

    Only what is shown is counted: there may be a million events.
    """
    if not sessions:
        return ()
    counts = store.events.counts([session.id for session in sessions])
    done = _done(store)
    return tuple(
        (
            _without_cleaned(session, done[session.id]),
            Tally(
                added=_sum(counts, session.id, "added"),
                removed=_sum(counts, session.id, "removed"),
                cleaned=len(done[session.id]),
            ),
        )
        for session in sessions
    )


def _done(store: Store) -> defaultdict[int, list[Done]]:
    found: defaultdict[int, list[Done]] = defaultdict(list)
    for value, begun in store.journal.done():
        stored = unpack(value, StoredStep, "step")
        if stored.session is not None:
            found[stored.session].append(Done(stored.step, begun))
    return found


def _without_cleaned(session: Session, done: list[Done]) -> Session:
    """Leave out what cleanups deleted and brought back; what came or went after them is as it is."""
    if not done:
        return session
    deleted = _latest((_deleted(step), begun) for step, begun in done)
    restored = _latest((_restored(step), begun) for step, begun in done)
    return replace(
        session,
        appeared=tuple(_before_none(session.appeared, deleted)),
        vanished=tuple(_before_none(session.vanished, restored)),
    )


def _latest(done: Iterable[tuple[Row, float]]) -> dict[Row, float]:
    """Return when each row was done last."""
    return {steady_row(row): begun for row, begun in sorted(done, key=itemgetter(1)) if row is not None}


def _deleted(step: Step) -> Row:
    return (step.route or step.policy_rule) if step.action == "delete" else step.replaces


def _restored(step: Step) -> Row:
    return None if step.action == "delete" else step.route or step.policy_rule


def _before_none(traces: Iterable[Trace], cleaned: dict[Row, float]) -> Iterable[Trace]:
    return (trace for trace in traces if trace.at.boot > cleaned.get(steady_row(trace.row), float("-inf")))


def _sum(counts: dict[tuple[int, str], int], session: int, what: str) -> int:
    return counts.get((session, f"route_{what}"), 0) + counts.get((session, f"rule_{what}"), 0)
