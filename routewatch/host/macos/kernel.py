"""The macOS host: table, links, holders, doorbell and writing, composed into what the rest of the program knows.

A look costs one netstat and one ifconfig, and where a tunnel is there one lsof, and one scutil where a NetworkExtension
says that one is its. They run one after the other, rows before links before holders: a tunnel that comes meanwhile is
a link without rows yet; the other way round it would be rows without a link, which is what a dead VPN leaves. On
another system, where stand-ins take the programs' places, processes and sockets of the machine say nothing: then all
comes from the programs.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from routewatch.core.addresses import is_default, is_link_local
from routewatch.core.model import Author, Place, Process
from routewatch.core.signatures import client_processes
from routewatch.core.snapshot import Snapshot
from routewatch.core.system_links import told_apart
from routewatch.core.tunnels import KEPT_OPEN, is_uplink
from routewatch.errors import ObservationError, StateError
from routewatch.host import clocks
from routewatch.host.macos import holders, interfaces, owners
from routewatch.host.macos.look import look
from routewatch.host.macos.neighbours import neighbours
from routewatch.host.macos.programs import Paths, Programs
from routewatch.host.packed import PackedCodec, packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from routewatch.core.model import Link, Login, Moment, Route, Router
    from routewatch.core.steps import Step
    from routewatch.core.table import Codec
    from routewatch.host.macos.interfaces import Listing
    from routewatch.host.macos.look import Look
    from routewatch.host.macos.owners import Holder
    from routewatch.host.macos.write import RouteWriter
    from routewatch.host.port import Doorbell, Outcome

TUNNELS = frozenset({"utun", "ipsec", "ppp", "feth"})


class MacHost:
    """A Mac's routing, as its own programs print it (host.port.Host)."""

    platform: Literal["linux", "macos"] = "macos"

    def __init__(self, paths: Paths | None = None, interesting: Callable[[str], bool] | None = None) -> None:
        """Take where the programs are, and the question whether a name may be a VPN client's process."""
        self._programs = Programs(paths or Paths())
        self._interesting = interesting or client_processes().__contains__
        self._is_own = sys.platform == "darwin"

    @cached_property
    def _writer(self) -> RouteWriter:
        from routewatch.host.macos.write import RouteWriter  # noqa: PLC0415 - only those who act write

        return RouteWriter(self._programs)

    def now(self) -> Moment:
        """Read the three clocks."""
        return clocks.now()

    def place(self) -> Place:
        """Return the boot we are in; there is one network only. Raises ObservationError."""
        return Place(boot=clocks.boot_id(), namespace="macos")

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        """Take a snapshot; what changed before ``taken`` is in it. Raises ObservationError."""
        taken = self.now()
        seen = look(self._programs)
        listing = self._interfaces()
        links = told_apart(listing.links, seen.routes)
        torn = (*seen.torn, *_families_lacking(seen, links))
        held = self._holders(links)
        connected = self._connected(links, listing)
        is_sure = all(link.name in held for link in links if link.kind in KEPT_OPEN)
        return Snapshot(
            platform="macos",
            place=self.place(),
            taken=taken,
            routes=packed(seen.routes),
            links=told_apart((_held(link, held, connected) for link in links), seen.routes),
            neighbours=neighbours(seen.routes),
            routers=self._routers(seen.routes, links),
            processes=self._processes((*held.values(), *also) if self._is_own else held.values()),
            processes_seen=is_sure,
            complete=not torn,
            torn=torn,
            unparsed=(*seen.unparsed, *listing.unparsed),
        )

    def doorbell(self) -> Doorbell | None:
        """Open a routing socket; None where this isn't a Mac, or it gives none."""
        from routewatch.host.macos import doorbell  # noqa: PLC0415 - only those who wait listen

        if not self._is_own:
            return None
        try:
            return doorbell.RouteDoorbell(doorbell.routing_socket(), self._author, self.now)
        except ObservationError:
            return None

    def apply(self, step: Step) -> Outcome:
        """Take one step. Raises KernelRefusedError, PermissionRefusedError, ObservationError."""
        return self._writer.apply(step)

    def may_act(self) -> bool:
        """Tell whether we are root: nobody else may write to a routing socket."""
        return os.geteuid() == 0

    def login_peers(self) -> tuple[Login, ...] | None:
        """Return the remote logins, by the addresses of their ends; None where that could not be looked up."""
        from routewatch.host.macos import logins  # noqa: PLC0415 - only before acting

        return logins.login_peers(self._programs, own=self._is_own)

    def start_detached(self, arguments: Sequence[str]) -> None:
        """Start routewatch so that it outlives us; return once it is ready. Raises StateError."""
        from routewatch.host import detached  # noqa: PLC0415 - only before acting

        detached.start_detached(arguments)

    def codec(self, name: str, names: Mapping[int, str]) -> Codec:  # noqa: ARG002 - these bytes need no names
        """Return the codec that reads stored bytes of this format. Raises StateError."""
        if name != PackedCodec.name:
            raise StateError(f"stored routes are in a format unknown here: {name}")
        return PackedCodec()

    def close(self) -> None:
        """Close nothing: each look opens what it needs."""

    def _author(self, pid: int) -> Author:
        return Author(kind="routewatch") if pid in self._programs.started else holders.author(pid, self._interesting)

    def _interfaces(self) -> Listing:
        said = self._programs.read("ifconfig", "-v")
        listing = interfaces.parse(said.out)
        if said.status != 0 or not listing.links:
            raise ObservationError(f"ifconfig failed: {said.failure}")
        return listing

    def _holders(self, links: Iterable[Link]) -> dict[str, Process]:
        """Return who holds each tunnel. Raises ObservationError."""
        if not any(link.kind in TUNNELS for link in links):
            return {}
        found = owners.of_open_files(self._programs.read("lsof", "-nP").out)
        return {name: self._holder(holder) for name, holder in found.items()}

    def _holder(self, holder: Holder) -> Process:
        """Return a holder as lsof names it; where the machine is the Mac itself, with what else is to be seen of it."""
        if self._is_own:
            return holders.process(holder.pid, holder.name, self._interesting)
        return Process(pid=holder.pid, started=0, name=holder.name)

    def _connected(self, links: Iterable[Link], listing: Listing) -> frozenset[str]:
        """Return the tunnels that a NetworkExtension says it carries its traffic through. Raises ObservationError."""
        marked = {agent.interface for agent in listing.agents if agent.is_vpn} | listing.marked_vpn
        if not marked or not any(link.kind in TUNNELS for link in links):
            return frozenset()
        from routewatch.host.macos import services  # noqa: PLC0415 - few Macs have such a VPN

        said = self._programs.read("scutil", "--nc", "list")
        known = services.connections(said.out) if said.status == 0 else None
        # Where it can't tell, the mark is believed: a live tunnel that is thought dead would lose its routes.
        is_any = known is None or any(each.is_connected for each in known)
        return frozenset(marked) if is_any else frozenset()

    def _routers(self, routes: Iterable[Route], links: Iterable[Link]) -> tuple[Router, ...]:
        """Return the router of the primary service, as configd knows it: asked only where no default leads anywhere.

        It goes by what it has configured, whatever was done to the table since (IPMonitor, ip_plugin.c).
        """
        if any(is_default(route) and route.family == "inet" for route in routes) or not any(
            map(_is_on_a_network, links)
        ):
            return ()
        from routewatch.host.macos import services  # noqa: PLC0415 - a Mac has a default, mostly

        try:
            said = self._programs.read("scutil", stdin="show State:/Network/Global/IPv4\n")
        except ObservationError:
            return ()  # unknown, as on a system that has no such knowledge
        return services.routers(said.out)

    def _processes(self, known: Iterable[Process]) -> tuple[Process, ...]:
        """Return the processes that may be VPN clients, and those that hold or held a tunnel and still run."""
        return holders.running(self._interesting, known) if self._is_own else tuple(known)


def _is_on_a_network(link: Link) -> bool:
    own = (each.address for each in link.addresses if "." in each.address and not is_link_local(each.address))
    return link.carrier and is_uplink(link) and any(own)


def _families_lacking(seen: Look, links: Iterable[Link]) -> Iterator[str]:
    """Say of which family a link has an address while the table has no row at all: netstat may lose one."""
    addresses = (address.address for link in links if link.up for address in link.addresses)
    lacking = {"inet6" if ":" in each else "inet" for each in addresses} - {route.family for route in seen.routes}
    return (f"it shows no route of {family} at all" for family in sorted(lacking))


def _held(link: Link, held: Mapping[str, Process], connected: frozenset[str]) -> Link:
    """Tell of a tunnel whether traffic given to it reaches a client: connected, or held and with an address.

    A utun without a holder there can't be: where none was seen we may not look, and its address alone has to tell.
    """
    if link.kind not in TUNNELS:
        return link
    has_address = any(not address.address.startswith("fe80:") for address in link.addresses)
    carries = link.name in connected or has_address
    return replace(link, owner=held.get(link.name), carrier=link.carrier and carries)
