"""How ``ifconfig`` and ``ifconfig -v`` print the interfaces. Written from network_cmds' ifconfig.tproj."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from tests.macos.kernel import is_zoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.macos.machine import Interface, Machine

# sys/net/if.h of Darwin
FLAGS = {
    "UP": 0x1,
    "BROADCAST": 0x2,
    "LOOPBACK": 0x8,
    "POINTOPOINT": 0x10,
    "SMART": 0x20,
    "RUNNING": 0x40,
    "SIMPLEX": 0x800,
    "MULTICAST": 0x8000,
}
OF_KIND = {"loopback": ("LOOPBACK",), "utun": ("POINTOPOINT",)}
OF_ETHER = ("BROADCAST", "SMART", "SIMPLEX")
# ift2str names few; others are shown as numbers of net/if_types.h and net/kpi_interface.h
TYPES = {
    "wifi": "Wi-Fi",
    "ethernet": "Ethernet",
    "awdl": "Wi-Fi",
    "bridge": "0xd1 family: 2 subfamily: 0",
    "loopback": "0x18 family: 1 subfamily: 0",
    "utun": "0x1 family: 17 subfamily: 0",
}
IS_VPN = 0x100000  # IFXFBITS


def listing(machine: Machine, *, verbose: bool, name: str | None = None) -> str:
    """Return one interface's block, or all."""
    shown = [one for one in machine.interfaces if name in (None, one.name) and one.ifindex not in machine.nameless]
    return "".join(line + "\n" for one in shown for line in _block(one, verbose=verbose))


def _block(interface: Interface, *, verbose: bool) -> Iterator[str]:
    index = f" index {interface.ifindex}" if verbose else ""
    yield f"{interface.name}: {_flags(interface)} mtu {interface.mtu}{index}"
    if verbose and interface.agent:
        yield f"\txflags={IS_VPN:x}<IS_VPN>"
    if interface.mac:
        yield "\toptions=6460<TSO4,TSO6,CHANNEL_IO,PARTIAL_CSUM,ZEROINVERT_CSUM>"
        yield f"\tether {interface.mac}"
    for address, length in interface.inet6:
        zone = f"%{interface.name}" if is_zoned(address) else ""
        scope = f"scopeid {interface.ifindex:#x} " if zone else ""
        yield f"\tinet6 {address}{zone} prefixlen {length} {scope}"
    for address, length, peer in interface.inet:
        yield _inet(interface, address, length, peer)
    for member in interface.members:
        yield f"\tmember: {member} flags=3<LEARNING,DISCOVER>"
        yield "\t        ifmaxaddr 0 port 20 priority 0 path cost 0"
    yield "\tnd6 options=201<PERFORMNUD,DAD>"
    if interface.mac:
        yield "\tmedia: autoselect"
        yield f"\tstatus: {'active' if interface.active else 'inactive'}"
    if verbose:
        yield from _more(interface)


def _flags(interface: Interface) -> str:
    names = {*OF_KIND.get(interface.kind, OF_ETHER), "MULTICAST"}
    names |= ({"UP"} if interface.up else set()) | ({"RUNNING"} if interface.active else set())
    value = sum(FLAGS[name] for name in names)
    return f"flags={value:x}<{','.join(sorted(names, key=FLAGS.__getitem__))}>"


def _inet(interface: Interface, address: str, length: int, peer: str) -> str:
    network = ip_network(f"{address}/{length}", strict=False)
    to = f" --> {peer}" if peer else ""
    broadcast = f" broadcast {network.broadcast_address}" if interface.mac else ""
    return f"\tinet {address}{to} netmask {int(network.netmask):#010x}{broadcast}"


def _more(interface: Interface) -> Iterator[str]:
    yield f"\tgeneration id: {interface.generation}"
    yield f"\ttype: {TYPES[interface.kind]}"
    if interface.agent:
        yield f'\tagent domain:NetworkExtension type:VPN flags:0x47 desc:"{interface.agent}"'
    yield "\tlink quality: 100 (good)"
    yield "\tstate availability: 0 (true)"
