"""A default that nothing leads to: the system knows a router, and no row of the table does. No baseline is needed.

macOS' configd keeps the router of its primary service, whatever is done to the table behind its back. Linux remembers
of an IPv6 neighbour that it advertised itself as a router (NTF_ROUTER). What a VPN was seen to take away is judged
elsewhere, by what stood there before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import covers, is_default, is_link_local
from routewatch.core.model import Route, Router
from routewatch.core.signatures import client_of_process
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Address
    from routewatch.core.scene import Scene


GLOBAL = "2000::/3"  # what is routed in the Internet: others have routers among themselves that lead nowhere
ALIVE = frozenset({"reachable", "stale", "delay", "probe"})


def unused_routers(scene: Scene, found: Iterable[Finding]) -> Iterator[Finding]:
    """Find the defaults that are missing beside those ``found`` already, by the routers that the system knows."""
    routers = scene.now.routers or tuple(_heard(scene))
    if not routers or scene.held:
        return  # and no table is decoded for that
    judged = {finding.route.family for finding in found if finding.route is not None and is_default(finding.route)}
    judged |= {route.family for route in _defaults(scene)}
    is_wanted = not may_be_unwanted(scene)
    for router in routers:
        if router.family in judged or router.family in scene.now.unsure or not _is_in_reach(router, scene):
            continue
        judged.add(router.family)
        yield Finding(
            verdict=Verdict.MISSING if is_wanted else Verdict.UNCERTAIN,
            confidence="likely" if is_wanted else "uncertain",
            rule="router-known",
            because=f"no default route is there, though the system knows {router.address} as its router"
            + ("" if is_wanted else "; a VPN client runs that may want none"),
            route=_default_over(router, scene),
        )


def _heard(scene: Scene) -> Iterator[Router]:
    """Yield the IPv6 routers that Linux has heard on the links to which one gave a global address that is in use.

    Such an address has a lifetime. One that was set by hand may stand beside a router that nobody wants to listen to.
    """
    for neighbour in scene.now.neighbours:
        link = scene.links.get(neighbour.interface)
        is_live = neighbour.is_router and neighbour.state in ALIVE and is_link_local(neighbour.address)
        if is_live and link is not None and any(map(_is_given, link.addresses)):
            yield Router(family="inet6", interface=link.name, address=neighbour.address)


def _is_given(address: Address) -> bool:
    return "dynamic" in address.flags and "deprecated" not in address.flags and covers(GLOBAL, address.address)


def _defaults(scene: Scene) -> Iterator[Route]:
    """Yield the defaults that are in the way of another one; on Linux those of any table, for rules may lead there."""
    if scene.now.platform == "macos":
        return iter(scene.rows.defaults)
    return (
        route
        for route in scene.rows.routes
        if is_default(route) and (route.type != "unicast" or scene.is_usable(route))
    )


def _default_over(router: Router, scene: Scene) -> Route:
    destination = "0.0.0.0/0" if router.family == "inet" else "::/0"
    if scene.now.platform == "macos":
        return Route(
            family=router.family,
            destination=destination,
            gateway=router.address,
            interface=router.interface,
            # without S what a router advertises is told from what somebody set
            flags="UGSc" if router.family == "inet" else "UGc",
        )
    return Route(
        family=router.family,
        destination=destination,
        gateway=router.address,
        interface=router.interface,
        protocol="ra",
        metric=1024,
    )


def _is_in_reach(router: Router, scene: Scene) -> bool:
    link = scene.links.get(router.interface)
    return link is not None and scene.is_uplink(link) and scene.reaches(router.interface, router.address)


def may_be_unwanted(scene: Scene) -> bool:
    """Tell whether a VPN client runs without a tunnel: a kill switch keeps everything in until it is connected."""
    return any(client_of_process(process.name, scene.signatures) is not None for process in scene.now.processes)
