"""Where a route leads: gateways, interfaces and the legs of a route with several next hops.

What is found but has no field in our values is collected by name in ``left``, so that nobody takes the route for one
that could be written again.
"""

from __future__ import annotations

from socket import AF_INET as HERE_INET
from socket import AF_INET6 as HERE_INET6
from socket import inet_ntop
from struct import Struct
from typing import TYPE_CHECKING

from routewatch.core.model import Nexthop
from routewatch.host.linux.rtnetlink import words
from routewatch.host.linux.rtnetlink.messages import MALFORMED, aligned, attributes, integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routewatch.core.model import Family

# include/uapi/linux/rtnetlink.h, RTA_*
RTA_GATEWAY = 5
RTA_FLOW = 11
RTA_VIA = 18
RTA_ENCAP_TYPE = 21
RTA_ENCAP = 22

_LEG = Struct("=HBBi")  # struct rtnexthop: length, flags, hops, ifindex
_LEG_ATTRIBUTES = frozenset({MALFORMED, RTA_GATEWAY, RTA_FLOW, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP})


def address(value: bytes) -> str:
    """Return an address as text; bytes of no known length as hexadecimal digits."""
    if len(value) == 4:  # noqa: PLR2004 - the size of an IPv4 address
        return inet_ntop(HERE_INET, value)
    if len(value) == 16:  # noqa: PLR2004 - the size of an IPv6 address
        return inet_ntop(HERE_INET6, value)
    return value.hex()


def prefix(value: bytes | None, length: int, family: Family, left: list[str]) -> str:
    """Return a prefix as CIDR; an absent address is all zeros. What can't be a prefix is cut to one and named."""
    size = 16 if family == "inet6" else 4
    if value is None:
        value = bytes(size)
    if len(value) != size or length > 8 * size:
        left.append(f"malformed prefix {value.hex()}/{length}")
        value, length = value[:size].ljust(size, b"\0"), min(length, 8 * size)
    return f"{address(value)}/{length}"


def interface(index: int, names: Mapping[int, str], left: list[str]) -> str:
    """Return the name of an interface; one without a name can't be written back, and is so named in ``left``."""
    name = names.get(index)
    if name is None:
        name = f"if{index}"
        left.append(f"interface {index}")
    return name


def gateway(found: Mapping[int, bytes], left: list[str]) -> str | None:
    """Return the gateway of a route or leg: RTA_GATEWAY, or RTA_VIA where it is of the other family."""
    if (plain := found.get(RTA_GATEWAY)) is not None:
        if len(plain) not in {4, 16}:
            left.append("malformed gateway")
        return address(plain)
    if (other := found.get(RTA_VIA)) is not None:
        # struct rtvia: a 16-bit family, then the address
        if len(other) not in {6, 18}:
            left.append("malformed gateway")
        return address(other[2:])
    return None


def extras(found: Mapping[int, bytes], left: list[str]) -> None:
    """Name what a route or leg carries besides the way it leads: encapsulation, realm, bytes that were no attribute."""
    if RTA_ENCAP_TYPE in found or RTA_ENCAP in found:
        left.append(f"encap {words.word(words.ENCAPSULATIONS, integer(found.get(RTA_ENCAP_TYPE, b'')))}")
    if RTA_FLOW in found:
        source, destination = divmod(integer(found[RTA_FLOW]), 1 << 16)
        left.append(f"realm {source}/{destination}" if source else f"realm {destination}")
    if MALFORMED in found:
        left.append("malformed attributes")


def legs(value: bytes, names: Mapping[int, str], left: list[str]) -> tuple[Nexthop, ...]:
    """Return the legs of RTA_MULTIPATH, in the kernel's order."""
    found: list[Nexthop] = []
    offset, end = 0, len(value)
    while offset + _LEG.size <= end:
        length, flags, hops, index = _LEG.unpack_from(value, offset)
        if length < _LEG.size or offset + length > end:
            break
        inner = attributes(value[: offset + length], offset + _LEG.size)
        found.append(
            Nexthop(
                gateway=gateway(inner, left),
                interface=interface(index, names, left) if index else None,
                weight=hops + 1,
                flags=" ".join(words.flag_words(words.ROUTE_FLAGS, flags)),
            )
        )
        extras(inner, left)
        left.extend(f"attribute {kind} of a next hop" for kind in inner.keys() - _LEG_ATTRIBUTES)
        offset += aligned(length)
    if offset < end:
        left.append("malformed next hops")
    return tuple(found)
