"""One route: the payload of RTM_NEWROUTE or RTM_DELROUTE as a ``Route``.

Numbers are those of include/uapi/linux/rtnetlink.h. Every attribute ends up somewhere: in its field, or by name in
``Route.unwritable``. Nothing raises: a payload is the kernel's word, and a strange one is a route not to be touched.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import Route
from routewatch.host.linux.rtnetlink import hops, words
from routewatch.host.linux.rtnetlink.messages import (
    AF_INET,
    AF_INET6,
    BYTE_ORDER,
    MALFORMED,
    attributes,
    integer,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routewatch.core.model import Family, Nexthop

RTM_F_CLONED = 0x200
CLOCK_TICKS = 100  # USER_HZ, in which the kernel tells lifetimes on every architecture but alpha

RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF = 1, 2, 3, 4
RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH = 6, 7, 8, 9
RTA_CACHEINFO, RTA_TABLE, RTA_MARK, RTA_PREF, RTA_EXPIRES, RTA_PAD = 12, 15, 16, 20, 23, 24
RTA_UID, RTA_TTL_PROPAGATE, RTA_IP_PROTO, RTA_SPORT, RTA_DPORT, RTA_NH_ID = 25, 26, 27, 28, 29, 30

# Attributes that have a field (or only count up, like those of RTA_CACHEINFO), and the sizes that they may have
_SIZES = {
    RTA_OIF: (4,),
    RTA_PRIORITY: (4,),
    RTA_PREFSRC: (4, 16),
    RTA_TABLE: (4,),
    RTA_PREF: (1,),
    RTA_EXPIRES: (4,),
    RTA_NH_ID: (4,),
}
_KNOWN = frozenset(
    {*_SIZES, RTA_DST, RTA_SRC, RTA_METRICS, RTA_MULTIPATH, RTA_CACHEINFO, RTA_PAD}
    | {MALFORMED, hops.RTA_GATEWAY, hops.RTA_VIA, hops.RTA_FLOW, hops.RTA_ENCAP, hops.RTA_ENCAP_TYPE}
)
# What a route can carry on Linux and our values can't: these keep a route from being deleted
_NUMBERS = {RTA_MARK: "mark", RTA_UID: "uid", RTA_TTL_PROPAGATE: "ttl_propagate", RTA_IP_PROTO: "ip_proto"}
_PORTS = {RTA_SPORT: "sport", RTA_DPORT: "dport"}  # big-endian

IPV6_SIZE = 16
_LINK_LOCAL = 0xFE80 >> 6  # fe80::/10, RFC 4291 section 2.5.6
_LINK_LOCAL_BITS = 10

RTMSG = Struct("=BBBBBBBBI")
_UNWRITABLE_METRICS = frozenset({17})  # pyroute2 0.9.7 ends at RTAX_CC_ALGO


class _Header(NamedTuple):
    """struct rtmsg."""

    family: int
    destination_length: int
    source_length: int
    tos: int
    table: int
    protocol: int
    scope: int
    type: int
    flags: int


def decode_route(payload: bytes, names: Mapping[int, str]) -> Route:
    """Read the payload of one route message (struct rtmsg and its attributes).

    ``names`` maps interface indexes to names. Never raises: what can't be understood is named in ``unwritable``.
    """
    left: list[str] = []
    header = _Header(*RTMSG.unpack(payload[:12].ljust(12, b"\0")))
    if len(payload) < RTMSG.size:
        left.append("malformed message")
    found = attributes(payload, RTMSG.size)
    six = header.family == AF_INET6
    family: Family = "inet6" if six else "inet"
    if not six and header.family != AF_INET:
        left.append(f"family {header.family}")
    gateway, device, legs = _way(found, names, left)
    destination = hops.prefix(found.get(RTA_DST), header.destination_length, family, left)
    return Route(
        family=family,
        destination=destination,
        zone=device if six and is_link_local(found.get(RTA_DST), header.destination_length) else None,
        gateway=gateway,
        interface=device,
        flags=" ".join(words.flag_words(words.ROUTE_FLAGS, header.flags)),
        expires=_expires(found),
        table=integer(found[RTA_TABLE]) if RTA_TABLE in found else header.table,
        metric=_metric(found, family),
        protocol=words.word(words.PROTOCOL_WORDS, header.protocol),
        scope=None if six else words.word(words.SCOPE_WORDS, header.scope),
        type=words.word(words.ROUTE_TYPE_WORDS, header.type),
        preferred_source=hops.address(found[RTA_PREFSRC]) if RTA_PREFSRC in found else None,
        source=hops.prefix(found.get(RTA_SRC), header.source_length, family, left) if header.source_length else None,
        tos=header.tos or None,
        nexthops=legs,
        nexthop_id=integer(found[RTA_NH_ID]) if RTA_NH_ID in found else None,
        metrics=_metrics(found.get(RTA_METRICS), left),
        preference=_preference(found, left),
        unwritable=_unwritable(found, left),
    )


def _way(
    found: Mapping[int, bytes], names: Mapping[int, str], left: list[str]
) -> tuple[str | None, str | None, tuple[Nexthop, ...]]:
    """Return gateway, interface and legs; a single leg (a nexthop group of one) is no multipath."""
    gateway = hops.gateway(found, left)
    index = integer(found.get(RTA_OIF, b""))
    device = hops.interface(index, names, left) if index else None
    legs = hops.legs(found[RTA_MULTIPATH], names, left) if RTA_MULTIPATH in found else ()
    if len(legs) == 1 and gateway is None and device is None:
        return legs[0].gateway, legs[0].interface, ()
    return gateway, device, legs


def is_link_local(destination: bytes | None, length: int) -> bool:
    """Tell whether the destination lies in fe80::/10, where an address means nothing without its link."""
    if destination is None or len(destination) != IPV6_SIZE or length < _LINK_LOCAL_BITS:
        return False
    return int.from_bytes(destination[:2], "big") >> 6 == _LINK_LOCAL


def _expires(found: Mapping[int, bytes]) -> int | None:
    """Return the seconds left; the kernel tells them in RTA_CACHEINFO (rta_expires, the third number, signed)."""
    if RTA_EXPIRES in found:
        return integer(found[RTA_EXPIRES])
    ticks = int.from_bytes(found.get(RTA_CACHEINFO, b"")[8:12], BYTE_ORDER, signed=True)
    return ticks // CLOCK_TICKS if ticks else None


def _metric(found: Mapping[int, bytes], family: Family) -> int | None:
    if RTA_PRIORITY in found:
        return integer(found[RTA_PRIORITY])
    # net/ipv4/fib_semantics.c writes no RTA_PRIORITY for 0, which is a metric like others, and the best
    return 0 if family == "inet" else None


def _metrics(value: bytes | None, left: list[str]) -> tuple[tuple[str, int | str], ...]:
    if value is None:
        return ()
    found: list[tuple[str, int | str]] = []
    for kind, content in attributes(value).items():
        name = words.METRICS.get(kind)
        if name is None or kind in _UNWRITABLE_METRICS:
            left.append(f"metric {name or kind} {integer(content)}")
        else:
            found.append((name, text(content) if name == "cc_algo" else integer(content)))
    return tuple(found)


def _preference(found: Mapping[int, bytes], left: list[str]) -> str | None:
    number = integer(found.get(RTA_PREF, b""))
    if number and number not in words.PREFERENCES:
        left.append(f"pref {number}")
    return words.PREFERENCES.get(number)


def _unwritable(found: Mapping[int, bytes], left: list[str]) -> tuple[str, ...]:
    hops.extras(found, left)
    for kind, value in found.items():
        if kind in _KNOWN:
            if kind in _SIZES and len(value) not in _SIZES[kind]:
                left.append(f"malformed attribute {kind}")
        elif kind in _NUMBERS:
            left.append(f"{_NUMBERS[kind]} {integer(value)}")
        elif kind in _PORTS:
            left.append(f"{_PORTS[kind]} {int.from_bytes(value, 'big')}")
        else:
            left.append(f"attribute {kind}")
    return tuple(dict.fromkeys(left))
