"""A default that is missing is known without any baseline where the system knows a router."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.memory import Memory
from routewatch.core.missing import find_missing
from routewatch.core.model import Address, Ipv6Settings, Link, Neighbour, Router
from routewatch.core.owners import is_advertised
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.remarks import remarks
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
GIVEN = Address(address="2001:db8:9::20", prefix_length=64, flags=("mngtmpaddr", "dynamic"))
ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "fe80::20/64")
UPLINK = replace(ETH, addresses=(*ETH.addresses, GIVEN))
ADVERTISER = Neighbour(address="fe80::1", interface="eth0", state="stale", is_router=True)
LAN6 = "2001:db8:9::/64 dev eth0 proto kernel metric 256"
LAN4 = "192.168.1.0/24 dev eth0 proto kernel src 192.168.1.2"


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
    assert is_advertised(one.route, "macos")  # and never set by us


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


# ------------------------------------------------------------------------------------------------------------- Linux


def heard(
    *lines: str, link: Link = UPLINK, router: Neighbour = ADVERTISER, processes: tuple[Process, ...] = ()
) -> Snapshot:
    now = build.snapshot(routes=(LAN4, *lines), links=(link, build.link("lo kind loopback up carrier")))
    return replace(now, neighbours=(router,), processes=processes)


def test_a_router_that_linux_has_heard_and_no_default_leads_to_is_asked_again_and_nothing_is_set() -> None:
    scene = Scene(heard(), Memory())
    [one] = find_missing(scene)

    assert (one.verdict, one.confidence, one.rule) == (Verdict.MISSING, "likely", "router-known")
    assert one.because == "no default route is there, though the system knows fe80::1 as its router"
    assert one.route == build.route("::/0 via fe80::1 dev eth0 proto ra metric 1024")
    planned = plan((one,), scene, Wishes(login_peers=()))
    assert (planned.steps, [refusal.rule for refusal in planned.refused]) == ((), ["advertised"])
    assert [remark.remedy for remark in remarks(scene)] == ["rdisc6 eth0"]


def test_a_machine_that_forwards_and_hears_no_router_any_more_has_the_setting_named_first() -> None:
    """The kernel throws such defaults away as forwarding is switched on (rt6_purge_dflt_routers())."""
    forwards = replace(UPLINK, ipv6=Ipv6Settings(forwarding=True))
    told = remarks(Scene(heard(link=forwards), Memory()))
    assert [remark.remedy for remark in told] == ["sysctl -w net.ipv6.conf.eth0.accept_ra=2", "rdisc6 eth0"]


def test_a_client_that_waits_for_its_tunnel_may_want_no_ipv6() -> None:
    [one] = found(heard(processes=(build.process("openvpn[71]"),)))
    assert (one.verdict, one.confidence) == (Verdict.UNCERTAIN, "uncertain")


def test_a_default_that_leads_nowhere_is_none() -> None:
    dead = build.link("eth9 index 9 up")
    now = heard("::/0 via 2001:db8:8::1 dev eth9 proto static")
    assert [one.rule for one in found(replace(now, links=(*now.links, dead)))] == ["router-known"]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(heard("::/0 via fe80::1 dev eth0 proto ra"), id="it is there"),
        pytest.param(heard("::/0 via fe80::9 dev eth0 proto static"), id="another is there"),
        pytest.param(heard("::/0 via fe80::1 dev eth0 proto ra table 100"), id="it is in a table of its own"),
        pytest.param(heard("unreachable ::/0 dev lo"), id="somebody refuses it on purpose"),
        pytest.param(heard(link=ETH), id="no address came from it"),
        pytest.param(heard(link=replace(UPLINK, master="blue")), id="its default is in a VRF"),
        pytest.param(heard(link=replace(UPLINK, up=False)), id="its link is down"),
        pytest.param(heard(router=replace(ADVERTISER, is_router=False)), id="it is no router"),
        pytest.param(heard(router=replace(ADVERTISER, state="failed")), id="it does not answer"),
        pytest.param(heard(router=replace(ADVERTISER, interface="eth5")), id="its link has gone"),
        pytest.param(
            heard(LAN6, link=replace(UPLINK, addresses=(*ETH.addresses, replace(GIVEN, flags=())))), id="set by hand"
        ),
        pytest.param(
            heard(link=replace(UPLINK, addresses=(*ETH.addresses, replace(GIVEN, address="fd00::20")))),
            id="its prefix is a private one",
        ),
        pytest.param(
            heard(link=replace(UPLINK, addresses=(*ETH.addresses, replace(GIVEN, flags=("deprecated", "dynamic"))))),
            id="it takes its prefix back",
        ),
        pytest.param(replace(heard(), unsure=("inet6",)), id="the table moves"),
    ],
)
def test_on_linux_nothing_is_missing_where(now: Snapshot) -> None:
    assert found(now) == []
