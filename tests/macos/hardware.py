"""The interfaces of the stand-in: how they come, with the rows the kernel makes for them, and how they go.

It knows no client and no story; those are ``mac`` and ``clients``.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.macos import configd, kernel
from tests.macos.machine import Interface, Key, Row

if TYPE_CHECKING:
    from tests.macos.machine import Machine


def present(machine: Machine, name: str) -> Interface:
    interface = machine.named(name)
    assert interface is not None, f"there is no {name}"
    return interface


def detach(machine: Machine, interface: Interface) -> None:
    machine.interfaces = [one for one in machine.interfaces if one.name != interface.name]
    machine.services = [one for one in machine.services if one.ifindex != interface.ifindex]
    machine.nameless = [index for index in machine.nameless if index != interface.ifindex]
    kernel.purge(machine, interface.ifindex)
    configd.network_changed(machine)


def attach_loopback(machine: Machine) -> None:
    addresses = {"inet": (("127.0.0.1", 8, ""),), "inet6": (("::1", 128), ("fe80::1", 64))}
    machine.interfaces.append(Interface("lo0", 1, 1, "loopback", mtu=16384, **addresses))  # type: ignore[arg-type]  # mypy sees one type for both values
    machine.next_index = machine.next_generation = 2
    rows = [
        Row("inet", "127.0.0.0", 8, 0, 1, "127.0.0.1", flags="UCS"),
        Row("inet", "127.0.0.1", None, 0, 1, "127.0.0.1"),
        Row("inet6", "::1", None, 0, 1, "::1", flags="UL"),
        Row("inet6", "fe80::", 64, 1, 1, "fe80::1", 1),
        Row("inet6", "fe80::1", None, 1, 1, "link#1", flags="UL"),
        Row("inet6", "ff01::", 32, 1, 1, "::1", flags="UC"),
        Row("inet6", "ff02::", 32, 1, 1, "::1", flags="UC"),
    ]
    if machine.version() >= kernel.FIRST_WITH_FF00:
        rows.append(Row("inet6", "ff00::", 8, 1, 1, "::1", flags="UC"))
    for row in rows:
        kernel.add(machine, row)


def attach_hardware(machine: Machine, name: str, kind: str, mac: str) -> Interface:
    """Let an interface with a link-layer address come: "wifi", "ethernet", "awdl" or "bridge"."""
    interface = Interface(name, machine.next_index, machine.next_generation, kind, mac=mac)
    machine.next_index += 1
    machine.next_generation += 1
    machine.interfaces.append(interface)
    return kernel.attach_inet6(machine, interface, link_local=link_local(interface.generation))


def link_local(generation: int) -> str:
    return f"fe80::{0x1C00 + generation:x}:b1c:bd2c:{0x69E + generation:x}"


def meet_neighbours(machine: Machine, interface: Interface, own: str, router: str) -> None:
    """Add the ARP entries of a network just joined: the router's, and that of our own address."""
    index = interface.ifindex
    if kernel.lookup(machine, "inet", router, index) is None:
        return
    router_mac = f"3c:37:86:{int(IPv4Address(router)) % 251:02x}:05:0e"
    arp = Row("inet", router, None, index, index, router_mac, flags="UHLWir", expires=1198)
    ours = Row("inet", own, None, index, kernel.LOOPBACK, interface.mac, flags="UHLW")
    kernel.add(machine, arp._replace(parent=_host_net(machine, index, router)))
    kernel.add(machine, ours._replace(parent=_host_net(machine, index, own)))


def _host_net(machine: Machine, index: int, address: str) -> Key | None:
    """Return the key of the /32 network that configd adds for an address, of which the kernel clones."""
    rows = (row for row in machine.rows if (row.ifindex, row.address, row.length) == (index, address, 32))
    return next((row.key for row in rows), None)


def service_id(number: int) -> str:
    return f"5D3A1B0E-27C4-4F6E-9A11-{number:012X}"
