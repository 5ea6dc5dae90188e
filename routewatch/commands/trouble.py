"""What keeps the state from being read or written, for a daemon that goes on: told once, and when it is over.

A full disk, a read-only file system, a lock that another program holds. While it lasts the table is watched, followed
and judged as ever, from memory; nothing is acted on, because nothing is done that is not first in the journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from routewatch.errors import RoutewatchError

GOES_ON = "the table is watched as before; nothing is acted on, and what is seen is stored once that can be done"
REFUSED = "nothing is acted on that can't be written down first, and the state can't be written at this moment"
MESSAGES = 16  # of one trouble that are told; a sentence that is never the same twice is told no oftener


class Trouble:
    """One trouble at a time: from the first look that met it to the first whole look that did not."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        """Tell this log; there is no trouble yet."""
        self._log = log
        self._told: set[str] = set()
        self._since = 0.0
        self._met = False
        self._refused = False

    def meet(self, error: RoutewatchError, now: float) -> None:
        """Take note that the state could not be used just now (monotonic seconds)."""
        self._met = True
        if not self._told:
            self._since = now
        if error.message not in self._told and len(self._told) < MESSAGES:
            self._told.add(error.message)
            self._log.error("not_stored", message=error.message, hint=error.hint, meanwhile=GOES_ON)

    def refuse(self) -> None:
        """Tell, once in this trouble, that what would be done is not."""
        if not self._refused:
            self._refused = True
            self._log.warning("acting_refused", rule="state-unusable", because=REFUSED)

    def end_look(self, now: float) -> None:
        """Take note that a look is over with all that follows from it (monotonic seconds)."""
        if self._told and not self._met:
            self._log.warning("stored_again", after=round(now - self._since, 1))
            self._told.clear()
            self._refused = False
        self._met = False
