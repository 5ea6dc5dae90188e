"""The socket addresses of PF_ROUTE messages: cut masks, embedded zones, link addresses.

It knows struct sockaddr_in, sockaddr_in6 and sockaddr_dl of Darwin (netinet/in.h, netinet6/in6.h, net/if_dl.h), not
what a message says with them. Nothing raises: what is too short is filled with zeros, as the kernel means it.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from routewatch.core.model import Family

# Darwin's numbers, whatever the machine that this is read on; AF_INET6 is 10 on Linux
AF_INET, AF_LINK, AF_INET6 = 2, 18, 30
FAMILY_OF: dict[int, Family] = {AF_INET: "inet", AF_INET6: "inet6"}
# where the address begins, and how long it is
ADDRESS_AT: dict[Family, tuple[int, int]] = {"inet": (4, 4), "inet6": (8, 16)}
SCOPE_ID = slice(24, 28)
BITS = 8  # of RTA_DST 0x1 to RTA_BRD 0x80: the order in which addresses stand
IFT_ETHER = 6
MAC_LENGTH = 6
LINK_DATA = 8  # of struct sockaddr_dl: the name begins, the address follows it
TWO_OCTETS = 2


class Located(NamedTuple):
    """An address, and the interface it is told from others by."""

    family: Family
    address: IPv4Address | IPv6Address
    zone: str | None = None


def split(body: bytes, present: int) -> dict[int, bytes]:
    """Return the addresses of a message by their bit; what was cut off is missing.

    Each takes its length rounded up to four bytes, one of length 0 takes four (ROUNDUP32, bsd/net/rtsock.c); behind
    the last there is no padding.
    """
    return dict(_walk(body, present))


def _walk(body: bytes, present: int) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for bit in (1 << n for n in range(BITS) if present >> n & 1):
        length = body[offset] if offset < len(body) else 0
        if offset >= len(body) or offset + length > len(body):
            return
        yield bit, body[offset : offset + length]
        offset += max(4, (length + 3) & ~3)


def family(sockaddr: bytes) -> int:
    """Return the address family; 0 for an empty address."""
    return sockaddr[1] if len(sockaddr) >= TWO_OCTETS else 0


def located(sockaddr: bytes, names: Mapping[int, str]) -> Located | None:
    """Read an IPv4 or IPv6 address; None for any other.

    The interface of a link-local one stands in its second and third octet (in6_embedded_scope, bsd/netinet6/scope6.c),
    or in the scope id; one without a name is a number, as getnameinfo(3) says it.
    """
    found = FAMILY_OF.get(family(sockaddr))
    if found is None:
        return None
    start, size = ADDRESS_AT[found]
    octets = sockaddr[start : start + size].ljust(size, b"\0")
    if found == "inet":
        return Located(found, IPv4Address(octets))
    index = int.from_bytes(sockaddr[SCOPE_ID], sys.byteorder)
    if _is_zoned(octets):
        index = int.from_bytes(octets[2:4], "big") or index
        octets = octets[:2] + b"\0\0" + octets[4:]
        return Located(found, IPv6Address(octets), names.get(index, str(index)) if index else None)
    return Located(found, IPv6Address(octets))


def _is_zoned(octets: bytes) -> bool:
    """Tell whether the address carries its interface: fe80::/10, ff01::/16, ff02::/16."""
    return (octets[0] == 0xFE and octets[1] & 0xC0 == 0x80) or octets[:2] in {b"\xff\x01", b"\xff\x02"}  # noqa: PLR2004 - RFC 4291's own numbers


def prefix_length(mask: bytes, of: Family) -> int | None:
    """Return the length of a mask; None where it has holes.

    Trailing zero bytes were cut off, and its family byte means nothing (rtm_scrub, bsd/net/route.c): the family is
    that of the destination.
    """
    start, size = ADDRESS_AT[of]
    number = int.from_bytes(mask[start : start + size].ljust(size, b"\0"))
    inverse = ~number & ((1 << 8 * size) - 1)
    return None if inverse & (inverse + 1) else 8 * size - inverse.bit_length()


def link(sockaddr: bytes) -> str:
    """Return a link address as netstat prints it: "link#18", a MAC address, an interface's name."""
    index, kind, name, address = _link_fields(sockaddr)
    is_mac = len(address) == MAC_LENGTH
    if is_mac and (kind == IFT_ETHER or not name):
        return address.hex(":")
    return name or f"link#{index}"


def interface(sockaddr: bytes, names: Mapping[int, str]) -> str | None:
    """Return the interface that a link address names, or numbers."""
    if family(sockaddr) != AF_LINK:
        return None
    index, _kind, name, _address = _link_fields(sockaddr)
    return name or names.get(index)


def _link_fields(sockaddr: bytes) -> tuple[int, int, str, bytes]:
    fields = sockaddr[:LINK_DATA].ljust(LINK_DATA, b"\0")
    index, kind, behind = int.from_bytes(fields[2:4], sys.byteorder), fields[4], LINK_DATA + fields[5]
    name = sockaddr[LINK_DATA:behind].decode("utf-8", "backslashreplace")
    return index, kind, name, sockaddr[behind : behind + fields[6]]
