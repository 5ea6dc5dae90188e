"""Routes: a dump's datagrams as a table, taken apart into payloads at once, and each read when it is asked for.

What makes a large table fast to read stands here; what a payload says, route_payload.py knows.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct, pack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.host.linux.rtnetlink import hops
from routewatch.host.linux.rtnetlink.messages import BYTE_ORDER, HEADER_SIZE, RTM_NEWROUTE, aligned, integer
from routewatch.host.linux.rtnetlink.route_payload import (
    IPV6_SIZE,
    RTA_DST,
    RTM_F_CLONED,
    RTMSG,
    decode_route,
    is_link_local,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routewatch.core.model import Route

_SMALLEST_ROUTE = HEADER_SIZE + RTMSG.size
# Where RTM_F_CLONED stands in the flags, the last four bytes of struct rtmsg
_CLONED_BYTE = 8 + RTM_F_CLONED.to_bytes(4, BYTE_ORDER).index(RTM_F_CLONED >> 8)
_CLONED_BIT = RTM_F_CLONED >> 8
# Where the address of RTA_DST stands, as the kernel writes RTA_TABLE first (fib_dump_info(), rt6_fill_node()), and by
# that attribute's header where it ends
_DESTINATION = RTMSG.size + 8 + 4
_DESTINATION_ENDS = {pack("=HH", 4 + size, RTA_DST): _DESTINATION + size for size in (4, IPV6_SIZE)}
_LIKES = 1024


def _routes_in(chunk: bytes) -> list[bytes]:
    """Return the payloads of a datagram's routes.

    Most messages of a dump are as long as the one before, and such a run is unpacked at once: two thirds of the time
    that a walk from header to header takes. Each length and type is looked at all the same.
    """
    routes: list[bytes] = []
    view, offset, end = memoryview(chunk), 0, len(chunk)
    while offset + HEADER_SIZE <= end:
        length = integer(chunk[offset : offset + 4])
        if length < HEADER_SIZE or offset + length > end:
            break
        stride = min(aligned(length), end - offset)
        if length < _SMALLEST_ROUTE:
            offset += stride
            continue
        layout = _layout(length, stride)
        stop = end - (end - offset) % stride
        for size, kind, payload in layout.iter_unpack(view[offset:stop]):
            if size != length:
                break
            if kind == RTM_NEWROUTE and not payload[_CLONED_BYTE] & _CLONED_BIT:
                routes.append(payload)
            offset += stride
    return routes


@lru_cache(maxsize=64)
def _layout(length: int, stride: int) -> Struct:
    """Lay out a message of this length: its own length, its type, its payload, and the padding up to the next."""
    return Struct(f"=IH10x{length - HEADER_SIZE}s{stride - length}x")


class RouteCodec:
    """Reads a dump of routes (core.table.Codec): a fingerprint is the payload of one RTM_NEWROUTE."""

    __slots__ = ("_likes", "names")
    name = "rtnetlink/1"

    def __init__(self, names: Mapping[int, str]) -> None:
        """Take the interface names by index that held when the dump was taken."""
        self.names = names
        self._likes: dict[bytes, Route] = {}  # by the payload without its destination's address

    def split(self, chunks: Sequence[bytes]) -> list[bytes]:
        """Return the payload of each route in datagrams, in order; other messages and cached routes are passed over."""
        return [payload for chunk in chunks for payload in _routes_in(chunk)]

    def decode(self, fingerprint: bytes) -> Route:
        """Return the route behind a payload.

        The routes of a large table differ in little but their destinations: what else a payload says is read once.
        """
        end = _DESTINATION_ENDS.get(fingerprint[_DESTINATION - 4 : _DESTINATION], 0)
        address = fingerprint[_DESTINATION:end]
        is_whole = 0 < end <= len(fingerprint)
        if not is_whole or is_link_local(address, fingerprint[1]):  # such a destination has a zone as well
            return decode_route(fingerprint, self.names)
        destination = f"{hops.address(address)}/{fingerprint[1]}"
        rest = fingerprint[:_DESTINATION] + fingerprint[end:]
        like = self._likes.get(rest)
        if like is not None:
            return replace(like, destination=destination)
        route = decode_route(fingerprint, self.names)
        if route.destination == destination and len(self._likes) < _LIKES:
            self._likes[rest] = route
        return route
