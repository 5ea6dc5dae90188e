"""The daemon's part in confirmations: it takes back what was not confirmed in time where nobody else does.

When that is due it tells the loop; what fails is told once as long as it stays the same, and tried at every look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.pending import OVERDUE
from routewatch.commands.unconfirmed import take_back_forsaken
from routewatch.errors import RoutewatchError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from routewatch.commands.context import Context
    from routewatch.commands.observer import Observer
    from routewatch.store.database import Store

AFTERWARDS = 1.0  # seconds after a deadline, and after the time in which the process that waits for it may be late


class Rescue:
    """Looks after the cleanups that await their confirmation."""

    def __init__(self, context: Context, store: Store, log: FilteringBoundLogger) -> None:
        """Take the surroundings; nothing is looked at yet."""
        self._context = context
        self._store = store
        self._log = log
        self._told = ""  # why it failed last

    def done(self, observer: Observer) -> bool:
        """Take back what nobody else does, and tell whether there was any. Raises what went wrong, once."""
        try:
            done = take_back_forsaken(self._context, self._store, observer, self._tell)
        except RoutewatchError as error:
            if error.message == self._told:
                return False
            self._told = error.message
            raise
        self._told = ""
        return done

    def due(self) -> float | None:
        """Return when to see whether a cleanup was confirmed, or taken back (boot clock). Raises StateError."""
        times = [
            row.deadline + late
            for row in self._store.confirmations.pending(self._context.host.place())
            for late in (AFTERWARDS, OVERDUE + AFTERWARDS)
        ]
        now = self._context.host.now().boot
        return min((at for at in times if at > now), default=None)

    def _tell(self, said: str) -> None:
        self._log.warning("taken_back", said=said)
