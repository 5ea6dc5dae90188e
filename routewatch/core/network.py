"""The network a machine is on, as far as it can be told: so that nothing is restored on another one.

*The same network* = same link and prefixes, the baseline's gateway inside one of them, no contradicting MAC address.
What isn't known is not different: a missing default, or one that a tunnel took, says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import connected_prefix, covers, is_default, is_link_local
from routewatch.core.model import MAIN_TABLE, Family, Link, Route
from routewatch.core.tunnels import is_uplink

if TYPE_CHECKING:
    from collections.abc import Collection

    from routewatch.core.snapshot import Snapshot


class Gateway(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A router, and its MAC address where a neighbour entry showed it."""

    address: str
    mac: str | None = None


class Uplink(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one uplink tells of the network it is on."""

    link: str
    prefixes: tuple[str, ...] = ()
    gateways: tuple[Gateway, ...] = ()


Network = tuple[Uplink, ...]


def network(snapshot: Snapshot, routes: tuple[Route, ...]) -> Network:
    """Describe the networks the uplinks are on. ``routes`` are the snapshot's decoded defaults, or more."""
    routers = {
        (leg.interface, leg.gateway)
        for route in routes
        if is_default(route) and route.table == MAIN_TABLE
        for leg in route.nexthops or (route,)
    }
    return _uplinks(snapshot, routers)


def network_like(then: Network, now: Snapshot) -> Network:
    """Describe the networks the uplinks are on now by the routers of then: whoever answers to their addresses today.

    It reads links and neighbours only: a table need not be decoded, and a lost default hides nothing.
    """
    return _uplinks(now, routers(then))


def routers(network: Network) -> frozenset[tuple[str | None, str | None]]:
    """Return the routers of the uplinks, each with its link."""
    return frozenset((uplink.link, gateway.address) for uplink in network for gateway in uplink.gateways)


def _uplinks(snapshot: Snapshot, routers: Collection[tuple[str | None, str | None]]) -> Network:
    return tuple(_uplink(link, snapshot, routers) for link in snapshot.links if is_uplink(link) and link.addresses)


def _uplink(link: Link, snapshot: Snapshot, routers: Collection[tuple[str | None, str | None]]) -> Uplink:
    prefixes = sorted({connected_prefix(a) for a in link.addresses if not is_link_local(a.address)})
    macs = {n.address: n.mac for n in snapshot.neighbours if n.interface == link.name}
    addresses = sorted(gateway for interface, gateway in routers if gateway and interface == link.name)
    return Uplink(
        link=link.name,
        prefixes=tuple(prefixes),
        gateways=tuple(Gateway(address=address, mac=macs.get(address)) for address in addresses),
    )


def same_network(then: Network, now: Network) -> bool:
    """Tell whether every uplink that had a router still is on the network it was on."""
    leading = [uplink for uplink in then if uplink.gateways] or list(then)
    return all(same_uplink(uplink.link, then, now) for uplink in leading)


def same_uplink(link: str, then: Network, now: Network) -> bool:
    """Tell whether one link is on the network it was on."""
    before = next((u for u in then if u.link == link), None)
    after = next((u for u in now if u.link == link), None)
    if before is None or after is None:
        return False
    families: tuple[Family, ...] = ("inet", "inet6")
    return all(_same_prefixes(before, after, family) for family in families) and not _contradicts(before, after)


def _same_prefixes(before: Uplink, after: Uplink, family: Family) -> bool:
    mine, theirs = _of_family(before.prefixes, family), _of_family(after.prefixes, family)
    if family == "inet":
        return mine == theirs
    # IPv6 prefixes come and go with router advertisements: none yet is not another one.
    return not mine or not theirs or bool(mine & theirs)


def _of_family(prefixes: tuple[str, ...], family: Family) -> frozenset[str]:
    return frozenset(p for p in prefixes if (":" in p) == (family == "inet6"))


def _contradicts(before: Uplink, after: Uplink) -> bool:
    """Tell whether a router's address is known to belong to another device now."""
    macs = {g.address: g.mac for g in after.gateways if g.mac}
    return any(g.mac and macs.get(g.address, g.mac) != g.mac for g in before.gateways)


def reaches(link: Link | None, gateway: str | None, now: Snapshot) -> bool:
    """Tell whether a next hop can be reached on a link by the addresses the link has now."""
    if link is None or not link.up or not link.carrier:
        return False
    if gateway is None or is_link_local(gateway):
        return True
    if any(covers(connected_prefix(a), gateway) for a in link.addresses):
        return True
    live = {"reachable", "stale", "delay", "probe", "permanent"}
    return any(n.address == gateway and n.interface == link.name and n.state in live for n in now.neighbours)
