"""PF_ROUTE messages: who added or deleted which route, and whether links or addresses changed.

A message tells what somebody asked for, never what is true now; and much goes without any (the routes of a destroyed
link, clones, on most releases what router advertisements bring). Pure: bytes in, values out; malformed bytes end the
reading. Numbers and layouts are those of Darwin's bsd/net/route.h and net/if.h, the same on arm64 and x86_64.
"""

from __future__ import annotations

import sys
from ipaddress import ip_network
from struct import Struct
from typing import TYPE_CHECKING, Literal, NamedTuple

from routewatch.core.model import Route
from routewatch.host.macos import sockaddrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RTM_VERSION = 5
RTM_ADD, RTM_DELETE, RTM_CHANGE = 1, 2, 3
RTM_NEWADDR, RTM_DELADDR, RTM_IFINFO, RTM_IFINFO2 = 0xC, 0xD, 0xE, 0x12
# What a change is: somebody wants the route to be so from now on
ACTIONS: dict[int, Literal["add", "delete"]] = {RTM_ADD: "add", RTM_CHANGE: "add", RTM_DELETE: "delete"}
OF_LINKS = frozenset({RTM_NEWADDR, RTM_DELADDR, RTM_IFINFO, RTM_IFINFO2})
RTA_DST, RTA_GATEWAY, RTA_NETMASK, RTA_IFP = 0x1, 0x2, 0x4, 0x10
RTF_HOST, RTF_REJECT, RTF_LLINFO, RTF_STATIC, RTF_BLACKHOLE = 0x4, 0x8, 0x400, 0x800, 0x1000
RTF_WASCLONED, RTF_IFSCOPE = 0x20000, 0x1000000
# netstat's letters in its order (bits[], netstat.tproj/route.c), without "d": RTF_DONE marks the echo, not the route
LETTERS = (
    ("U", 0x1), ("G", 0x2), ("H", RTF_HOST), ("R", RTF_REJECT), ("D", 0x10), ("M", 0x20), ("m", 0x800000), ("C", 0x100),
    ("X", 0x200), ("L", RTF_LLINFO), ("S", RTF_STATIC), ("1", 0x8000), ("2", 0x4000), ("W", RTF_WASCLONED),
    ("c", 0x10000), ("3", 0x40000), ("B", RTF_BLACKHOLE), ("b", 0x400000), ("I", RTF_IFSCOPE), ("i", 0x4000000),
    ("Y", 0x8000000), ("r", 0x10000000), ("g", 0x40000000),
)  # fmt: skip

# struct rt_msghdr up to rtm_errno: msglen, version, type, index, flags, addrs, pid, seq, errno
_HEADER = Struct("=HBBHxxiiiii")
HEADER_SIZE = 92
START = Struct("=HBB").size  # what the headers of all messages have in common


class Heard(NamedTuple):
    """One request that the kernel carried out, and the process that made it; 0 is the kernel."""

    action: Literal["add", "delete"]
    route: Route
    pid: int


class Told(NamedTuple):
    """What a read of the socket told."""

    heard: tuple[Heard, ...] = ()
    links: bool = False  # a link or an address changed: routes may have gone without a word
    messages: int = 0  # all that came, noise included


class Message(NamedTuple):
    """One message: its type, and its bytes from the header on."""

    type: int
    data: bytes


def read(data: bytes, names: Mapping[int, str]) -> Told:
    """Read what one or more reads of the socket returned; ``names`` are the interfaces by index. Never raises."""
    messages = list(split(data))
    heard = (_heard(message, names) for message in messages)
    return Told(
        heard=tuple(one for one in heard if one is not None),
        links=any(message.type in OF_LINKS for message in messages),
        messages=len(messages),
    )


def split(data: bytes) -> Iterator[Message]:
    """Yield the messages of this version, up to the end or the first impossible length."""
    offset = 0
    while offset + START <= len(data):
        length = int.from_bytes(data[offset : offset + 2], sys.byteorder)
        if length < START or offset + length > len(data):
            return
        if data[offset + 2] == RTM_VERSION:
            yield Message(data[offset + 3], data[offset : offset + length])
        offset += length


def _heard(message: Message, names: Mapping[int, str]) -> Heard | None:
    """Read a change of a route; None for a failed request, for an ARP, ND or cloned entry and for all else."""
    action = ACTIONS.get(message.type)
    if action is None or len(message.data) < HEADER_SIZE:
        return None
    _length, _version, _type, index, flags, present, pid, _seq, error = _HEADER.unpack_from(message.data)
    if error or flags & (RTF_LLINFO | RTF_WASCLONED):
        return None
    addresses = sockaddrs.split(message.data[HEADER_SIZE:], present)
    # A request to add says mostly nothing of the interface, unless its gateway is one (route add ... -interface utun4).
    ways = (addresses.get(bit, b"") for bit in (RTA_IFP, RTA_GATEWAY))
    name = names.get(index) or next(filter(None, (sockaddrs.interface(way, names) for way in ways)), None)
    route = _route(flags, addresses, name, names)
    return Heard(action, route, pid) if route is not None else None


def _route(flags: int, addresses: dict[int, bytes], interface: str | None, names: Mapping[int, str]) -> Route | None:
    destination = sockaddrs.located(addresses.get(RTA_DST, b""), names)
    if destination is None:
        return None
    length: int = destination.address.max_prefixlen
    unwritable: tuple[str, ...] = ()
    if RTA_NETMASK in addresses and not flags & RTF_HOST:
        read_length = sockaddrs.prefix_length(addresses[RTA_NETMASK], destination.family)
        length, unwritable = (length, ("non-contiguous mask",)) if read_length is None else (read_length, ())
    gateway = sockaddrs.located(addresses.get(RTA_GATEWAY, b""), names)
    return Route(
        family=destination.family,
        destination=str(ip_network((destination.address, length), strict=False)),
        zone=destination.zone,
        gateway=str(gateway.address) if gateway else None,
        gateway_zone=gateway.zone if gateway else None,
        link=_link(addresses.get(RTA_GATEWAY, b"")),
        interface=interface or destination.zone,
        flags="".join(letter for letter, bit in LETTERS if flags & bit),
        scoped=bool(flags & RTF_IFSCOPE),
        type=_type(flags),
        unwritable=unwritable,
    )


def _link(gateway: bytes) -> str | None:
    return sockaddrs.link(gateway) if sockaddrs.family(gateway) == sockaddrs.AF_LINK else None


def _type(flags: int) -> str:
    if not flags & RTF_STATIC:
        return "unicast"  # a netstat row of that kind is one too: the kernel sets R by itself
    return "blackhole" if flags & RTF_BLACKHOLE else "unreachable" if flags & RTF_REJECT else "unicast"
