"""A step in the words of macOS's route(8), or the reason why it can't be said in them.

Both who acts and who shows a command take the words from here, so that what is shown is what is done. A delete names
the key and nothing else: the kernel finds a route by destination, mask and scope, and route(8) fails over any further
word that it can't resolve. Source: network_cmds, route.tproj/route.c (newroute, getaddr, inet_makenetandmask).
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.addresses import DEFAULTS, is_link_local, prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routewatch.core.model import Route
    from routewatch.core.steps import Step

# route(8) marks what it adds as static by itself; these it must be told
FLAG_WORDS = {"R": "-reject", "B": "-blackhole", "C": "-cloning", "1": "-proto1", "2": "-proto2"}
TYPE_WORDS = {"unreachable": "R", "blackhole": "B"}
METRIC_WORDS = frozenset({"mtu", "hopcount", "recvpipe", "sendpipe", "ssthresh", "rtt", "rttvar"})
LARGEST_SHIFTED = 0xFFFFFF  # an IPv4 network whose first octet is zero
BROADCAST = 0xFFFFFFFF


class Unsayable(NamedTuple):
    """Why a step is no command of route(8)."""

    name: str
    sentence: str


class Objection(NamedTuple):
    """A reason, and when it applies."""

    unsayable: Unsayable
    applies: Callable[[Route], bool]


def route_words(step: Step) -> tuple[str, ...] | Unsayable:
    """Return the arguments of route(8) for a step, or why there are none."""
    if step.route is None:
        return Unsayable("no-route", "route(8) knows nothing but routes")
    if step.action == "replace":
        # RTM_CHANGE looks up the best match: where the route is gone it changes another, even the default
        return Unsayable("replace", "route change may hit another route: it takes a delete and an add")
    for unsayable, applies in OBJECTIONS if step.action == "delete" else OBJECTIONS + OBJECTIONS_TO_ADD:
        if applies(step.route):
            return unsayable
    way = _way(step.route) if step.action == "add" else ()
    return ("-n", step.action, *key_words(step.route), *way)


def key_words(route: Route) -> Iterator[str]:
    """Yield the words that name a row's key: family, form, scope and destination."""
    yield f"-{route.family}"
    network = prefix(route.destination)
    is_default = route.destination in DEFAULTS
    form = "-host" if "H" in route.flags else "-net"
    spelled = form == "-net" and _is_misread(route)
    if not (is_default or spelled):
        yield form
    if route.scoped and route.zone is None:  # a zone is the scope
        yield from ("-ifscope", route.interface or "")
    zone = f"%{route.zone}" if route.zone else ""
    address = f"{network.network_address}{zone}"
    if is_default:
        yield "default"
    elif spelled:
        yield from (address, "-prefixlen", str(network.prefixlen), "-net")
    else:
        yield address if form == "-host" else f"{address}/{network.prefixlen}"


def _is_misread(route: Route) -> bool:
    """Tell whether route(8) reads the network otherwise than it is written, with a length behind a slash.

    It takes an IPv6 /128 for a host, shifts leading zero octets of IPv4 away (0.0.2.0/23 becomes 2.0.0.0/23), and
    255.255.255.255 is its mark for "no address". With ``-prefixlen`` and ``-net`` *behind* the address all are right.
    """
    network = prefix(route.destination)
    if not isinstance(network, IPv4Network):
        return network.prefixlen == network.max_prefixlen
    return 0 < int(network.network_address) <= LARGEST_SHIFTED or int(network.network_address) == BROADCAST


def _way(route: Route) -> Iterator[str]:
    """Give the words that only an add has: what the route is like, and where to."""
    letters = route.flags + TYPE_WORDS.get(route.type, "")
    yield from (word for letter, word in FLAG_WORDS.items() if letter in letters)
    if route.flags and "S" not in route.flags:
        yield "-nostatic"
    for name, value in route.metrics:
        if name in METRIC_WORDS:
            yield from (f"-{name}", str(value))
    if route.gateway is None:
        named = route.link if route.link and not route.link.startswith("link#") else route.interface
        yield from ("-interface", named or "")
        return
    if route.flags and "G" not in route.flags:
        yield "-interface"  # an address of ours as the gateway: no next hop
    zone = route.gateway_zone or (route.interface if ":" in route.gateway and is_link_local(route.gateway) else None)
    yield f"{route.gateway}%{zone}" if zone else route.gateway


def _lacks_scope(route: Route) -> bool:
    return route.scoped and not (route.zone or route.interface)


def _is_on_a_gone_link(route: Route) -> bool:
    return any(zone is not None and zone.isdigit() for zone in (route.zone, route.gateway_zone))


def _leads_nowhere(route: Route) -> bool:
    return not (route.gateway or route.interface or (route.link and not route.link.startswith("link#")))


OBJECTIONS: tuple[Objection, ...] = (
    Objection(
        Unsayable("unwritable", "it has attributes that route(8) has no words for"), lambda row: bool(row.unwritable)
    ),
    Objection(
        Unsayable("cloned", "the kernel cloned it, and clones it anew with the next packet"),
        lambda row: "W" in row.flags,
    ),
    Objection(
        Unsayable("link-layer", "it is an ARP or ND entry: those are arp(8)'s and ndp(8)'s"),
        lambda row: "L" in row.flags,
    ),
    Objection(Unsayable("no-scope", "it is scoped to an interface that has no name"), _lacks_scope),
    Objection(
        Unsayable("link-gone", "its interface is gone, and route(8) takes addresses on it by name"), _is_on_a_gone_link
    ),
)
OBJECTIONS_TO_ADD: tuple[Objection, ...] = (
    Objection(
        Unsayable("redirected", "a redirect made it: it is the router's to say again"),
        lambda row: not {"D", "M"}.isdisjoint(row.flags),
    ),
    Objection(
        Unsayable("link-layer-gateway", "its gateway is a link-layer address"), lambda row: ":" in (row.link or "")
    ),
    Objection(Unsayable("no-way", "it names neither a gateway nor an interface"), _leads_nowhere),
)
