"""Which cleanups await their confirmation, how long still, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.commands.arming import is_awaited
from routewatch.render.times import iso, span
from routewatch.store.confirmations import ConfirmationRow

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.store.database import Store

OVERDUE = 30.0  # seconds after the deadline in which it is left to the process that waits for it


class Pending(Struct, frozen=True, kw_only=True):
    """A cleanup that awaits its confirmation, with the seconds that are left for it, and whether a process waits."""

    row: ConfirmationRow
    left: float
    by: float  # wall clock
    awaited: bool

    @property
    def is_over(self) -> bool:
        """Tell whether its time is over."""
        return self.left <= 0 or self.row.state == "due"

    @property
    def is_forsaken(self) -> bool:
        """Tell whether its time is over and nobody takes it back."""
        return self.is_over and (not self.awaited or self.left < -OVERDUE)


def pending(context: Context, store: Store) -> list[Pending]:
    """Return what is to be confirmed in this place, the newest first. Raises StateError."""
    rows = store.confirmations.pending(context.host.place())
    now = context.host.now()
    return [
        Pending(
            row=row,
            left=row.deadline - now.boot,
            by=now.wall + row.deadline - now.boot,
            awaited=is_awaited(context, row.cleanup),
        )
        for row in rows
    ]


def pending_object(each: Pending) -> dict[str, Any]:
    """Return what is to be confirmed as it stands in the JSON."""
    return {
        "cleanup_id": each.row.cleanup,
        "confirm_within": each.row.within,
        "confirm_by": iso(each.by),
        "seconds_left": round(max(0.0, each.left), 3),
        "armed": each.awaited,
    }


def pending_text(each: Pending) -> str:
    """Return what is to be confirmed as a person reads it."""
    number = each.row.cleanup
    if each.is_forsaken:
        return f"cleanup {number} was not confirmed in time: the daemon, or the next cleanup, takes it back"
    if each.is_over:
        return f"cleanup {number} was not confirmed in time: it is being taken back"
    said = f"cleanup {number} will be undone in {span(each.left)} unless: routewatch confirm {number}"
    if each.awaited:
        return said
    return f"{said} (by the daemon, or the next cleanup: the process that would do it was ended)"
