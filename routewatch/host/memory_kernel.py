"""What a kernel would say to a route, and what becomes of routes when their link goes: for the in-memory host.

As Linux does it, where it matters to those who clean up. Pure functions on values: no state is held, nothing is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import connected_prefix, covers, is_link_local, prefix
from routewatch.core.model import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Address, Link, PolicyRule


def weak_id(route: Route) -> tuple[object, ...]:
    """Return what two routes may not have in common when one is added with NLM_F_EXCL."""
    place = (route.family, route.table, prefix(route.destination), route.source, route.tos or 0)
    return (*place, metric_of(route))


def ageless(entry: Route | PolicyRule) -> Route | PolicyRule:
    """Return the entry without its lifetime, which counts down."""
    return replace(entry, expires=None) if isinstance(entry, Route) else entry


def metric_of(route: Route) -> int:
    """Return the metric the kernel takes: IPv6 makes 1024 of none (IP6_RT_PRIO_USER in net/ipv6.h)."""
    return route.metric or (1024 if route.family == "inet6" else 0)


def objection(route: Route, routes: Iterable[Route], links: Iterable[Link]) -> str | None:
    """Return the kernel's words where it would not take the route, else None."""
    up = {link.name: link.up for link in links}
    for gateway, interface, flags in ways(route):
        if interface is not None and interface not in up:
            return "an interface of it is not there"
        down = interface is not None and not up[interface]
        if down and (route.family == "inet6" or not gateway):
            return "Nexthop device is not up" if route.family == "inet6" else "Device for nexthop is not up"
        if gateway and "onlink" not in flags.split() and not reaches(gateway, interface, routes):
            # IPv4's words (fib_check_nh_v4_gw()); IPv6 has none but those of its error number.
            return "Nexthop has invalid gateway" if ":" not in gateway else "No route to host"
    return _no_room(route, [other for other in routes if weak_id(other) == weak_id(route)])


def ways(route: Route) -> tuple[tuple[str | None, str | None, str], ...]:
    """Return gateway, interface and flags of each leg."""
    if route.nexthops:
        return tuple((leg.gateway, leg.interface, leg.flags) for leg in route.nexthops)
    return ((route.gateway, route.interface, route.flags),)


def reaches(gateway: str, interface: str | None, routes: Iterable[Route]) -> bool:
    """Tell whether a gateway can be reached on the interface without another gateway."""
    if is_link_local(gateway) and ":" in gateway:
        return interface is not None
    return any(
        not route.gateway and not route.nexthops and route.type == "unicast" and covers(route.destination, gateway)
        for route in routes
        if interface is None or route.interface == interface
    )


def connected_routes(link: Link) -> tuple[Route, ...]:
    """Return the routes the kernel makes for the addresses of a link that comes up."""
    prefixed = (address for address in link.addresses if "noprefixroute" not in address.flags)
    return tuple(_connected(link.name, address) for address in prefixed)


def without_link(route: Route, name: str) -> Route | None:
    """Return what stays of a route when a link goes down: all of it, the other legs (IPv6), or nothing.

    IPv4 keeps a multipath route until its last leg is dead (fib_sync_down_dev()); IPv6 drops leg by leg.
    """
    interfaces = {interface for _, interface, _ in ways(route)}
    if name not in interfaces:
        return route
    if interfaces == {name}:
        return None
    if route.family == "inet":
        return route
    legs = tuple(leg for leg in route.nexthops if leg.interface != name)
    if len(legs) > 1:
        return replace(route, nexthops=legs)
    return replace(route, nexthops=(), gateway=legs[0].gateway, interface=legs[0].interface)


def _connected(name: str, of: Address) -> Route:
    if ":" in of.address:
        return Route(family="inet6", destination=connected_prefix(of), interface=name, metric=256, protocol="kernel")
    return Route(
        family="inet",
        destination=connected_prefix(of),
        interface=name,
        metric=0,
        protocol="kernel",
        scope="link",
        preferred_source=of.address,
    )


def _no_room(route: Route, siblings: list[Route]) -> str | None:
    # IPv4 appends a row that differs in anything. IPv6 would join routes with gateways into one (fib6_add_rt2node()),
    # and takes rows of one interface and gateway for the same.
    if route.family == "inet":
        return None
    for other in siblings:
        if _joins(route) and _joins(other):
            return "a route of the same metric is there: the kernel would join them into one"
        if ways(route) == ways(other) and route.nexthop_id == other.nexthop_id:
            return "File exists"
    return None


def _joins(route: Route) -> bool:
    return route.nexthop_id is None and any(gateway for gateway, _, _ in ways(route))
