"""The sessions that saved tables tell of: which tunnels came, which of them are over, and what they brought.

A tunnel that stood before the VPN is no session; one that has lost its address, or part of what it brought, is over.
Who made a row nobody saved: a row is a tunnel's by its interface, or by the time in which it came.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import DEFAULTS, covers, host_address, is_default, is_half_default, is_host
from routewatch.core.diff import key
from routewatch.core.letters import is_own_address, is_own_prefix, is_static, is_systems_own
from routewatch.core.memory import Session, Trace
from routewatch.core.model import FAMILIES, LOCAL_TABLE, MAIN_TABLE, Author, Link, Moment, Route
from routewatch.core.network import reaches
from routewatch.core.signatures import Signature, client_of_link
from routewatch.core.tunnels import is_uplink, tunnels

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from routewatch.core.memory import Baseline, Tie
    from routewatch.core.snapshot import Snapshot

HOUR = 3600.0  # between the tables, as good as any: long past every second look
UNSEEN_TUNNEL = Link(name="", index=0, kind="tun")
MESHES = ("100.64.0.0/10", "fd7a:115c:a1e0::/48")
HAND_MADE = frozenset({None, "boot", "static"})  # protocols by which clients sign, like whoever types


def at(hour: int) -> Moment:
    """Return the moment of a table: the first, the second or the third hour."""
    return Moment(wall=hour * HOUR, boot=hour * HOUR, monotonic=hour * HOUR)


def by_key(snapshot: Snapshot | None) -> dict[Hashable, Route]:
    """Return the routes of a saved table by what makes each of them this row."""
    rows = () if snapshot is None else snapshot.routes.values()
    return {key(row): row for row in rows if row.table != LOCAL_TABLE}


class Told:
    """What three tables tell of sessions."""

    def __init__(
        self, baseline: Baseline | None, during: Snapshot, after: Snapshot, signatures: tuple[Signature, ...]
    ) -> None:
        """Work out nothing yet."""
        before = None if baseline is None else baseline.snapshot
        self._before, self._during, self._after = before, during, after
        self._undated = frozenset(FAMILIES) if baseline is None else baseline.silent
        self._signatures = signatures
        self._then, self._now = by_key(before), by_key(after)

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """A session for each tunnel that the VPN brought, in the order in which they may have brought the rest.

        What no interface ties to one of them is the last one's: of several, one that is up may rely on it.
        """
        found = [*sorted(map(self._session, self._came), key=self._rank), *self._successors]
        *first, last = (replace(session, id=number) for number, session in enumerate(found, start=1))
        return (*map(self._with_its_rows, first), self._with_the_rest(last))

    @cached_property
    def dead(self) -> frozenset[str]:
        """The tunnels that are over, but for those whose name is another's now: a new address tells."""
        under = by_key(self._during)
        new = {row.interface for name, row in self._now.items() if name not in under and _is_of_an_address(row)}
        return frozenset(session.tunnel.name for session in self.sessions if not session.is_open) - new

    @cached_property
    def _brought(self) -> tuple[Route, ...]:
        rows = by_key(self._during).items()
        return tuple(row for name, row in rows if name not in self._then and not is_systems_own(row))

    @cached_property
    def _left(self) -> tuple[Route, ...]:
        return tuple(self._now[key(row)] for row in self._brought if key(row) in self._now)

    @cached_property
    def _came(self) -> tuple[Link, ...]:
        there = tunnels(self._during, self._signatures)
        return tuple(link for link in there if _rows_on(link, self._brought)) or (UNSEEN_TUNNEL,)

    def _session(self, tunnel: Link) -> Session:
        is_up = self._is_up(_rows_on(tunnel, self._brought)) if tunnel.name else self._keeps_its_own_table
        return Session(
            id=0,
            tunnel=tunnel,
            client=client_of_link(tunnel, self._signatures),
            opened=at(1),
            closed=None if is_up else at(2),
            baseline=None if self._before is None else 1,
        )

    def _is_up(self, own: list[Route]) -> bool:
        """Tell whether a tunnel still carries its VPN: by its address, where one was seen; else nothing went again."""
        there = [self._now[key(row)] for row in own if key(row) in self._now]
        if not there or any("linkdown" in row.flags.split() for row in there):
            return False
        addresses = [row for row in own if _is_of_an_address(row)]
        return all(key(row) in self._now for row in addresses or filter(self._would_stay, self._telling(own)))

    @property
    def _keeps_its_own_table(self) -> bool:
        """Tell whether a VPN without a tunnel may be up: what it brought is in tables of its own, and all there.

        strongSwan's packets are told by policies (XFRM), and its table 220 stands for as long as it runs.
        """
        return bool(self._brought) and all(row.table != MAIN_TABLE and key(row) in self._now for row in self._brought)

    def _telling(self, own: list[Route]) -> list[Route]:
        """Return what went or stays with a VPN that shows no address: rows beside its tunnel may be another's."""
        tied = {row for link in self._came for row in _rows_on(link, self._brought)}.difference(own)
        if any(key(row) not in self._now for row in filter(self._would_stay, tied)):
            return own
        return [row for row in self._brought if row not in tied]

    def _would_stay(self, row: Route) -> bool:
        """Tell whether only its VPN takes a row away: a roam flushes an uplink's, and configd moves scoped ones."""
        link = self._after.link(row.interface or "")
        is_flushed = link is not None and is_uplink(link) and not reaches(link, row.gateway, self._after)
        return not (row.scoped or is_flushed)

    def _rank(self, session: Session) -> tuple[bool, bool]:
        """Order: a mesh reaches its peers without routes beside its tunnel; what is up may rely on what was brought."""
        own = [row for row in _rows_on(session.tunnel, self._brought) if not row.scoped]
        is_mesh = bool(own) and all(any(covers(mesh, row.destination) for mesh in MESHES) for row in own)
        return (not is_mesh, session.is_open)

    @property
    def _successors(self) -> Iterator[Session]:
        """Yield a session for each tunnel that came last and takes the place of one that was: the VPN is up again."""
        known = {link.name for table in (self._before, self._during) if table for link in tunnels(table)}
        taken = {row.destination for link in self._came for row in _rows_on(link, self._brought)}
        for link in tunnels(self._after, self._signatures):
            own = [row for row in _rows_on(link, self._now.values()) if not is_systems_own(row)]
            again = any(row.destination in taken or is_default(row) or is_half_default(row) for row in own)
            if link.name not in known and again:
                yield Session(id=0, tunnel=link, client=client_of_link(link, self._signatures), opened=at(3))

    def _with_its_rows(self, session: Session) -> Session:
        own = _rows_on(session.tunnel, self._left)
        return replace(session, appeared=tuple(_trace(row, "interface") for row in own))

    def _with_the_rest(self, session: Session) -> Session:
        """Return the last session with what was brought by whomever: of rows that nobody dated, the server's alone."""
        tied = self._with_its_rows(session)
        tunnel_rows = {row for link in self._came for row in _rows_on(link, self._left)}
        servers = self._servers
        beside = (row for row in self._left if row not in tunnel_rows)
        rest = [row for row in beside if row.family not in self._undated or host_address(row) in servers]
        gone = [row for name, row in self._then.items() if name not in self._now]
        return replace(
            tied,
            servers=servers,
            appeared=(*tied.appeared, *(_trace(row, "time") for row in rest)),
            vanished=tuple(_trace(row, "time") for row in gone),
        )

    @property
    def _servers(self) -> tuple[str, ...]:
        """The addresses whose routes keep a tunnel's own packets out of it: no other host of the family has a way."""
        inside = [row for link in self._came for row in _rows_on(link, self._brought) if not row.scoped]
        ways = [row for row in self._brought if self._is_a_way(row)]
        ways = [row for row in ways if any(covers(other.destination, row.destination) for other in inside)]
        by_family = [[row for row in ways if row.family == family] for family in FAMILIES]
        return tuple(host_address(rows[0]) for rows in by_family if len(rows) == 1)

    def _is_a_way(self, row: Route) -> bool:
        """Tell whether a row is a host's, over the gateway of an uplink, made by a program or by hand."""
        link = self._during.link(row.interface)
        is_made = is_static(row) if self._during.platform == "macos" else row.protocol in HAND_MADE
        over_uplink = link is not None and is_uplink(link, self._signatures)
        if not (is_made and over_uplink and is_host(row)) or row.gateway is None or row.scoped:
            return False
        known = {gateway for interface, gateway in self._routers if interface == row.interface}
        return not known or row.gateway in known

    @cached_property
    def _routers(self) -> frozenset[tuple[str | None, str | None]]:
        """The routers that lead out, whichever table shows them: a client's own packets take no other's way."""
        tables = (self._then.values(), by_key(self._during).values(), self._now.values())
        return frozenset(
            (r.interface, r.gateway) for rows in tables for r in rows if r.destination in DEFAULTS and r.gateway
        )


def _is_of_an_address(row: Route) -> bool:
    """Tell whether a tunnel's row is there because the tunnel has an address."""
    return is_own_address(row) or is_own_prefix(row) or row.protocol == "kernel"


def _rows_on(link: Link, rows: Iterable[Route]) -> list[Route]:
    return [row for row in rows if link.name in {leg.interface for leg in row.nexthops or (row,)}]


def _trace(row: Route, tie: Tie) -> Trace:
    return Trace(at=at(1), tie=tie, author=Author(), route=row)
