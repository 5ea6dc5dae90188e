"""One reading of the kernel's tables: links, rules, routes and links again, and how far they can be trusted.

They are several dumps, and not atomic. The kernel marks some dumps that changed on the way, but an IPv6 route dump
under churn loses and doubles routes without a word, so a witness listens meanwhile. Whatever changed is read again, a
few times; what to do about a table that never holds still is decided elsewhere.
"""

from __future__ import annotations

import select
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.core.model import FAMILIES
from routewatch.core.table import Table
from routewatch.host.linux.dumps import Dump, Witness
from routewatch.host.linux.rtnetlink import links, messages, rules
from routewatch.host.linux.rtnetlink.routes import RouteCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from routewatch.core.model import Address, Family, Link, Neighbour, NexthopObject, PolicyRule
    from routewatch.host.linux.dumps import RequestSocket

    Value = TypeVar("Value")

TRIES = 3
BACKOFF = 0.02  # seconds before the second try, twice that before the third

# Links without their counters: half the bytes. include/uapi/linux/{if_link,rtnetlink}.h
IFLA_EXT_MASK = 29
RTEXT_FILTER_SKIP_STATS = 8
_WITHOUT_COUNTERS = messages.attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS.to_bytes(4, messages.BYTE_ORDER))
_NUMBERS: Mapping[Family, int] = {"inet": messages.AF_INET, "inet6": messages.AF_INET6}


class Reading(NamedTuple):
    """The kernel's tables at one moment."""

    links: tuple[Link, ...]  # with their addresses
    rules: tuple[PolicyRule, ...]
    routes: Table
    neighbours: tuple[Neighbour, ...]
    nexthop_objects: tuple[NexthopObject, ...]
    complete: bool  # False: links changed, or the kernel called a dump interrupted, in each try
    unsure: tuple[Family, ...]  # families whose routes changed during each try


def read_tables(requests: RequestSocket) -> Reading:
    """Read everything, up to three times while it changes. Raises ObservationError."""
    with Witness() as witness:
        reading = _attempt(requests, witness)
        for number in range(1, TRIES):
            if reading.complete and not reading.unsure:
                break
            select.select([], [], [], BACKOFF * number)
            reading = _attempt(requests, witness)
    return reading


def _attempt(requests: RequestSocket, witness: Witness) -> Reading:
    before = requests.dump(messages.RTM_GETLINK, body=_WITHOUT_COUNTERS)
    witness.heard()
    policy = [requests.dump(messages.RTM_GETRULE, _NUMBERS[family]) for family in FAMILIES]
    nexthops = requests.dump(messages.RTM_GETNEXTHOP)
    routes = [requests.dump(messages.RTM_GETROUTE, _NUMBERS[family]) for family in FAMILIES]
    heard = witness.heard()
    neighbours = requests.dump(messages.RTM_GETNEIGH)
    addresses = requests.dump(messages.RTM_GETADDR)
    after = requests.dump(messages.RTM_GETLINK, body=_WITHOUT_COUNTERS)
    names = _names(before.chunks)
    # Neighbours come and go all the time, and nobody counts on having seen them all
    interrupted = any(dump.interrupted for dump in (before, *policy, nexthops, *routes, addresses, after))
    return Reading(
        links=_links(before.chunks, addresses.chunks),
        rules=tuple(rule for dump in policy for rule in _rules(dump.chunks)),
        routes=Table([chunk for dump in routes for chunk in dump.chunks], RouteCodec(names)),
        neighbours=_decoded(neighbours, messages.RTM_NEWNEIGH, links.decode_neighbour, names),
        nexthop_objects=_decoded(nexthops, messages.RTM_NEWNEXTHOP, links.decode_nexthop, names),
        complete=not interrupted and _links(before.chunks) == _links(after.chunks),
        unsure=tuple(family for family in FAMILIES if family in heard),
    )


def _decoded(
    dump: Dump, kind: int, decode: Callable[[bytes, Mapping[int, str]], Value], names: Mapping[int, str]
) -> tuple[Value, ...]:
    return tuple(decode(payload, names) for payload in dump.payloads(kind))


# Links and rules are seldom others than at the last look: the same bytes are not decoded twice.


@lru_cache(maxsize=2)
def _names(chunks: tuple[bytes, ...]) -> Mapping[int, str]:
    return links.link_names(Dump(chunks).payloads(messages.RTM_NEWLINK))


@lru_cache(maxsize=4)
def _links(chunks: tuple[bytes, ...], addresses: tuple[bytes, ...] = ()) -> tuple[Link, ...]:
    of_link: defaultdict[int, list[Address]] = defaultdict(list)
    for index, address in map(links.decode_address, Dump(addresses).payloads(messages.RTM_NEWADDR)):
        of_link[index].append(address)
    found = _decoded(Dump(chunks), messages.RTM_NEWLINK, links.decode_link, _names(chunks))
    return tuple(replace(link, addresses=tuple(of_link[link.index])) for link in found)


@lru_cache(maxsize=4)
def _rules(chunks: tuple[bytes, ...]) -> tuple[PolicyRule, ...]:
    return _decoded(Dump(chunks), messages.RTM_NEWRULE, rules.decode_rule, {})
