"""The scene that three saved tables make: from before the VPN, from while it was up, and the one to be judged.

What nobody saved isn't known: who made a row, who holds a tunnel, which processes run. So nothing is ever certain here,
and a tunnel is over only where the tables show it: its rows are gone, or its address is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.addresses import is_default, is_half_default
from routewatch.core.diff import key
from routewatch.core.inferred import with_links
from routewatch.core.letters import is_own_address, is_systems_own
from routewatch.core.memory import Baseline, Memory, Session, Trace
from routewatch.core.model import LOCAL_TABLE, Author, Link, Moment, Route
from routewatch.core.network import network
from routewatch.core.scene import Scene
from routewatch.core.signatures import SIGNATURES, Signature, client_of_link
from routewatch.core.snapshot import Snapshot
from routewatch.core.tunnels import tunnels

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from routewatch.core.memory import Tie

HOUR = 3600.0  # between the tables, as good as any: long past every second look
UNSEEN_TUNNEL = Link(name="", index=0, kind="tun")


class Saved(Struct, frozen=True, kw_only=True):
    """What somebody saved: the table to be judged, and, where there are any, those from before and under the VPN."""

    after: Snapshot
    before: Snapshot | None = None
    during: Snapshot | None = None


def scene_of(saved: Saved, signatures: tuple[Signature, ...] = SIGNATURES) -> Scene:
    """Set the scene in which the last table is judged."""
    told = _with_links(saved)
    baseline = None if told.before is None else _baseline(told.before)
    sessions = () if told.during is None else _sessions(told, told.during, signatures)
    baselines = {} if baseline is None else {baseline.id: baseline}
    memory = Memory(latest=baseline, baselines=baselines, sessions=sessions)
    return Scene(_with_carriers(told.after, sessions), memory, signatures)


def _with_links(saved: Saved) -> Saved:
    others = [snapshot for snapshot in (saved.before, saved.during, saved.after) if snapshot is not None]
    before, during = (
        None if snapshot is None else replace(with_links(snapshot, others), taken=_at(hour))
        for hour, snapshot in enumerate((saved.before, saved.during))
    )
    return Saved(before=before, during=during, after=replace(with_links(saved.after, others), taken=_at(3)))


def _at(hour: int) -> Moment:
    return Moment(wall=hour * HOUR, boot=hour * HOUR, monotonic=hour * HOUR)


def _baseline(before: Snapshot) -> Baseline:
    names = {link.name for link in tunnels(before)}
    defaults = tuple(route for route in _rows(before) if is_default(route))
    taken = (route for route in _rows(before) if is_default(route) or is_half_default(route))
    return Baseline(
        id=1,
        snapshot=before,
        network=network(before, defaults),
        proven=True,
        tainted=any(route.interface in names for route in taken),
        reason="saved",
    )


def _sessions(told: Saved, during: Snapshot, signatures: tuple[Signature, ...]) -> tuple[Session, ...]:
    """Return a session for each tunnel that the VPN brought.

    What no interface ties to one of them is the last one's: that of a tunnel which is still up, where there is any, as
    it may rely on what was brought.
    """
    before = set() if told.before is None else set(_by_key(told.before))
    brought = [row for row in _rows(during) if key(row) not in before and not is_systems_own(row)]
    names = {leg.interface for row in brought for leg in row.nexthops or (row,)}
    links = [link for link in tunnels(during, signatures) if link.name in names] or [UNSEEN_TUNNEL]
    now = _by_key(told.after)
    found = sorted((_session(link, brought, now, signatures) for link in links), key=lambda session: session.is_open)
    left = [now[key(row)] for row in brought if key(row) in now]
    gone = () if told.before is None else tuple(row for name, row in _by_key(told.before).items() if name not in now)
    has_baseline = told.before is not None
    return tuple(
        replace(
            session,
            id=number,
            baseline=1 if has_baseline else None,
            appeared=tuple(_traces(left, session, alone=session is found[-1] and has_baseline)),
            vanished=tuple(_trace(row, "time") for row in gone) if session is found[-1] else (),
        )
        for number, session in enumerate(found, start=1)
    )


def _session(
    tunnel: Link, brought: Sequence[Route], now: Mapping[Hashable, Route], signatures: tuple[Signature, ...]
) -> Session:
    is_up = _is_up([row for row in brought if _is_on(row, tunnel)], brought, now)
    return Session(
        id=0, tunnel=tunnel, client=client_of_link(tunnel, signatures), opened=_at(1), closed=None if is_up else _at(2)
    )


def _is_up(own: Sequence[Route], brought: Sequence[Route], now: Mapping[Hashable, Route]) -> bool:
    """Tell whether a tunnel still carries its VPN: by its address, where one was seen; else nothing has gone again."""
    there = [now[key(row)] for row in own if key(row) in now]
    if not there or any("linkdown" in row.flags.split() for row in there):
        return False
    addresses = [row for row in own if is_own_address(row) or row.protocol == "kernel"]
    return all(key(row) in now for row in addresses or brought)


def _traces(left: Iterable[Route], session: Session, *, alone: bool) -> Iterator[Trace]:
    for row in left:
        if _is_on(row, session.tunnel):
            yield _trace(row, "interface")
        elif alone:
            yield _trace(row, "time")


def _trace(row: Route, tie: Tie) -> Trace:
    return Trace(at=_at(1), tie=tie, author=Author(), route=row)


def _is_on(row: Route, tunnel: Link) -> bool:
    return tunnel.name in {leg.interface for leg in row.nexthops or (row,)}


def _rows(snapshot: Snapshot) -> tuple[Route, ...]:
    return tuple(route for route in snapshot.routes.values() if route.table != LOCAL_TABLE)


def _by_key(snapshot: Snapshot) -> dict[Hashable, Route]:
    return {key(row): row for row in _rows(snapshot)}


def _with_carriers(after: Snapshot, sessions: tuple[Session, ...]) -> Snapshot:
    """Return the last table with the tunnels of those sessions down that are over."""
    over = {session.tunnel.name for session in sessions if not session.is_open}
    links = (replace(link, carrier=link.carrier and link.name not in over) for link in after.links)
    return replace(after, links=tuple(links))
