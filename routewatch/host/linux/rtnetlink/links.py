"""Links, their addresses, neighbours and nexthop objects: payloads to values.

Numbers are those of include/uapi/linux/{if_link,if_addr,if_arp,neighbour,nexthop}.h. Who holds a tunnel, and since
when a link exists, no message tells: that is looked up elsewhere.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from routewatch.core.model import Address, Ipv6Settings, Link, Neighbour, NexthopObject
from routewatch.host.linux.rtnetlink import hops, words
from routewatch.host.linux.rtnetlink.messages import AF_INET, AF_INET6, BYTE_ORDER, attributes, integer, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

IFF_UP = 0x1
IFF_POINTOPOINT = 0x10
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_CARRIER = 1, 3, 10, 18, 33
IFLA_AF_SPEC, IFLA_INET6_CONF = 26, 2
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
IFLA_TUN_TYPE, IFLA_TUN_PERSIST = 3, 6
IFF_TAP = 2  # include/uapi/linux/if_tun.h

IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
IFA_F_SECONDARY, IFA_F_PERMANENT = 0x01, 0x80

# Places in the array of a link's settings: DEVCONF_* of include/uapi/linux/ipv6.h
FORWARDING, ACCEPT_RA, ACCEPT_RA_DEFRTR, DISABLE_IPV6 = 0, 3, 17, 26

NDA_DST, NDA_LLADDR = 1, 2
NTF_ROUTER = 0x80

NHA_ID, NHA_GROUP, NHA_BLACKHOLE, NHA_OIF, NHA_GATEWAY, NHA_ENCAP_TYPE, NHA_ENCAP = 1, 2, 4, 5, 6, 7, 8

_IFINFOMSG = Struct("=BxHiII")
_IFADDRMSG = Struct("=BBBBI")
_NDMSG = Struct("=B3xiHBB")
_NHMSG = Struct("=BBBxI")
_MEMBER = Struct("=IBBH")  # struct nexthop_grp


def link_names(payloads: Iterable[bytes]) -> dict[int, str]:
    """Return the interface names by index, from the payloads of RTM_NEWLINK."""
    return {index: name for index, name in map(_index_and_name, payloads) if name}


def decode_link(payload: bytes, names: Mapping[int, str]) -> Link:
    """Read the payload of one link message, without its addresses. Never raises."""
    _family, hardware, index, flags, _change = _header(_IFINFOMSG, payload)
    found = attributes(payload, _IFINFOMSG.size)
    info = attributes(found.get(IFLA_LINKINFO, b""))
    details = attributes(info.get(IFLA_INFO_DATA, b""))
    kind = text(info.get(IFLA_INFO_KIND, b"")) or words.word(words.HARDWARE, hardware)
    is_tun = kind == "tun"
    master = integer(found.get(IFLA_MASTER, b""))
    return Link(
        name=text(found.get(IFLA_IFNAME, b"")) or f"if{index}",
        index=index,
        # drivers/net/tun.c calls both kinds "tun"
        kind="tap" if is_tun and integer(details.get(IFLA_TUN_TYPE, b"")) == IFF_TAP else kind,
        up=bool(flags & IFF_UP),
        carrier=bool(integer(found.get(IFLA_CARRIER, b""))),
        mac=_mac(found.get(IFLA_ADDRESS)),
        master=names.get(master, f"if{master}") if master else None,
        persistent=is_tun and bool(integer(details.get(IFLA_TUN_PERSIST, b""))),
        point_to_point=bool(flags & IFF_POINTOPOINT),
        ipv6=_ipv6_settings(found.get(IFLA_AF_SPEC, b"")),
    )


def _ipv6_settings(specifics: bytes) -> Ipv6Settings | None:
    """Return the settings that a link message brings along (inet6_fill_ifla6_attrs() in net/ipv6/addrconf.c)."""
    values = attributes(attributes(specifics).get(AF_INET6, b"")).get(IFLA_INET6_CONF, b"")
    if len(values) < (DISABLE_IPV6 + 1) * 4:
        return None  # IPv6 is not there, or never was on this link

    def value(place: int) -> int:
        return int.from_bytes(values[place * 4 : place * 4 + 4], BYTE_ORDER, signed=True)

    return Ipv6Settings(
        disabled=bool(value(DISABLE_IPV6)),
        forwarding=bool(value(FORWARDING)),
        accept_ra=value(ACCEPT_RA),
        accept_default=bool(value(ACCEPT_RA_DEFRTR)),
    )


def decode_address(payload: bytes) -> tuple[int, Address]:
    """Read the payload of one address message: the index of its link, and the address. Never raises."""
    family, length, flags, scope, index = _header(_IFADDRMSG, payload)
    found = attributes(payload, _IFADDRMSG.size)
    # IFA_ADDRESS is the peer's on a point-to-point link, where ours is IFA_LOCAL (include/uapi/linux/if_addr.h)
    theirs = found.get(IFA_ADDRESS, b"")
    mine = found.get(IFA_LOCAL, theirs)
    flags = integer(found[IFA_FLAGS]) if IFA_FLAGS in found else flags
    return index, Address(
        address=hops.address(mine),
        prefix_length=length,
        peer=hops.address(theirs) if theirs and theirs != mine else None,
        scope=words.word(words.SCOPE_WORDS, scope),
        flags=_address_flags(family, flags),
    )


def decode_neighbour(payload: bytes, names: Mapping[int, str]) -> Neighbour:
    """Read the payload of one neighbour message. Never raises."""
    _family, index, state, flags, _kind = _header(_NDMSG, payload)
    found = attributes(payload, _NDMSG.size)
    return Neighbour(
        address=hops.address(found.get(NDA_DST, b"")),
        interface=names.get(index, f"if{index}"),
        mac=_mac(found.get(NDA_LLADDR)),
        state=words.word(words.NEIGHBOUR_STATES, state) if state else "",
        is_router=bool(flags & NTF_ROUTER),
    )


def decode_nexthop(payload: bytes, names: Mapping[int, str]) -> NexthopObject:
    """Read the payload of one nexthop message (ip-nexthop(8)). Never raises."""
    _family, scope, protocol, flags = _header(_NHMSG, payload)
    found = attributes(payload, _NHMSG.size)
    index = integer(found.get(NHA_OIF, b""))
    encapsulated = NHA_ENCAP in found or NHA_ENCAP_TYPE in found
    return NexthopObject(
        id=integer(found.get(NHA_ID, b"")),
        gateway=hops.address(found[NHA_GATEWAY]) if NHA_GATEWAY in found else None,
        interface=names.get(index, f"if{index}") if index else None,
        group=tuple(_members(found.get(NHA_GROUP, b""))),
        blackhole=NHA_BLACKHOLE in found,
        scope=words.word(words.SCOPE_WORDS, scope),
        protocol=words.word(words.PROTOCOL_WORDS, protocol),
        flags=" ".join(words.flag_words(words.ROUTE_FLAGS, flags)),
        encapsulation=words.word(words.ENCAPSULATIONS, integer(found.get(NHA_ENCAP_TYPE, b"")))
        if encapsulated
        else None,
    )


def _header(layout: Struct, payload: bytes) -> tuple[int, ...]:
    return layout.unpack(payload[: layout.size].ljust(layout.size, b"\0"))


def _index_and_name(payload: bytes) -> tuple[int, str]:
    index = _header(_IFINFOMSG, payload)[2]
    return index, text(attributes(payload, _IFINFOMSG.size).get(IFLA_IFNAME, b""))


def _mac(value: bytes | None) -> str | None:
    """Return a link-layer address; the loopback's zeros are none."""
    return value.hex(":") if value and any(value) else None


def _address_flags(family: int, flags: int) -> tuple[str, ...]:
    first = ("temporary" if family == AF_INET6 else "secondary",) if flags & IFA_F_SECONDARY else ()
    # iproute2 calls an address with a lifetime "dynamic": it lacks IFA_F_PERMANENT
    last = () if flags & IFA_F_PERMANENT or family not in {AF_INET, AF_INET6} else ("dynamic",)
    return (*first, *words.flag_words(words.ADDRESS_FLAGS, flags & ~(IFA_F_SECONDARY | IFA_F_PERMANENT)), *last)


def _members(group: bytes) -> Iterator[tuple[int, int]]:
    """Yield id and weight (as ip-nexthop(8) counts: the kernel's + 1) of each member of a nexthop group."""
    for offset in range(0, len(group) - _MEMBER.size + 1, _MEMBER.size):
        member, weight, _reserved, _reserved_too = _MEMBER.unpack_from(group, offset)
        yield member, weight + 1
