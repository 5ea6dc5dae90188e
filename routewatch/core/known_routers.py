"""A default that nothing leads to: the system knows a router, and no row of the table does. No baseline is needed.

macOS' configd keeps the router of its primary service, whatever is done to the table behind its back. What a VPN was
seen to take away is judged elsewhere, by what stood there before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import is_default
from routewatch.core.model import Route
from routewatch.core.signatures import client_of_process
from routewatch.core.verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Router
    from routewatch.core.scene import Scene


def unused_routers(scene: Scene, found: Iterable[Finding]) -> Iterator[Finding]:
    """Find the defaults that are missing beside those ``found`` already, by the routers that the system knows."""
    if not scene.now.routers:
        return  # and no table is decoded for that
    judged = {finding.route.family for finding in found if finding.route is not None and is_default(finding.route)}
    there = {route.family for route in scene.rows.defaults if is_default(route)}
    for router in scene.now.routers:
        if router.family in judged | there or scene.held or not _is_in_reach(router, scene):
            continue
        is_wanted = not _may_be_unwanted(scene)
        yield Finding(
            verdict=Verdict.MISSING if is_wanted else Verdict.UNCERTAIN,
            confidence="likely" if is_wanted else "uncertain",
            rule="router-known",
            because=f"no default route is there, though the system knows {router.address} as its router"
            + ("" if is_wanted else "; a VPN client runs that may want none"),
            route=Route(
                family=router.family,
                destination="0.0.0.0/0" if router.family == "inet" else "::/0",
                gateway=router.address,
                interface=router.interface,
                flags="UGSc",
            ),
        )


def _is_in_reach(router: Router, scene: Scene) -> bool:
    link = scene.links.get(router.interface)
    return link is not None and scene.is_uplink(link) and scene.reaches(router.interface, router.address)


def _may_be_unwanted(scene: Scene) -> bool:
    """Tell whether a VPN client runs without a tunnel: a kill switch keeps everything in until it is connected."""
    return any(client_of_process(process.name, scene.signatures) is not None for process in scene.now.processes)
