"""The links of a saved table, as far as its rows tell of them: names, kinds, the prefixes they are connected to.

A saved table lists no interfaces. A row on an interface says that it is there; a row without a gateway, which prefix
can be reached on it. Nothing else is made up: what a piece of a table doesn't show may be there all the same, and is
taken from the tables beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import (
    DEFAULTS,
    connected_prefix,
    covers,
    host_address,
    is_default,
    is_host,
    is_link_local,
    prefix,
)
from routewatch.core.letters import is_cloned, is_group, is_link_local_row, is_own_address, is_systems_own
from routewatch.core.model import FAMILIES, MAIN_TABLE, Address, Link, Neighbour, Route
from routewatch.core.tunnels import is_tunnel, is_uplink, named_like_a_tunnel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routewatch.core.snapshot import Snapshot

KINDS = {
    "lo": "loopback", "utun": "utun", "ipsec": "ipsec", "ppp": "ppp", "feth": "feth", "tun": "tun", "tap": "tap",
    "wg": "wireguard", "bridge": "bridge", "docker": "bridge", "br-": "bridge", "virbr": "bridge", "vmenet": "vmnet",
    "vmnet": "vmnet", "vboxnet": "vmnet", "vnic": "vmnet",
}  # fmt: skip
MAC_ADDRESS = re.compile(r"[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}")
SYSTEMS = frozenset({"utun", "ipsec", "feth"})  # kinds of which macOS makes some for itself


def with_links(snapshot: Snapshot, others: Sequence[Snapshot] = (), lasting: Sequence[str] = ()) -> Snapshot:
    """Return a saved snapshot with the links that its rows tell of, and those known to last.

    ``others`` were saved beside it. Links that were saved with it are believed; where the others have none, by their
    names alone, for a number that is known in one table only tells nobody apart.
    """
    if snapshot.links:
        return _completed(snapshot, others)
    routes = tuple(snapshot.routes.values())
    beside = tuple(route for other in others for route in other.routes.values())
    names = dict.fromkeys(_names(routes))
    is_whole = not _is_a_piece(routes)
    if not is_whole:
        hidden = (name for name in _names(beside) if _is_physical(name) and _left_out(_of(name, beside)))
        names |= dict.fromkeys(hidden)
    names |= dict.fromkeys(lasting)
    links = (_link(name, _of(name, routes), _of(name, beside), is_whole=is_whole) for name in names)
    return replace(snapshot, links=tuple(links))


def with_neighbours(snapshot: Snapshot) -> Snapshot:
    """Return a saved snapshot with the neighbours whose MAC addresses its rows show: not whether they answer."""
    rows = (
        route for route in snapshot.routes.values() if "L" in route.flags and MAC_ADDRESS.fullmatch(route.link or "")
    )
    found = (Neighbour(address=host_address(row), interface=row.interface or "", mac=row.link) for row in rows)
    return replace(snapshot, neighbours=(*snapshot.neighbours, *found))


def _completed(snapshot: Snapshot, others: Sequence[Snapshot]) -> Snapshot:
    """Return a snapshot whose list of links may be a part of it, or one without addresses, with what its rows add."""
    are_bare = any(not other.links for other in others)
    inferred = {link.name: link for link in with_links(replace(snapshot, links=()), others).links}
    told = {link.name: link for link in snapshot.links}
    routes = tuple(snapshot.routes.values())
    for name in told.keys() & inferred.keys():
        if not _tell_all(told[name], _of(name, routes)):
            known = (*told[name].addresses, *inferred[name].addresses)
            told[name] = replace(told[name], addresses=known)
    links = (replace(link, index=0, generation=None) if are_bare else link for link in told.values())
    return replace(snapshot, links=(*links, *(link for name, link in inferred.items() if name not in told)))


def _tell_all(link: Link, own: Sequence[Route]) -> bool:
    """Tell whether a link's addresses may be all that it reaches: a default's gateway outside of them is reached too.

    Clouds give out an address of its own length, and a row for the gateway, which a piece of a table leaves out.
    """
    gateways = [route.gateway for route in own if is_default(route) and route.gateway]
    networks = [connected_prefix(each) for each in link.addresses]
    return bool(networks) and all(
        is_link_local(gateway) or any(covers(network, gateway) for network in networks) for gateway in gateways
    )


def lasting_links(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the links of a table that last whatever becomes of their rows: those of VirtualBox' host-only networks."""
    shown = _names(filter(connected, snapshot.routes.values()))
    return tuple(name for name in shown if name.startswith("vboxnet"))


def _names(routes: Iterable[Route]) -> Iterable[str]:
    return (leg.interface for route in routes for leg in route.nexthops or (route,) if leg.interface)


def _left_out(elsewhere: Sequence[Route]) -> Sequence[Route]:
    """Return what another table shows of a link, where this one may have left it out.

    One that had a default and its prefix, and shows neither, has lost its network.
    """
    had_both = any(map(is_default, elsewhere)) and any(map(connected, elsewhere))
    return () if had_both else elsewhere


def _is_a_piece(routes: Sequence[Route]) -> bool:
    """Tell whether a table shows neither a default nor a prefix of a physical link: more must have been there."""
    return not any(is_default(route) or (_is_physical(route.interface or "") and connected(route)) for route in routes)


def _is_physical(name: str) -> bool:
    return bool(name) and is_uplink(Link(name=name, index=0, kind=kind_of(name)))


def kind_of(name: str) -> str:
    """Return the kind of a link by its name."""
    found = next((kind for start, kind in KINDS.items() if name.startswith(start)), None)
    return found or ("tun" if named_like_a_tunnel(name) else "ether")


def _link(name: str, own: Sequence[Route], elsewhere: Sequence[Route], *, is_whole: bool) -> Link:
    kind = kind_of(name)
    if kind in SYSTEMS and own and all(map(is_systems_own, own)):
        kind = "system"
    is_down = any("linkdown" in route.flags.split() for route in own)
    point_to_point = is_tunnel(Link(name=name, index=0, kind=kind))
    return Link(
        name=name,
        index=0,
        kind=kind,
        up=not (point_to_point and is_down),
        carrier=not is_down,
        addresses=tuple(map(_address, _prefixes(own, elsewhere, is_whole=is_whole))),
        point_to_point=point_to_point,
        persistent=point_to_point and is_down,  # it is there, and nobody has it open
    )


def _of(name: str, routes: Iterable[Route]) -> list[Route]:
    return [route for route in routes if route.interface == name]


def _prefixes(own: Sequence[Route], elsewhere: Sequence[Route], *, is_whole: bool) -> list[str]:
    """Return the prefixes a link is connected to, in order.

    A piece of a table may show none: then that which another table shows and which holds its gateway, else the gateway
    itself. Without any, a gateway can't be called out of reach; but a whole table shows what a link has lost.
    """
    known = list(dict.fromkeys(route.destination for route in elsewhere if connected(route)))
    found: dict[str, None] = {}
    for family in FAMILIES:
        hidden = _left_out([route for route in elsewhere if route.family == family])
        rows = [route for route in own if route.family == family] or hidden
        if is_whole and not hidden and not any(connected(r) or r.destination in DEFAULTS for r in rows):
            continue
        shown = [route.destination for route in rows if connected(route)]
        gateways = (gateway for gateway in _gateways(rows, elsewhere) if not prefix(gateway).is_link_local)
        found |= dict.fromkeys(shown or (_holding(gateway, known) for gateway in gateways))
    return list(found)


def _gateways(rows: Sequence[Route], elsewhere: Sequence[Route]) -> Iterable[str]:
    """Yield the gateways of a link: also those of other tables which still have a row of their own here, as a Mac's."""
    yield from (route.gateway for route in rows if route.gateway)
    routers = {route.gateway for route in elsewhere}
    hosts = (route for route in rows if is_host(route) and route.gateway is None and "R" not in route.flags)
    yield from (address for address in map(host_address, hosts) if address in routers)


def _holding(gateway: str, known: Sequence[str]) -> str:
    return next((text for text in known if covers(text, gateway)), str(prefix(gateway)))


def connected(route: Route) -> bool:
    """Tell whether a row is that of a prefix its link is connected to."""
    if route.gateway is not None or route.nexthops or route.destination in DEFAULTS or route.type != "unicast":
        return False
    if is_cloned(route) or is_group(route) or is_link_local_row(route) or route.table != MAIN_TABLE:
        return False
    return is_own_address(route) or not is_host(route)


def _address(text: str) -> Address:
    network = prefix(text)
    return Address(address=str(network.network_address), prefix_length=network.prefixlen)
