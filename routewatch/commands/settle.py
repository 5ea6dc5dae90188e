"""Waits until the table has come to rest, and looks: for the commands that look once."""

from __future__ import annotations

from select import select
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.baselines import same_table
from routewatch.core.sessions import Sight
from routewatch.errors import ObservationError

if TYPE_CHECKING:
    from routewatch.core.memory import Session
    from routewatch.core.model import Change, Process
    from routewatch.core.snapshot import Snapshot
    from routewatch.host.port import Doorbell, Host


class Rest(Struct, frozen=True, kw_only=True):
    """When a table counts as settled: no message for ``quiet`` seconds, waited for at most ``limit`` seconds."""

    quiet: float
    limit: float


def look_settled(host: Host, rest: Rest, also: tuple[Process, ...] = ()) -> Sight:
    """Wait for the table to rest and look at it. Raises ObservationError.

    ``settled`` is False where it did not come to rest within the limit: the sight is of a moving table then.
    """
    doorbell = host.doorbell()
    if doorbell is None:
        return _look_until_alike(host, rest, also)
    try:
        return _look_when_quiet(host, doorbell, rest, also)
    finally:
        doorbell.close()


def _look_when_quiet(host: Host, doorbell: Doorbell, rest: Rest, also: tuple[Process, ...]) -> Sight:
    changes: list[Change] = []
    lost = False
    deadline = host.now().monotonic + rest.limit
    while True:
        quiet = _waits_quietly(doorbell, rest.quiet)
        late = host.now().monotonic >= deadline
        snapshot = host.observe(also) if quiet or late else None
        rings = doorbell.read()
        changes += rings.changes
        lost = lost or rings.lost
        if snapshot is not None and (late or not rings.messages):
            settled = quiet and not rings.messages
            return Sight(snapshot=snapshot, changes=tuple(changes), lost=lost, settled=settled)


def _look_until_alike(host: Host, rest: Rest, also: tuple[Process, ...]) -> Sight:
    """Where nothing rings, a table rests that is the same at two looks."""
    deadline = host.now().monotonic + rest.limit
    before = host.observe(also)
    while True:
        select([], [], [], rest.quiet)
        now = host.observe(also)
        alike = same_table(before, now) and before.links == now.links
        if alike or host.now().monotonic >= deadline:
            return Sight(snapshot=now, settled=alike)
        before = now


def _waits_quietly(doorbell: Doorbell, seconds: float) -> bool:
    return not select([doorbell], [], [], seconds)[0]


def look_now(host: Host, also: tuple[Process, ...] = ()) -> Sight:
    """Look at once, as those commands do that only show. Raises ObservationError for an incomplete table."""
    return Sight(snapshot=complete(host.observe(also)))


def complete(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot. Raises ObservationError where it is not complete."""
    if not snapshot.complete:
        raise ObservationError(
            "the routing table could not be read completely: it changed while it was read",
            "nothing was changed or stored; try again",
        )
    return snapshot


def grace_left(sessions: tuple[Session, ...], now: float, grace: float) -> float:
    """Return how many seconds the client of a just-ended session still has to tear down (boot clock)."""
    return max((s.closed.boot + grace - now for s in sessions if s.closed is not None), default=0.0)
