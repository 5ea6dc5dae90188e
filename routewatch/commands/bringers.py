"""Who brings back what we deleted: what the doorbell told of rows that came, kept until somebody asks about one.

A row that is deleted and comes back between two looks shows in no comparison of tables; what was told of it does. That
such a row is left alone, is decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from routewatch.core.attribution import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Author, Change
    from routewatch.core.verdict import Finding

KEPT = 1000  # of the latest changes


class Bringers:
    """Remembers who was heard to bring rows, and which of those that came back were told of."""

    def __init__(self) -> None:
        """Have heard nothing yet."""
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._told: set[object] = set()

    def hear(self, changes: Iterable[Change]) -> None:
        """Keep what was told of rows that came."""
        self._changes.extend(change for change in changes if change.action == "add")

    def news(self, found: Iterable[Finding]) -> list[tuple[Finding, Author | None]]:
        """Return the rows that came back after we had deleted them, each once, with who brought it."""
        back = [finding for finding in found if finding.rule == "came-back" and finding.row not in self._told]
        if not back:
            return []
        ledger = Ledger(self._changes)
        self._told.update(finding.row for finding in back)
        changes = ((finding, ledger.added(finding.row)) for finding in back)
        return [(finding, change.author if change is not None else None) for finding, change in changes]
