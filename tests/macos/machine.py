"""The state of the stand-in for a Mac: interfaces, routing table, services; one JSON file that several processes share.

It holds values only. What Darwin does with them is in ``kernel`` and ``configd``; how they look is in the printers.
It imports little: each program of the stand-in starts anew for each call, and a look at the table must stay cheap.
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

STATE, LOCK = "state.json", "state.lock"


class Key(NamedTuple):
    """What tells one row from another in the kernel: destination, mask and scope, and nothing else."""

    family: str
    address: str  # no length, no zone
    length: int | None  # None: a host route, which has no mask
    scope: int  # an interface's index; 0: unscoped


class Row(NamedTuple):
    """One entry of the routing table."""

    family: str
    address: str
    length: int | None
    scope: int
    ifindex: int  # of its interface: the name is looked up when the row is printed
    gateway: str  # an address, "link#5", "aa:bb:cc:dd:ee:ff", "aa.bb.cc.dd.ee.ff" or an interface's name
    zone: int = 0  # of a link-local gateway
    flags: str = "U"  # netstat's letters but for I, which is the scope
    expires: int | None = None  # seconds left; 0: past, which netstat prints as "!"
    parent: Key | None = None  # of a clone

    @property
    def key(self) -> Key:
        return Key(self.family, self.address, self.length, self.scope)


class Interface(NamedTuple):
    """A network interface."""

    name: str
    ifindex: int
    generation: int  # differs from that of any interface before it
    kind: str  # "loopback", "wifi", "ethernet", "awdl", "bridge", "utun"
    mac: str = ""
    mtu: int = 1500
    up: bool = True
    active: bool = True
    inet: tuple[tuple[str, int, str], ...] = ()  # address, prefix length, peer or ""
    inet6: tuple[tuple[str, int], ...] = ()
    holders: tuple[tuple[str, int], ...] = ()  # (process, pid) of each that has the utun's control socket open
    agent: str = ""  # the description of a NetworkExtension's agent
    members: tuple[str, ...] = ()  # of a bridge


class Service(NamedTuple):
    """A network service as configd knows it, in the order of the services."""

    id: str
    name: str
    ifindex: int
    address: str
    length: int
    router: str = ""
    address6: str = ""
    routes: tuple[str, ...] = ()  # what a VPN's configuration includes
    excluded: tuple[str, ...] = ()  # and what it sends out of the uplink
    bundle: str = ""  # of a VPN's app
    server: str = ""
    full_tunnel: bool = False  # takes the primary place, whatever its order


class Machine:
    """All that is remembered between two calls."""

    def __init__(self, release: str = "26.0") -> None:
        self.release = release
        self.root = True  # whether whoever calls may alter the table
        self.interfaces: list[Interface] = []
        self.rows: list[Row] = []
        self.services: list[Service] = []
        self.offered: list[tuple[str, str, str]] = []  # VPN services that aren't connected: id, name, bundle
        self.believed: list[Row] = []  # the rows that configd believes to be there
        self.routers: list[tuple[int, str]] = []  # of router advertisements: interface, address
        self.installed: list[Row] = []  # the defaults that the kernel's nd6 believes to have installed
        self.primary = {"inet": 0, "inet6": 0}  # the kernel's notion of it
        self.nd6_asked = False  # a static IPv6 default went: look at the routers again at the next timer
        self.nameless: list[int] = []  # indexes whose interface is detaching: no name any more, rows still there
        self.recycled: list[int] = []  # indexes of utuns that went, to be used again
        self.logins: list[tuple[str, str]] = []  # of SSH: our end and the peer's, as lsof writes them
        self.next_index = 1
        self.next_generation = 1
        self.next_pid = 90001

    def version(self) -> tuple[int, int]:
        """Return the release as numbers that can be compared: (10, 14), (15, 0)."""
        major, _, minor = self.release.partition(".")
        return int(major), int(minor or 0)

    def named(self, name: str) -> Interface | None:
        return next((one for one in self.interfaces if one.name == name), None)

    def at(self, index: int) -> Interface | None:
        return next((one for one in self.interfaces if one.ifindex == index), None)

    def change(self, interface: Interface) -> None:
        """Put the interface into the place of what had its name."""
        self.interfaces = [interface if one.name == interface.name else one for one in self.interfaces]

    def name_of(self, index: int) -> str:
        """Return what if_indextoname finds; "" where it finds nothing."""
        interface = None if index in self.nameless else self.at(index)
        return interface.name if interface else ""

    def parent_of(self, row: Row) -> Row | None:
        return next((one for one in self.rows if one[:4] == row.parent), None)

    def dumped(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def loaded(cls, text: str) -> Machine:
        machine = cls()
        vars(machine).update(json.loads(text))
        machine.interfaces = [_interface(one) for one in machine.interfaces]
        machine.rows = [_row(one) for one in machine.rows]
        machine.believed = [_row(one) for one in machine.believed]
        machine.services = [Service(*map(_tupled, one)) for one in machine.services]
        machine.routers = [(index, address) for index, address in machine.routers]
        machine.installed = [_row(one) for one in machine.installed]
        return machine


def _tupled(value: Any) -> Any:  # noqa: ANN401  # what JSON gives back may be anything
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _interface(values: Any) -> Interface:  # noqa: ANN401  # as above
    return Interface(*map(_tupled, values))


def _row(values: Any) -> Row:  # noqa: ANN401  # as above
    return Row._make([*values[:-1], Key(*values[-1]) if values[-1] else None])


class Opened:
    """The machine of a folder, locked while the block runs, and written back if it was ``changed``."""

    def __init__(self, folder: str, *, to_change: bool) -> None:
        self._path = os.path.join(folder, STATE)  # noqa: PTH118  # pathlib would cost a third of a program's start
        self._lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT, 0o666)  # noqa: PTH118  # as above
        self._to_change = to_change

    def __enter__(self) -> Machine:
        fcntl.flock(self._lock, fcntl.LOCK_EX if self._to_change else fcntl.LOCK_SH)
        with open(self._path, encoding="utf-8") as file:  # noqa: PTH123  # as above
            self._machine = Machine.loaded(file.read())
        return self._machine

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._to_change:  # a program that exits has done what it did before it complained
            write(self._path, self._machine)
        os.close(self._lock)


def write(path: str, machine: Machine) -> None:
    """Replace the file as a whole, so that no reader meets half of it."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:  # noqa: PTH123  # as above
        file.write(machine.dumped())
    os.replace(f"{path}.new", path)  # noqa: PTH105  # as above
