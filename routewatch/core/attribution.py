"""Whose doing a change was: the doorbell's messages are matched with what the dumps show to have changed.

The author is a hint. A route belongs to a session by its interface first, then by its author, and only where nobody saw
the author by time. A change whose author is known to be somebody else's process belongs to no session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.diff import key
from routewatch.core.memory import Session, Tie, Trace
from routewatch.core.model import Author, Change, Moment, PolicyRule, Process, Route
from routewatch.core.signatures import client_of_process
from routewatch.core.volatile import is_lettered

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

# Changes nobody saw the author of count as the session's only so soon after its opening (seconds).
OPENING = 60.0
# What bears these is signed: a DHCP client's or the router advertisements' (RTPROT_DHCP, RTPROT_RA; linux/rtnetlink.h),
# or a routing daemon's. A lease that is renewed right after a VPN came up, by an `ip` that nobody caught in time, is
# not the VPN's doing, and neither are the routes that BGP learns and withdraws by the thousand.
ROUTING_DAEMONS = frozenset({"zebra", "bird", "babel", "bgp", "ospf", "isis", "rip", "eigrp", "keepalived"})
OTHERS = frozenset({"dhcp", "ra"}) | ROUTING_DAEMONS
UNKNOWN = Author()
_STRENGTH: tuple[Tie, ...] = ("interface", "author", "time")


class Ledger:
    """The doorbell's changes since the last look, by what they changed: the last word on each."""

    def __init__(self, changes: Iterable[Change]) -> None:
        """Index the changes; later ones replace earlier ones of the same row."""
        self._last: dict[Hashable, Change] = {}
        for change in changes:
            for name in _names(change):
                self._last[name] = change

    def added(self, row: Route | PolicyRule) -> Change | None:
        """Return the message that brought this row."""
        found = self._last.get(("add", *_row(row)))
        if found is None and isinstance(row, Route) and is_lettered(row):
            found = self._last.get(_place(row))
            return found if found is not None and _leads_there(found.route, row) else None
        return found

    def removed(self, row: Route | PolicyRule) -> Change | None:
        """Return the message that took this row: its deletion, or what was put in its place."""
        found = self._last.get(("delete", *_row(row)))
        if found is None and isinstance(row, Route):
            found = self._last.get(("add", *slot(row)))
        return found


def _names(change: Change) -> Iterable[Hashable]:
    row = change.route or change.policy_rule
    if row is None:
        return
    yield (change.action, *_row(row))
    if change.action == "add" and isinstance(row, Route):
        yield ("add", *slot(row))
        if row.interface is None:
            yield _place(row)


def _row(row: Route | PolicyRule) -> tuple[Hashable, ...]:
    return (key(row), row.metric) if isinstance(row, Route) else (row,)


def slot(route: Route) -> tuple[Hashable, ...]:
    """Name the place in the table: what `ip route replace` takes over, whatever stood there."""
    return ("slot", route.family, route.table, route.destination, route.source, route.metric or 0)


def _place(route: Route) -> tuple[Hashable, ...]:
    """Name what macOS finds a row by that is bound to no interface: there is one of it at most.

    A request to add it is told as it was made, and mostly names no interface: the kernel finds that out by the gateway
    (route_output(), bsd/net/rtsock.c). What was deleted is told in full.
    """
    return ("place", route.family, route.destination, route.zone, route.scoped)


def _leads_there(asked: Route | None, row: Route) -> bool:
    return asked is not None and asked.gateway == row.gateway


def is_client(author: Author, session: Session, others: Iterable[Session] = ()) -> bool:
    """Tell whether the author, or a process that started it, is the client of the session.

    Whoever holds the tunnel of one of ``others`` is not: two ``openvpn@`` services are two connections. Neither is who
    laid rows into another tunnel that is up, and none into this one: two ``wg-quick up`` are two connections as well.
    """
    chain = _chain(author)
    if any(_is(process, session.holder) for process in chain):
        return True
    rivals = [s for s in others if s.id != session.id]
    if any(_is(process, rival.holder) for process in chain for rival in rivals):
        return False
    clients = frozenset((p.pid, p.started) for p in chain if _belongs(p, session))
    if not clients or _laid(clients, session):
        return bool(clients)
    return not any(_laid(clients, rival) for rival in rivals if rival.is_open)


def is_nobody(author: Author) -> bool:
    """Tell whether nobody knows whose doing it was: not seen, or only a short-lived tool whose parents had ended."""
    return author.kind == "unknown" or author.cut


def _laid(clients: frozenset[tuple[int, int]], session: Session) -> bool:
    """Tell whether one of these processes was seen to lay a row into the session's tunnel."""
    return any(
        (process.pid, process.started) in clients
        for trace in session.appeared
        if trace.tie == "interface"
        for process in _chain(trace.author)
    )


def _is(process: Process, other: Process | None) -> bool:
    return other is not None and (process.pid, process.started) == (other.pid, other.started)


def _belongs(process: Process, session: Session) -> bool:
    if session.holder is not None and process.pid == session.holder.pid:
        return process.started == session.holder.started
    # By name only where the name is a known client's: whoever holds a tun as "python3" or "sshd" has many namesakes.
    known = client_of_process(process.name)
    return known is not None and known == session.client


def _chain(author: Author) -> tuple[Process, ...]:
    return () if author.process is None else (author.process, *author.ancestors)


def tie(row: Route | PolicyRule, author: Author, session: Session, at: Moment) -> Tie | None:
    """Say what ties a change to a session, if anything does."""
    if _interface_of(row, session) and _tunnel_was_up(session, at):
        return "interface"
    if author.kind == "process" and is_client(author, session):
        return "author"
    if not is_nobody(author) or row.protocol in OTHERS:
        return None
    return "time" if session.is_open and at.boot - session.opened.boot <= OPENING else None


def _interface_of(row: Route | PolicyRule, session: Session) -> bool:
    names = {row.interface} if isinstance(row, Route) else {row.iif, row.oif}
    if isinstance(row, Route):
        names |= {leg.interface for leg in row.nexthops}
    return session.tunnel.name in names


def _tunnel_was_up(session: Session, at: Moment) -> bool:
    return session.closed is None or at.boot <= session.closed.boot


def trace(
    row: Route | PolicyRule, change: Change | None, sessions: tuple[Session, ...], now: Moment
) -> tuple[Session, Trace] | None:
    """Return the session a changed row belongs to, with the trace it leaves there; the strongest tie wins."""
    author = change.author if change else UNKNOWN
    at = change.at if change else now
    ties = [(s, found) for s in sessions if (found := tie(row, author, s, at))]
    strongest = next((kind for kind in _STRENGTH if any(found == kind for _, found in ties)), None)
    candidates = [s for s, found in ties if found == strongest]
    if strongest == "author":
        candidates = [s for s in candidates if is_client(author, s, sessions)]
    if strongest is None or not candidates:
        return None
    session = max(candidates, key=lambda candidate: candidate.opened.boot)
    as_route = row if isinstance(row, Route) else None
    as_rule = row if isinstance(row, PolicyRule) else None
    return session, Trace(at=at, tie=strongest, author=author, route=as_route, policy_rule=as_rule)
