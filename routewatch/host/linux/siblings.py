"""The rows beside a route or rule: whether it is there exactly, and which one the kernel would take for it.

The kernel compares only what a request names, and not all of that: asked for a route without ``src``, or with metric 0
(IPv4), it takes the first that fits. So we look before we ask. This module looks and compares; it changes nothing.
"""

from __future__ import annotations

import socket
from struct import Struct, pack
from typing import TYPE_CHECKING, Any

from routewatch.core.addresses import address
from routewatch.errors import KernelRefusedError
from routewatch.host.linux.dumps import Dump
from routewatch.host.linux.request import route_request, rule_request
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.route_payload import RTA_DST, RTA_TABLE, decode_route
from routewatch.host.linux.rtnetlink.rules import decode_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from routewatch.host.linux.dumps import RequestSocket
    from routewatch.host.linux.request import Request

HEADER = Struct("=IH")  # the length and type that struct nlmsghdr begins with
LOOKS = 3  # at a table that changes while it is dumped
_DESTINATION = 12 + 8  # behind struct rtmsg and RTA_TABLE
_DST_HEADERS = {_DESTINATION + 4 + size: pack("=HH", 4 + size, RTA_DST) for size in (4, 16)}


def rows_beside(wanted: Request, requests: RequestSocket) -> list[Request]:
    """Return the rows of the same key, in the kernel's order.

    Raises KernelRefusedError where the table changed during each look, ObservationError where it can't be read.
    """
    chunks = table_of(wanted, requests)
    if not wanted.is_route:
        return _rules(wanted, Dump(chunks).payloads(messages.RTM_NEWRULE))
    return routes_among(wanted, routes_with(wanted, chunks), dict(socket.if_nameindex()))


def table_of(wanted: Request, requests: RequestSocket) -> tuple[bytes, ...]:
    """Return the datagrams of the table, or of all rules of the family (raising as ``rows_beside`` does)."""
    body = messages.attribute(RTA_TABLE, pack("=I", wanted.attributes["RTA_TABLE"])) if wanted.is_route else b""
    kind = messages.RTM_GETROUTE if wanted.is_route else messages.RTM_GETRULE
    for _ in range(LOOKS):
        dump = requests.dump(kind, wanted.family, body)
        if not dump.interrupted:
            return dump.chunks
    raise KernelRefusedError("the table changes all the time: what would be hit could not be seen")


def routes_with(wanted: Request, chunks: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield the payloads of the routes that begin as the wanted one does."""
    found = (payload for chunk in chunks for payload in _payloads(chunk, _destination(wanted)))
    return (payload for payload in found if payload[:4] == _lengths(wanted))


def routes_among(wanted: Request, payloads: Iterable[bytes], names: Mapping[int, str]) -> list[Request]:
    """Return those of the same key; ``names`` are those of the interfaces by index."""
    indexes = {name: index for index, name in names.items()}
    routes = (decode_route(payload, names) for payload in payloads)
    # An interface without a name has come or gone in this moment; such a route can't be the one we know by name.
    known = (route for route in routes if not any("interface" in words for words in route.unwritable))
    rows = (route_request(route, indexes.__getitem__) for route in known)
    return [row for row in rows if row.key == wanted.key]


def beginning(payload: bytes) -> bytes:
    """Return family, lengths and type of service of a route's payload, and its RTA_DST; alike for routes of one key."""
    if not payload[1]:  # rtm_dst_len: a default has no RTA_DST
        return payload[:4]
    end = _DESTINATION + (8 if payload[0] == messages.AF_INET else 20)
    found = payload[_DESTINATION:end]
    if found[:4] == _DST_HEADERS.get(end):  # the kernel writes RTA_TABLE first (fib_dump_info(), rt6_fill_node())
        return payload[:4] + found
    return payload[:4] + messages.attribute(RTA_DST, messages.attributes(payload, 12).get(RTA_DST, b""))


def beginning_of(wanted: Request) -> bytes:
    """Return what the payload of the wanted route begins with (see ``beginning``)."""
    return _lengths(wanted) + _destination(wanted)


def same(one: Request, other: Request) -> bool:
    """Tell whether two requests name the same row; IPv6 keeps the legs of a route in no order of ours."""
    return (_normal(one), one.header, one.unwritable) == (_normal(other), other.header, other.unwritable)


def same_metric(one: Request, other: Request) -> bool:
    """Tell whether two routes of one key stand at the same place, where one hides the other or joins it."""
    return one.key == other.key and one.attributes.get("RTA_PRIORITY") == other.attributes.get("RTA_PRIORITY")


def would_take(row: Request, wanted: Request) -> bool:
    """Tell whether the kernel, asked to delete ``wanted``, would be content with ``row`` (of the same key)."""
    if not wanted.is_route:
        return _would_take_rule(row, wanted)
    compared = ("RTA_PRIORITY", "RTA_PREFSRC", "RTA_METRICS") if _is_ipv4(wanted) else ("RTA_PRIORITY",)
    fields = ("proto", "type", "scope") if _is_ipv4(wanted) else ("proto",)
    if any(name in wanted.attributes and row.attributes.get(name) != wanted.attributes[name] for name in compared):
        return False
    if any(wanted.header[name] and row.header[name] != wanted.header[name] for name in fields):
        return False
    return _same_way(row, wanted)


def joins(one: Request, other: Request) -> bool:
    """Tell whether IPv6 makes one multipath route of two of the same metric (fib6_add_rt2node())."""
    return not _is_ipv4(one) and same_metric(one, other) and _has_gateway(one) and _has_gateway(other)


def collides(one: Request, other: Request) -> bool:
    """Tell whether IPv6 takes the two for one, whatever else differs (rt6_duplicate_nexthop())."""
    return not _is_ipv4(one) and same_metric(one, other) and _ways(one) == _ways(other)


def _payloads(chunk: bytes, needle: bytes) -> Iterator[bytes]:
    """Yield the payloads of the routes of a datagram in which the needle is.

    Messages without it are stepped over by their length: a table may have a hundred thousand, and one is sought.
    """
    offset, place = 0, chunk.find(needle)
    while place >= 0 and offset + HEADER.size <= len(chunk):
        length, kind = HEADER.unpack_from(chunk, offset)
        if length < messages.HEADER_SIZE:
            return
        end = offset + messages.aligned(length)
        if end > place:
            if kind == messages.RTM_NEWROUTE:
                yield chunk[offset + messages.HEADER_SIZE : offset + length]
            place = chunk.find(needle, end)
        offset = end


def _rules(wanted: Request, payloads: list[bytes]) -> list[Request]:
    rows = (rule_request(decode_rule(payload, {})) for payload in payloads)
    return [row for row in rows if row.key == wanted.key]


def _destination(wanted: Request) -> bytes:
    text = wanted.attributes.get("RTA_DST")
    return messages.attribute(RTA_DST, address(text).packed) if text else b""


def _lengths(wanted: Request) -> bytes:
    return bytes(wanted.header[name] for name in ("family", "dst_len", "src_len", "tos"))


def _would_take_rule(row: Request, wanted: Request) -> bool:
    # net/core/fib_rules.c, rule_find(): what is 0 or absent in the request is not compared (the suppressors have -1 for
    # that), and neither are "not" and the target of goto.
    fields = ("dst_len", "src_len", "tos", "action")
    compared = {
        name: value
        for name, value in wanted.attributes.items()
        if name != "FRA_GOTO" and (value or name.startswith("FRA_SUPPRESS"))
    }
    return all(not wanted.header[name] or row.header[name] == wanted.header[name] for name in fields) and all(
        row.attributes.get(name) == value for name, value in compared.items()
    )


def _same_way(row: Request, wanted: Request) -> bool:
    if "RTA_NH_ID" in wanted.attributes:
        return bool(row.attributes.get("RTA_NH_ID") == wanted.attributes["RTA_NH_ID"])
    ours, theirs = _ways(wanted), _ways(row)
    if "RTA_NH_ID" in row.attributes:
        return not _is_ipv4(wanted) or ours == [(None, None)]
    if _is_ipv4(wanted):
        return ours == theirs if "RTA_MULTIPATH" in wanted.attributes else _fits(ours[0], theirs[0])
    return any(_fits(our, their) for our in ours for their in theirs)


def _fits(asked: tuple[Any, Any], found: tuple[Any, Any]) -> bool:
    return all(part is None or part == other for part, other in zip(asked, found, strict=True))


def _ways(request: Request) -> list[tuple[Any, Any]]:
    """Return interface index and gateway of each leg."""
    if "RTA_MULTIPATH" in request.attributes:
        return [(leg["oif"] or None, _gateway(dict(leg["attrs"]))) for leg in request.attributes["RTA_MULTIPATH"]]
    if "RTA_NH_ID" in request.attributes:
        return [(None, request.attributes["RTA_NH_ID"])]
    return [(request.attributes.get("RTA_OIF"), _gateway(request.attributes))]


def _gateway(attributes: dict[str, Any]) -> object:
    via = attributes.get("RTA_VIA")
    return via["addr"] if via else attributes.get("RTA_GATEWAY")


def _has_gateway(request: Request) -> bool:
    return "RTA_GATEWAY" in request.attributes or "RTA_MULTIPATH" in request.attributes


def _is_ipv4(request: Request) -> bool:
    return request.family == messages.AF_INET


def _normal(request: Request) -> dict[str, Any]:
    legs = request.attributes.get("RTA_MULTIPATH")
    if legs is None or _is_ipv4(request):
        return request.attributes
    return request.attributes | {"RTA_MULTIPATH": sorted(legs, key=str)}
