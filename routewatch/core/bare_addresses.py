"""Addresses without the route to their own prefix. No baseline is needed: that is wrong on any network.

The kernel makes such a route with each address (fib_add_ifaddr() in net/ipv4/fib_frontend.c, inet6_addr_add() in
net/ipv6/addrconf.c; in_ifinit() in bsd/netinet/in.c) and takes it away with it. Where it went before, somebody took it
by name: a VPN that had the same prefix, or a policy client. Some addresses have none by right, and are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import connected_prefix, is_link_local, prefix
from routewatch.core.known_routers import may_be_unwanted
from routewatch.core.model import Route
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Address, Family, Link
    from routewatch.core.scene import Scene

# "noprefixroute" says that somebody makes the route himself, as NetworkManager does; a secondary address has its
# primary's; one that is not there yet, or a double, has none yet.
HAVE_NONE = frozenset({"noprefixroute", "secondary", "tentative", "dadfailed"})
# Of a prefix that a router advertises it may say that it is not on the link (RFC 4861, 6.3.4: the L flag).
BY_A_ROUTER = frozenset({"dynamic", "mngtmpaddr", "temporary"})
NETWORKS = frozenset({"bridge", "vmnet"})  # of containers and virtual machines


def missing_prefixes(scene: Scene, found: Iterable[Finding]) -> Iterator[Finding]:
    """Find the connected routes that are missing beside those that were ``found`` already."""
    if scene.held or not (scene.now.complete and scene.now.processes_seen):
        return  # a VPN may want it so, or nobody could look; and no saved table tells of all addresses
    judged = {(each.route.interface, each.route.destination) for each in found if each.route is not None}
    alive = (route for route in scene.rows.routes if route.interface is None or not scene.is_dead(route.interface))
    stands = {route.destination for route in alive}
    is_wanted = not may_be_unwanted(scene)
    for link in scene.now.links:
        for address in link.addresses if _is_judged(link, scene) else ():
            mark = (link.name, connected_prefix(address))
            if mark in judged or mark[1] in stands | scene.memory.kept or not _has_a_route(address, scene):
                continue
            judged.add(mark)
            yield Finding(
                verdict=Verdict.MISSING if is_wanted else Verdict.UNCERTAIN,
                confidence="likely" if is_wanted else "uncertain",
                rule="address-without-route",
                because=f"{link.name} has the address {address.address}, and no route leads to its prefix"
                + ("" if is_wanted else "; a VPN client runs that may want it so"),
                route=_connected(link, address, scene),
            )


def _is_judged(link: Link, scene: Scene) -> bool:
    """Tell whether a link's addresses have their routes in a table that we see: a VRF's are in its own."""
    if not (link.up and link.carrier) or link.master is not None or link.name in scene.tunnels:
        return False
    return scene.is_uplink(link) or link.kind in NETWORKS


def _has_a_route(address: Address, scene: Scene) -> bool:
    """Tell whether the kernel makes a route for an address."""
    network = prefix(connected_prefix(address))
    family: Family = "inet6" if network.version == 6 else "inet"  # noqa: PLR2004  # the IP version
    never = HAVE_NONE if family == "inet" else HAVE_NONE | BY_A_ROUTER
    if family in scene.now.unsure or (family == "inet6" and scene.now.platform == "macos"):
        return False  # a Mac's ifconfig does not say of each address where it comes from
    if address.peer is not None or is_link_local(address.address) or never.intersection(address.flags):
        return False
    return network.prefixlen < network.max_prefixlen


def _connected(link: Link, address: Address, scene: Scene) -> Route:
    destination = connected_prefix(address)
    if scene.now.platform == "macos":
        return Route(
            family="inet", destination=destination, interface=link.name, link=f"link#{link.index}", flags="UCS"
        )
    if ":" in destination:
        return Route(family="inet6", destination=destination, interface=link.name, protocol="kernel", metric=256)
    return Route(
        family="inet",
        destination=destination,
        interface=link.name,
        protocol="kernel",
        scope="link",
        preferred_source=address.address,
        metric=0,
    )
