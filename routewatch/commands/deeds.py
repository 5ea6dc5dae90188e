"""What the daemon did by itself, and what it left to a person: told so that each act can be taken back by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.steps import inverse
from routewatch.render.findings import row_text
from routewatch.render.plan import command

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from routewatch.commands.cleaning import Cleaned
    from routewatch.core.refusals import Refusal
    from routewatch.core.steps import Taken

ASKING = "routewatch cleanup shows what is left, and asks"


class Deeds:
    """Tells of cleanups that nobody asked for."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        """Tell this log; nothing was done yet."""
        self._log = log
        self._left: frozenset[Refusal] = frozenset()

    def tell(self, cleaned: Cleaned) -> None:
        """Tell of each act, and once of what is refused as long as that stays the same."""
        undo = f"routewatch undo {cleaned.acted.cleanup}"
        for entry in cleaned.acted.taken:
            self._tell_act(entry, undo)
        if cleaned.acted.taken:
            self._log.warning(
                "cleaned", cleanup=cleaned.acted.cleanup, steps=cleaned.done, remain=cleaned.remaining, undo=undo
            )
        left, self._left = self._left, frozenset(cleaned.refused)
        for rule in dict.fromkeys(refusal.rule for refusal in cleaned.refused if refusal not in left):
            kin = [refusal for refusal in cleaned.refused if refusal.rule == rule]
            row = kin[0].route or kin[0].policy_rule
            self._log.warning(
                "left_to_a_person",
                rule=rule,
                because=kin[0].because,
                rows=len(kin),
                first=None if row is None else row_text(row),
                hint=ASKING,
            )

    def _tell_act(self, entry: Taken, undo: str) -> None:
        step = entry.step
        self._log.warning(
            "acted",
            did=command(step),
            status=entry.status,
            detail=entry.detail or None,
            taken_back_by=command(inverse(step)),
            all_taken_back_by=undo,
            rule=step.rule,
            because=step.because,
            evidence=[*step.evidence, *(f"({code})" for code in step.against)],
        )
