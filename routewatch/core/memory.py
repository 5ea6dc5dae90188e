"""What is remembered between two looks: baselines, sessions with what came and went in them, and events.

Plain values that the store keeps. How they come about is told in sessions.py, what follows from them in evidence.py.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from routewatch.core.model import Author, Family, Link, Moment, PolicyRule, Process, Route
from routewatch.core.network import Network
from routewatch.core.snapshot import Snapshot

Reason = Literal["session", "periodic", "stop", "by hand", "saved"]
Tie = Literal["interface", "author", "time"]


class Doubted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found wrong in a table when it became a baseline: left out of it, or a leftover would be sacred."""

    routes: tuple[Route, ...] = ()
    rules: tuple[PolicyRule, ...] = ()


class Baseline(Struct, frozen=True, kw_only=True):
    """The last settled snapshot before a session's first sign.

    ``proven`` is false for the first one of an installation: it may hold older leftovers, so it silences nothing.
    ``tainted`` is one taken under a VPN: nothing is restored from it. ``silent`` are the families that a saved table
    leaves out: what was there of them it doesn't say.
    """

    id: int
    snapshot: Snapshot
    network: Network
    proven: bool
    tainted: bool
    reason: Reason
    doubted: Doubted = Doubted()
    silent: frozenset[Family] = frozenset()


class Trace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A route or rule that came or went in a session, and how we know that it is the session's."""

    at: Moment
    tie: Tie
    author: Author
    route: Route | None = None
    policy_rule: PolicyRule | None = None

    @property
    def row(self) -> Route | PolicyRule | None:
        """Return what came or went."""
        return self.route or self.policy_rule


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The time a tunnel was up."""

    id: int
    tunnel: Link
    client: str | None
    opened: Moment
    holder: Process | None = None
    closed: Moment | None = None
    ended: str = ""  # why it is over, in words
    baseline: int | None = None  # None: it was up already when we came
    network: Network = ()
    appeared: tuple[Trace, ...] = ()  # only what is still there
    vanished: tuple[Trace, ...] = ()  # only what has not come back
    servers: tuple[str, ...] = ()  # their addresses, where a table tells them
    others: tuple[Route, ...] = ()  # defaults that somebody else than the client made meanwhile
    others_took: tuple[Route, ...] = ()  # defaults that somebody else was seen to take away meanwhile

    @property
    def is_open(self) -> bool:
        """Tell whether the tunnel is still up."""
        return self.closed is None


EventKind = Literal[
    "session_opened", "session_closed", "route_added", "route_removed", "route_changed", "rule_added", "rule_removed",
    "gap", "resync", "baseline_stored", "place_changed", "orphans_found", "cleaned",
]  # fmt: skip


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log."""

    kind: EventKind
    at: Moment
    session: int | None = None
    route: Route | None = None
    before: Route | None = None  # what a changed route was
    policy_rule: PolicyRule | None = None
    author: Author | None = None
    detail: str = ""


class Deletion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A route or rule that a cleanup of ours deleted, and that was not taken back."""

    at: Moment
    route: Route | None = None
    policy_rule: PolicyRule | None = None

    @property
    def row(self) -> Route | PolicyRule | None:
        """Return what was deleted."""
        return self.route or self.policy_rule


class TakenBack(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A route or rule that a cleanup of ours had deleted or added, until that cleanup was undone."""

    at: Moment  # of the cleanup
    row: Route | PolicyRule


class Memory(Struct, frozen=True, kw_only=True):
    """All that judging may look at beside the present table; only of this boot and network namespace."""

    latest: Baseline | None = None
    baselines: dict[int, Baseline] = {}
    captured: Baseline | None = None  # the latest that a person took by hand while no VPN was up
    sessions: tuple[Session, ...] = ()  # oldest first
    kept: frozenset[str] = frozenset()  # destinations a person called his own
    deleted: tuple[Deletion, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()
    cut_short: frozenset[PolicyRule] = frozenset()  # rules that a cleanup of ours would have deleted, had it not ended

    def baseline_of(self, session: Session | None) -> Baseline | None:
        """Return the baseline a session is measured against; without a session the latest one."""
        if session is None:
            return self.latest
        return None if session.baseline is None else self.baselines.get(session.baseline)

    def captured_after(self, session: Session | None) -> Baseline | None:
        """Return the baseline that a person took by hand once this session was over: what is in it is his."""
        if session is None or session.closed is None or self.captured is None:
            return None
        return self.captured if self.captured.snapshot.taken.boot >= session.closed.boot else None
