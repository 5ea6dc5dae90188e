"""Counts what became of each session: what came and went in it, from the events, and what was cleaned of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from routewatch.commands.archive import StoredStep
from routewatch.render.sessions import Tally

if TYPE_CHECKING:
    from collections.abc import Collection

    from routewatch.store.database import Store


def tallies(store: Store, sessions: Collection[int]) -> dict[int, Tally]:
    """Return the tally of each of these sessions, by its number. Raises StateError.

    Only what is shown is counted: there may be a million events.
    """
    if not sessions:
        return {}
    counts = store.events.counts(sessions)
    steps = (msgspec.msgpack.decode(value, type=StoredStep) for value in store.journal.done())
    cleaned = Counter(step.session for step in steps if step.session is not None)
    return {
        number: Tally(
            added=_sum(counts, number, "added"), removed=_sum(counts, number, "removed"), cleaned=cleaned[number]
        )
        for number in sessions
    }


def _sum(counts: dict[tuple[int, str], int], session: int, what: str) -> int:
    return counts.get((session, f"route_{what}"), 0) + counts.get((session, f"rule_{what}"), 0)
