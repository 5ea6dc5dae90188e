"""When the daemon looks next: after a ring once it is quiet, at the latest after a limit, and at the poll.

Pure arithmetic on the monotonic clock. A look is never begun sooner than ten times the last one's duration after it, so
that a huge table costs at most a tenth of a core.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

SHARE = 10
TOLERATED = 5.0  # seconds that a look may come late, at least, before that is a gap


class Waited(NamedTuple):
    """How a wait ended, in seconds: when (monotonic clock), how late, and how long the machine slept meanwhile."""

    ended: float
    late: float
    slept: float


class Pace(Struct, frozen=True, kw_only=True):
    """The deadlines, in seconds of the monotonic clock."""

    quiet: float = 0.5  # settle_quiet
    limit: float = 5.0  # settle_limit
    poll: float = 30.0  # poll_interval
    first_ring: float | None = None  # of those not looked after yet
    last_ring: float = 0.0
    looked: float = 0.0  # when the last look ended
    took: float = 0.0
    appointments: tuple[float, ...] = ()  # looks that somebody asked for

    def rung(self, now: float) -> Pace:
        """Take note of a ring."""
        return replace(self, first_ring=now if self.first_ring is None else self.first_ring, last_ring=now)

    def appointed(self, at: float) -> Pace:
        """Ask for a look at a certain time."""
        return replace(self, appointments=tuple(sorted({*self.appointments, at})))

    def done(self, now: float, took: float) -> Pace:
        """Take note of a look that ended now."""
        kept = tuple(at for at in self.appointments if at > now)
        return replace(self, first_ring=None, looked=now, took=took, appointments=kept)

    @property
    def due(self) -> float:
        """When to look next."""
        wanted = [self.looked + self.poll, *self.appointments[:1]]
        if self.first_ring is not None:
            wanted.append(min(self.last_ring + self.quiet, self.first_ring + self.limit))
        return max(min(wanted), self.looked + SHARE * self.took)

    def overslept(self, waited: Waited) -> str:
        """Say in words that nobody looked for too long, where a wait took much longer than was asked for."""
        tolerated = max(2 * self.poll, TOLERATED)
        if max(waited.late, waited.slept) <= tolerated:
            return ""
        why = ", for the machine slept" if waited.slept > waited.late else ""
        seconds = waited.ended - self.looked + max(0.0, waited.slept)
        return f"did not look for {seconds:.0f} s{why}: what changed meanwhile bears the time of this look"

    def is_quiet(self, now: float) -> bool:
        """Tell whether the table has been quiet long enough for what is seen now to be settled."""
        return self.first_ring is None or now - self.last_ring >= self.quiet
