"""A default that is missing is known without any baseline where the system knows a router."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.memory import Memory
from routewatch.core.missing import find_missing
from routewatch.core.model import Router
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict
from tests import build, build_macos

if TYPE_CHECKING:
    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot

WIFI = build.link("en0 kind ether index 4 up carrier", "192.168.7.57/24")
TUNNEL = build.link("utun4 kind utun index 12 up carrier owner openvpn[71]", "10.8.0.6/32")
ROUTER = Router(family="inet", interface="en0", address="192.168.7.1")
LAN = "192.168.7 link#4 UCS en0"


def seen(*lines: str, router: Router = ROUTER, processes: tuple[Process, ...] = (), vpn: bool = False) -> Snapshot:
    rows = tuple(map(build_macos.row, (LAN, *lines)))
    links = (WIFI, TUNNEL) if vpn else (WIFI,)
    found = build.snapshot(routes=rows, links=links)
    return replace(found, platform="macos", routers=(router,), processes=processes)


def found(now: Snapshot) -> list[Finding]:
    return list(find_missing(Scene(now, Memory())))


def test_the_default_over_it_should_come_back() -> None:
    [one] = found(seen())

    assert (one.verdict, one.confidence, one.rule) == (Verdict.MISSING, "likely", "router-known")
    assert one.because == "no default route is there, though the system knows 192.168.7.1 as its router"
    assert one.route is not None
    assert (one.route.destination, one.route.gateway, one.route.interface) == ("0.0.0.0/0", "192.168.7.1", "en0")


def test_one_that_is_only_scoped_serves_nobody_who_is_not_bound_to_it() -> None:
    assert [one.rule for one in found(seen("default 192.168.7.1 UGScI en0"))] == ["router-known"]


def test_a_client_without_a_tunnel_may_want_none() -> None:
    [one] = found(seen(processes=(build.process("openvpn[71]"),)))

    assert (one.verdict, one.confidence) == (Verdict.UNCERTAIN, "uncertain")
    assert one.because.endswith("a VPN client runs that may want none")


def test_an_ipv6_router_is_told_as_one() -> None:
    [one] = found(seen(router=Router(family="inet6", interface="en0", address="fe80::1")))

    assert one.route is not None
    assert one.route.destination == "::/0"


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(seen("default 192.168.7.1 UGScg en0"), id="it is there"),
        pytest.param(seen("default 192.168.7.9 UGScg en0"), id="another is there"),
        pytest.param(seen(vpn=True), id="a tunnel is up"),
        pytest.param(seen(router=replace(ROUTER, address="192.168.9.1")), id="out of reach"),
        pytest.param(seen(router=replace(ROUTER, interface="en9")), id="its link is gone"),
        pytest.param(seen(router=replace(ROUTER, interface="utun4", address="10.8.0.6")), id="the router is a VPN's"),
    ],
)
def test_nothing_is_missing_where(now: Snapshot) -> None:
    assert found(now) == []
