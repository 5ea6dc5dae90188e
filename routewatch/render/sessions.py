"""Sessions: as objects of the JSON and as lines of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.evidence_against import is_kernel_made
from routewatch.render.objects import Object, link_object, process_text
from routewatch.render.routes import printable
from routewatch.render.times import clock, iso, span

if TYPE_CHECKING:
    from routewatch.core.memory import Session

HEADER = (
    f"{'ID':>4}  {'CLIENT':<14} {'TUNNEL':<10} {'OPENED':<19} {'LENGTH':<10} "
    f"{'CAME':>5} {'WENT':>5} {'LEFT':>5} {'LOST':>5} {'CLEANED':>7}  STATE"
)


class Tally(Struct, frozen=True, kw_only=True):
    """How many rows came and went in a session, and how many of it were cleaned up afterwards."""

    added: int = 0
    removed: int = 0
    cleaned: int = 0


def session_object(session: Session, tally: Tally) -> Object:
    """Return a session; ``lost`` counts what it took and did not give back."""
    return {
        "id": session.id,
        "client": session.client,
        "process": process_text(session.holder) if session.holder else None,
        "tunnel": link_object(session.tunnel),
        "opened": iso(session.opened.wall),
        "closed": iso(session.closed.wall) if session.closed else None,
        "ended": session.ended or None,
        "baseline": session.baseline,
        "network": [
            {"link": u.link, "prefixes": list(u.prefixes), "gateways": [g.address for g in u.gateways]}
            for u in session.network
        ],
        "added": tally.added,
        "removed": tally.removed,
        "left": left(session),
        "lost": len(session.vanished),
        "cleaned": tally.cleaned,
    }


def left(session: Session) -> int | None:
    """Count what a session left behind: its rows that are there and are not the kernel's own. None while it is up."""
    rows = (trace.row for trace in session.appeared)
    return None if session.is_open else sum(row is not None and not is_kernel_made(row) for row in rows)


def session_line(session: Session, tally: Tally, now: float) -> str:
    """Return one line of the list; ``now`` is the boot clock."""
    until = session.closed.boot if session.closed else now
    state = session.ended if session.closed else "open"
    stayed = left(session)
    if session.baseline is None:
        state += " (no baseline: it was up already)"
    return printable(
        f"{session.id:>4}  {session.client or '?':<14} {session.tunnel.name:<10} {clock(session.opened.wall):<19} "
        f"{span(until - session.opened.boot):<10} {tally.added:>5} {tally.removed:>5} "
        f"{'-' if stayed is None else stayed:>5} {len(session.vanished):>5} {tally.cleaned:>7}  {state}"
    )
