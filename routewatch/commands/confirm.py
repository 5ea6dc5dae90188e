"""``confirm``: the cleanup that would be undone otherwise stays. It changes no route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.arming import dismiss
from routewatch.errors import NotPendingError, UsageError
from routewatch.render.times import clock, iso
from routewatch.store.locks import holder

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.store.confirmations import ConfirmationRow
    from routewatch.store.database import Store

NONE = "there is no cleanup to confirm"


def add(parser: argparse.ArgumentParser) -> None:
    """Take which cleanup."""
    parser.add_argument("cleanup", nargs="?", type=int, metavar="CLEANUP", help="its number (default: the latest)")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Confirm it. Raises NotPendingError where there is nothing to confirm any more, UsageError, StateError."""
    with context.store() as store:
        row = _chosen(store, context, arguments.cleanup)
        if row.state != "confirmed":
            _confirm(context, store, row)
        dismiss(context, row.cleanup)
        row = store.confirmations.get(row.cleanup) or row
        others = [each.cleanup for each in store.confirmations.pending(context.host.place())]
    if context.json:
        context.emit({"cleanup_id": row.cleanup, "state": row.state, "at": iso(row.ended)})
    context.report(f"cleanup {row.cleanup} is confirmed: it stays")
    for number in others:
        context.note(f"cleanup {number} is still to be confirmed: routewatch confirm {number}")
    return 0


def _chosen(store: Store, context: Context, number: int | None) -> ConfirmationRow:
    if number is not None:
        return _named(store, context, number)
    place = context.host.place()
    found = next(iter(store.confirmations.pending(place)), None)
    if found is not None:
        return found
    latest = store.confirmations.latest(place)
    raise NotPendingError(NONE if latest is None else f"{NONE}: {_ended(latest)}")


def _named(store: Store, context: Context, number: int) -> ConfirmationRow:
    cleanup = store.journal.get(number)
    if cleanup is None or cleanup.kind == "undo":
        raise UsageError(f"there is no cleanup {number}")
    if cleanup.place != context.host.place():
        raise UsageError(
            f"cleanup {number} was made in another boot or network namespace: it can be confirmed only there"
        )
    found = store.confirmations.get(number)
    if found is None:
        raise NotPendingError(f"cleanup {number} needs no confirmation: it was made without --confirm-within")
    return found


def _confirm(context: Context, store: Store, row: ConfirmationRow) -> None:
    """Confirm it, unless it is being taken back, or still at work: nobody can know yet what he would confirm."""
    cleanup = store.journal.get(row.cleanup)
    if cleanup is not None and cleanup.state == "acting" and holder(context.state_dir, "act.lock") is not None:
        raise NotPendingError(f"cleanup {row.cleanup} is still at work", "confirm it when it has ended")
    if not store.confirmations.confirm(row.cleanup, context.host.now().wall):
        raise NotPendingError(f"too late: {_ended(store.confirmations.get(row.cleanup) or row)}")


def _ended(row: ConfirmationRow) -> str:
    at = "" if row.ended is None else f" at {clock(row.ended)}"
    match row.state:
        case "confirmed":
            return f"cleanup {row.cleanup} was confirmed already{at}"
        case "undone":
            return f"cleanup {row.cleanup} was taken back{at}"
        case _:
            return f"cleanup {row.cleanup} was not confirmed in time, and is being taken back"
