"""How much may be done unattended: so many rows of one session, and so many cleanups in ten minutes.

Both are read in the journal, by the clock that nobody sets: a new start of the daemon or a hook beside it gets no more,
and what a person cleans counts as well. A limit that is reached leaves the rest to a person.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.archive import StoredStep, unpack

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.refusals import Wishes
    from routewatch.store.database import Store

CLEANUPS = 5  # that did anything, within WITHIN: a client that comes and goes all the time is a person's matter
WITHIN = 600.0  # seconds


def unattended(context: Context, store: Store, wishes: Wishes) -> Wishes:
    """Return the wishes of somebody who asks nobody, with what is left of what he may do. Raises StateError."""
    done = Counter(unpack(value, StoredStep, "step").session for value, _ in store.journal.done())
    return replace(
        wishes,
        limit=context.settings.max_routes,
        spent={session: count for session, count in done.items() if session is not None},
        resting=_recent(context, store) >= CLEANUPS,
    )


def _recent(context: Context, store: Store) -> int:
    since = context.host.now().boot - WITHIN
    return sum(
        row.boot >= since and any(step.status == "done" for step in row.steps)
        for row in store.journal.recent(context.host.place(), 2 * CLEANUPS)
        if row.kind == "cleanup"
    )
