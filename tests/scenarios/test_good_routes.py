"""Where a false belief would cost somebody a good route: healthy machines that look odd, and stay as they are.

Each is judged three times: when routewatch comes first to it, beside a proven baseline, and after a VPN on top of it
was killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import build
from tests.scenarios.clients import OPENVPN, dies
from tests.scenarios.story import BRIDGE, ETH, HOME, LO, Story

if TYPE_CHECKING:
    from routewatch.core.model import Link

LAN = "192.168.77.0/24 dev eth0 proto kernel src 192.168.77.20 metric 100"
PPP = build.link(
    "ppp0 kind ppp index 20 up carrier point_to_point owner pppd[600]", "198.51.100.7 peer 198.51.100.1/32"
)
CLOUD = build.link("eth0 index 2 up carrier", "10.0.0.7/32")
VETH = build.link("veth1 kind veth index 30 up carrier master br-lab")
MACHINES: dict[str, tuple[tuple[str, ...], tuple[Link, ...]]] = {
    "a cloud host with a /32 address": (("default via 10.0.0.1 dev eth0", "10.0.0.1 dev eth0 scope link"), (LO, CLOUD)),
    "a gateway told to be on-link": (("default via 172.31.1.1 dev eth0 onlink",), (LO, CLOUD)),
    "a gateway told to be on-link in one leg": (
        ("default nexthop via 172.31.1.1 dev eth0 onlink nexthop via 172.31.1.2 dev eth0 onlink",),
        (LO, CLOUD),
    ),
    "a default over a bridge": (
        ("default via 192.168.1.1 dev br0 proto static", "10.3.0.0/16 via 192.168.1.9 dev br0"),
        (
            LO,
            build.link("br0 kind bridge index 4 up carrier", "192.168.1.2/24"),
            build.link("eth0 up carrier master br0"),
        ),
    ),
    "several uplinks with tables of their own": (
        (
            *HOME,
            "default via 198.51.100.1 dev eth1 table 200",
            "198.51.100.0/24 dev eth1 table 200",
            "default via 192.168.77.1 dev eth0 table 100",
            "100: from 198.51.100.9 lookup 200",
            "101: from 192.168.77.20 lookup 100",
            "102: from all fwmark 0x1 lookup 101",
        ),
        (LO, ETH, BRIDGE, build.link("eth1 index 5 up carrier", "198.51.100.9/24")),
    ),
    "tables 52 and 220 filled by hand": (
        (
            *HOME,
            "10.7.0.0/16 via 192.168.77.9 dev eth0 table 52",
            "10.8.0.0/16 via 192.168.77.9 dev eth0 table 220",
            "220: from all lookup 220",
            "5270: from all lookup 52",
        ),
        (LO, ETH, BRIDGE),
    ),
    "rules of a container network": (
        (
            *HOME,
            "9: from all fwmark 0x200/0xf00 lookup 2004",
            "512: from all to 10.1.0.5 lookup main",
            "1024: from all fwmark 0x80/0x80 lookup main",
            "1536: from 10.1.0.5 lookup 2",
            "default via 192.168.77.1 dev eth0 table 2",
            "local default dev lo table 2004",
            "10.1.0.5 dev veth1 scope link",
        ),
        (LO, ETH, BRIDGE, VETH),
    ),
    "a VRF": (
        (*HOME, "1000: from all lookup [l3mdev-table]", "10.44.0.0/16 via 10.40.0.1 dev eth1 table 10"),
        (
            LO,
            ETH,
            BRIDGE,
            build.link("eth1 index 5 up carrier master blue", "10.40.0.2/24"),
            build.link("blue kind vrf up carrier"),
        ),
    ),
    "a docker bridge without containers": (
        (*HOME[:2], LAN, "172.17.0.0/16 dev docker0 proto kernel src 172.17.0.1 linkdown"),
        (LO, ETH, build.link("docker0 kind bridge index 9 up", "172.17.0.1/16")),
    ),
    "a virtual machine's tap": (
        (*HOME, "10.33.0.0/16 dev vnet0 scope link", "10.34.0.0/16 dev tap100i0 scope link"),
        (LO, ETH, BRIDGE, build.link("vnet0 kind tun up"), build.link("tap100i0 kind tap up carrier master br-lab")),
    ),
    "blackholes of an admin and of BGP": (
        (*HOME, "blackhole 10.0.0.0/8", "unreachable 192.0.2.0/24 proto bgp", "prohibit 198.51.100.0/24 dev lo"),
        (LO, ETH, BRIDGE),
    ),
    "a dial-up uplink": (
        ("default dev ppp0 scope link", "198.51.100.1 dev ppp0 proto kernel src 198.51.100.7"),
        (LO, PPP),
    ),
    "an idle WireGuard link of networkd": (
        (*HOME, "10.99.0.0/24 dev wg9 proto static", "32765: not from all fwmark 0xca6c lookup 51820"),
        (LO, ETH, BRIDGE, build.link("wg9 kind wireguard index 40 up carrier", "10.99.0.1/24")),
    ),
    "a WireGuard link that is down": (
        (
            *HOME,
            "32765: not from all fwmark 0xca6c lookup 51820",
            "32764: from all lookup main suppress_prefixlength 0",
        ),
        (LO, ETH, BRIDGE, build.link("wg9 kind wireguard index 40")),
    ),
    "a rule that keeps the default out": (
        (*HOME, "500: from all lookup main suppress_prefixlength 0"),
        (LO, ETH, BRIDGE),
    ),
    "a machine that lives in a tunnel": (
        ("default dev wg0 scope link",),
        (LO, build.link("wg0 kind wireguard index 41 up carrier", "10.9.0.2/24")),
    ),
    "a cable that is out": (
        (
            "default via 192.168.77.1 dev eth0 linkdown",
            "10.50.0.0/16 via 192.168.77.5 dev eth0 linkdown",
            LAN + " linkdown",
        ),
        (LO, build.link("eth0 index 2 up", "192.168.77.20/24")),
    ),
    "a router beside a link without carrier, in IPv6": (
        ("default via fe80::1 dev eth0 proto static", "fd51::/48 via fe80::5 dev eth0"),
        (LO, build.link("eth0 index 2 up", "fe80::20/64")),
    ),
    "an IPv4 route through an IPv6 router": (("default via inet6 fe80::1 dev eth0",), (LO, ETH)),
    "a rule for a link that comes and goes": ((*HOME, "700: from all iif usb0 lookup main"), (LO, ETH, BRIDGE)),
    "routes by nexthop objects": ((*HOME, "10.88.0.0/16 nhid 7"), (LO, ETH, BRIDGE)),
    "a failed look at links": (HOME, ()),
}


@pytest.fixture(params=MACHINES, ids=list(MACHINES))
def machine(request: pytest.FixtureRequest) -> tuple[tuple[str, ...], tuple[Link, ...]]:
    return MACHINES[request.param]


def test_nothing_is_left_over_on_a_machine_seen_for_the_first_time(
    machine: tuple[tuple[str, ...], tuple[Link, ...]],
) -> None:
    story = Story(*machine, quiet=0)
    assert (story.left(), story.missing(), story.plan().steps) == ({}, {}, ())


def test_nothing_is_left_over_beside_a_baseline(machine: tuple[tuple[str, ...], tuple[Link, ...]]) -> None:
    story = Story(*machine)
    story.wait(600)
    assert (story.left(), story.missing(), story.uncertain(), story.plan().steps) == ({}, {}, set(), ())


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "deaf"])
def test_a_killed_vpn_makes_nothing_of_it_a_leftover(
    machine: tuple[tuple[str, ...], tuple[Link, ...]], *, heard: bool
) -> None:
    story = Story(*machine, heard=heard)
    before = story.rows()
    story.host.processes = story.processes(OPENVPN)
    with story.by(OPENVPN):
        story.up("tun7 kind tun index 77 up carrier point_to_point owner openvpn[1234]", "10.222.0.6/24")
        story.add("10.223.0.0/16 via 10.222.0.1 dev tun7")
    story.look()
    story.wait(120)
    dies(story, "tun7")
    assert story.rows() == before
    assert (story.left(), story.missing(), story.plan().steps) == ({}, {}, ())


PREPARED = build.link("tun9 kind tun index 90 up persistent point_to_point", "10.98.0.1/24")
PREPARED_ROUTE = "10.99.0.0/16 dev tun9 linkdown"


def test_a_route_prepared_for_a_client_that_never_came_is_nobodys_leftover() -> None:
    story = Story((*HOME, PREPARED_ROUTE), (LO, ETH, BRIDGE, PREPARED), quiet=0)
    assert story.rulings()["10.99.0.0/16 dev tun9"] == "prepared"
    assert (story.left(), story.plan().steps) == ({}, ())


def test_a_route_prepared_beside_a_baseline_is_expected() -> None:
    story = Story((*HOME, PREPARED_ROUTE), (LO, ETH, BRIDGE, PREPARED))
    story.wait(600)
    assert (story.left(), story.uncertain()) == ({}, set())


def test_a_prepared_route_outlives_the_client_it_was_prepared_for() -> None:
    story = Story((*HOME, PREPARED_ROUTE), (LO, ETH, BRIDGE, PREPARED))
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up("tun9 kind tun index 90 up carrier persistent point_to_point owner openvpn[1234]", "10.98.0.1/24")
        story.add("0.0.0.0/1 dev tun9", "128.0.0.0/1 dev tun9")
    story.look()
    story.wait(120)
    story.runs()
    story.die("tun9")
    story.look()
    story.wait(10)
    assert story.left() == {"0.0.0.0/1 dev tun9": "certain", "128.0.0.0/1 dev tun9": "certain"}
