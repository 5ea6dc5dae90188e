"""One reading of the kernel's tables: links, rules, routes and links again, and how far they can be trusted.

They are several dumps, and not atomic. The kernel marks some dumps that changed on the way, but an IPv6 route dump
under churn loses and doubles routes without a word, so a witness listens meanwhile. Whatever changed is read again, a
few times; what to do about a table that never holds still is decided elsewhere.
"""

from __future__ import annotations

import select
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.core.model import FAMILIES
from routewatch.core.table import Table
from routewatch.host.linux.dumps import Witness
from routewatch.host.linux.rtnetlink import links, messages, rules
from routewatch.host.linux.rtnetlink.routes import RouteCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeVar

    from routewatch.core.model import Address, Family, Link, Neighbour, NexthopObject, PolicyRule
    from routewatch.host.linux.dumps import Dump, RequestSocket

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
    names = links.link_names(before.payloads(messages.RTM_NEWLINK))
    witness.heard()
    policy = [requests.dump(messages.RTM_GETRULE, _NUMBERS[family]) for family in FAMILIES]
    nexthops = requests.dump(messages.RTM_GETNEXTHOP)
    routes = [requests.dump(messages.RTM_GETROUTE, _NUMBERS[family]) for family in FAMILIES]
    heard = witness.heard()
    neighbours = requests.dump(messages.RTM_GETNEIGH)
    addresses = requests.dump(messages.RTM_GETADDR)
    after = requests.dump(messages.RTM_GETLINK, body=_WITHOUT_COUNTERS)
    found = _decoded([before], messages.RTM_NEWLINK, links.decode_link, names)
    held_still = found == _decoded([after], messages.RTM_NEWLINK, links.decode_link, names)
    return Reading(
        links=_with_addresses(found, addresses),
        rules=_decoded(policy, messages.RTM_NEWRULE, rules.decode_rule, names),
        routes=Table([chunk for dump in routes for chunk in dump.chunks], RouteCodec(names)),
        neighbours=_decoded([neighbours], messages.RTM_NEWNEIGH, links.decode_neighbour, names),
        nexthop_objects=_decoded([nexthops], messages.RTM_NEWNEXTHOP, links.decode_nexthop, names),
        # neighbours come and go all the time, and nobody counts on having seen them all
        complete=held_still
        and not any(dump.interrupted for dump in (before, *policy, nexthops, *routes, addresses, after)),
        unsure=tuple(family for family in FAMILIES if family in heard),
    )


def _decoded(
    dumps: Iterable[Dump], kind: int, decode: Callable[[bytes, Mapping[int, str]], Value], names: Mapping[int, str]
) -> tuple[Value, ...]:
    return tuple(decode(payload, names) for dump in dumps for payload in dump.payloads(kind))


def _with_addresses(found: tuple[Link, ...], dump: Dump) -> tuple[Link, ...]:
    of_link: defaultdict[int, list[Address]] = defaultdict(list)
    for index, address in map(links.decode_address, dump.payloads(messages.RTM_NEWADDR)):
        of_link[index].append(address)
    return tuple(replace(link, addresses=tuple(of_link[link.index])) for link in found)
