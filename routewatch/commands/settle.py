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


class _Ear:
    """Hears what a doorbell tells, and knows for how long it has told nothing."""

    def __init__(self, doorbell: Doorbell, host: Host) -> None:
        self.changes: list[Change] = []
        self.lost = False
        self._doorbell = doorbell
        self._host = host
        self._last = host.now().monotonic

    def hear(self) -> bool:
        """Tell whether something was told; a Mac's socket also says which lookups failed, and that is nothing."""
        rings = self._doorbell.read()
        self.changes += rings.changes
        self.lost = self.lost or rings.lost
        told = bool(rings.messages or rings.lost)
        if told:
            self._last = self._host.now().monotonic
        return told

    def is_quiet_for(self, seconds: float) -> bool:
        """Wait until nothing was told for so long; False as soon as something is."""
        while True:
            left = seconds - (self._host.now().monotonic - self._last)
            if not select([self._doorbell], [], [], max(0.0, left))[0]:
                return True
            if self.hear():
                return False
            if left <= 0.0:
                return True


def _look_when_quiet(host: Host, doorbell: Doorbell, rest: Rest, also: tuple[Process, ...]) -> Sight:
    ear = _Ear(doorbell, host)
    deadline = host.now().monotonic + rest.limit
    while True:
        quiet = ear.is_quiet_for(rest.quiet)
        late = host.now().monotonic >= deadline
        if not quiet and not late:
            continue
        snapshot = host.observe(also)
        told = ear.hear()
        if late or not told:
            return Sight(snapshot=snapshot, changes=tuple(ear.changes), lost=ear.lost, settled=quiet and not told)


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


def look_now(host: Host, also: tuple[Process, ...] = ()) -> Sight:
    """Look at once, as those commands do that only show. Raises ObservationError for an incomplete table."""
    return Sight(snapshot=complete(host.observe(also)))


def complete(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot. Raises ObservationError where it is not complete."""
    if not snapshot.complete:
        because = snapshot.torn[0] if snapshot.torn else "it changed while it was read"
        raise ObservationError(
            f"the routing table could not be read completely: {because}",
            "nothing was changed or stored; try again",
        )
    return snapshot


def grace_left(sessions: tuple[Session, ...], now: float, grace: float) -> float:
    """Return how many seconds the client of a just-ended session still has to tear down (monotonic: not in sleep)."""
    return max((s.closed.monotonic + grace - now for s in sessions if s.closed is not None), default=0.0)
