"""The Linux host: reading, doorbell, authors, owners and writing, composed into what the rest of the program knows.

This is the door by which time, processes and the kernel's tables come in. Each part has its own module; here they only
meet, and nothing is decided.
"""

from __future__ import annotations

import socket
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from routewatch.core.model import Moment, Place
from routewatch.core.signatures import client_processes
from routewatch.core.snapshot import Snapshot
from routewatch.errors import ObservationError, StateError
from routewatch.host.linux.configurators import configured
from routewatch.host.linux.dumps import RequestSocket
from routewatch.host.linux.owners import Owners, tun_owners
from routewatch.host.linux.reading import read_tables
from routewatch.host.linux.rtnetlink.routes import RouteCodec
from routewatch.host.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from routewatch.core.model import Link, Login, Process
    from routewatch.core.steps import Step
    from routewatch.core.table import Codec
    from routewatch.host.linux.doorbell import LinuxDoorbell
    from routewatch.host.port import Outcome

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4)
OWN_NETWORK = Path("/proc/self/ns/net")  # namespaces(7)
HELD = frozenset({"tun", "tap"})  # kinds of links that live in a process's descriptor


class LinuxHost:
    """This machine's routing, as far as our network namespace shows it (host.port.Host)."""

    platform: Literal["linux", "macos"] = "linux"

    def __init__(self, interesting: Callable[[str], bool] | None = None) -> None:
        """Take the question whether a process of this name, as the kernel cuts it, may be a VPN client's.

        Those are told in snapshots. Without the question the known clients are.
        """
        self._processes = Processes(interesting or client_processes().__contains__)
        self._holders: dict[int, Process] = {}  # seen holding a tunnel, whatever their names
        self._acting = False  # steps were taken since the last look

    @cached_property
    def _requests(self) -> RequestSocket:
        return RequestSocket()

    @cached_property
    def _boot(self) -> str:
        return BOOT_ID.read_text("utf-8").strip()

    def now(self) -> Moment:
        """Read the three clocks."""
        return _now()

    def place(self) -> Place:
        """Return the boot and network namespace we are in. Raises ObservationError."""
        try:
            return Place(boot=self._boot, namespace=str(OWN_NETWORK.stat().st_ino))
        except OSError as error:
            raise ObservationError(f"{error.filename} can't be read: {error.strerror}", "is /proc mounted?") from error

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        """Take a snapshot; what changed before ``taken`` is in it.

        ``also`` are processes to look after whatever they are called. Raises ObservationError.
        """
        self._rest()
        taken = _now()
        reading = read_tables(self._requests)
        owners = (
            tun_owners(self._processes) if any(link.kind in HELD for link in reading.links) else Owners({}, seen=True)
        )
        candidates = self._processes.candidates()
        return Snapshot(
            platform=self.platform,
            place=self.place(),
            taken=taken,
            routes=reading.routes,
            rules=reading.rules,
            links=tuple(_owned(link, owners) for link in configured(reading.links)),
            neighbours=reading.neighbours,
            nexthop_objects=reading.nexthop_objects,
            processes=self._with_holders(candidates.processes, (*also, *owners.by_link.values())),
            processes_seen=candidates.seen and owners.seen,
            complete=reading.complete,
            unsure=reading.unsure,
        )

    def doorbell(self, buffer: int | None = None) -> LinuxDoorbell | None:
        """Join the kernel's announcements, with a receive buffer of so many bytes; None where it gives none."""
        from routewatch.host.linux import authors, doorbell  # noqa: PLC0415 - only those who wait listen

        size = doorbell.BUFFER if buffer is None else buffer
        try:
            return doorbell.LinuxDoorbell(authors.Authors(self._processes), _now, size)
        except ObservationError:
            return None

    def apply(self, step: Step) -> Outcome:
        """Take one step. Raises KernelRefusedError, PermissionRefusedError."""
        from routewatch.host.linux import write  # noqa: PLC0415 - pyroute2 takes 170 ms: only to write

        self._acting = True
        return write.apply(step, socket.if_nametoindex)

    def may_act(self) -> bool:
        """Tell whether we have the privilege to change routes."""
        from routewatch.host.linux import write  # noqa: PLC0415 - as above

        return write.may_act()

    def login_peers(self) -> tuple[Login, ...] | None:
        """Return the remote logins, by the addresses of their ends; None where that could not be looked up."""
        from routewatch.host.linux import logins  # noqa: PLC0415 - only before acting

        return logins.login_peers()

    def start_detached(self, arguments: Sequence[str]) -> None:
        """Start routewatch so that it outlives us; return once it is ready. Raises StateError."""
        from routewatch.host import detached  # noqa: PLC0415 - only before acting

        detached.start_detached(arguments)

    def codec(self, name: str, names: Mapping[int, str]) -> Codec:
        """Return the codec that reads stored bytes of this format. Raises StateError."""
        if name != RouteCodec.name:
            raise StateError(f"stored routes are in a format unknown here: {name}")
        return RouteCodec(names)

    def close(self) -> None:
        """Close what was opened to read and to write; doorbells are closed by their owners."""
        from routewatch.host.linux import write  # noqa: PLC0415 - as above

        write.close()
        if "_requests" in self.__dict__:
            self._requests.close()
            del self._requests

    def _rest(self) -> None:
        """Let go what steps have kept for each other: a look ends them, and the daemon may not act for days."""
        if self._acting:
            from routewatch.host.linux import write  # noqa: PLC0415 - as above

            write.rest()
            self._acting = False

    def _with_holders(self, found: tuple[Process, ...], holders: Iterable[Process]) -> tuple[Process, ...]:
        """Add who holds a tunnel, or held one and is still there: a client we have no name for is no less alive."""
        self._holders.update((holder.pid, holder) for holder in holders)
        alive = {pid: self._processes.read(pid) for pid in self._holders}
        self._holders = {pid: now for pid, now in alive.items() if now and now.started == self._holders[pid].started}
        return tuple({process.pid: process for process in (*found, *self._holders.values())}.values())


def _now() -> Moment:
    return Moment(
        wall=time.clock_gettime(time.CLOCK_REALTIME),
        boot=time.clock_gettime(time.CLOCK_BOOTTIME),
        monotonic=time.clock_gettime(time.CLOCK_MONOTONIC),
    )


def _owned(link: Link, owners: Owners) -> Link:
    owner = owners.by_link.get(link.name) if link.kind in HELD else None
    return replace(link, owner=owner) if owner else link
