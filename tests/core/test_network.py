"""The same network or another one: by link, prefixes, and the router's MAC address; the unknown is not different."""

from __future__ import annotations

from msgspec.structs import replace

from routewatch.core.model import Neighbour
from routewatch.core.network import Gateway, Uplink, network, network_like, reaches, same_network, same_uplink
from tests import build

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "2001:db8:1::2/64", "fe80::2/64")
ROUTER = Neighbour(address="192.168.1.1", interface="eth0", mac="02:00:00:00:00:01", state="reachable")
DEFAULT = build.route("default via 192.168.1.1 dev eth0")
SEEN = replace(build.snapshot(links=[ETH, "lo kind loopback up carrier"]), neighbours=(ROUTER,))
HOME = network(SEEN, (DEFAULT,))


def at(*addresses: str, mac: str | None = None) -> tuple[Uplink, ...]:
    moved = replace(SEEN, links=(replace(ETH, addresses=build.link("eth0", *addresses).addresses),))
    neighbours = (replace(ROUTER, mac=mac),) if mac else ()
    return network_like(HOME, replace(moved, neighbours=neighbours))


def test_a_network_is_its_links_prefixes_and_routers() -> None:
    gateway = Gateway(address="192.168.1.1", mac="02:00:00:00:00:01")
    assert (Uplink(link="eth0", prefixes=("192.168.1.0/24", "2001:db8:1::/64"), gateways=(gateway,)),) == HOME


def test_every_leg_of_a_default_is_a_router() -> None:
    legs = build.route("default nexthop via 192.168.1.1 dev eth0 nexthop via 192.168.1.9 dev eth0")
    [uplink] = network(SEEN, (legs, build.route("10.0.0.0/8 via 192.168.1.7 dev eth0")))
    assert [gateway.address for gateway in uplink.gateways] == ["192.168.1.1", "192.168.1.9"]


def test_the_same_addresses_are_the_same_network() -> None:
    assert same_network(HOME, at("192.168.1.77/24", "2001:db8:1::7/64"))


def test_another_prefix_is_another_network() -> None:
    assert not same_network(HOME, at("192.168.5.2/24", "2001:db8:1::7/64"))
    assert not same_network(HOME, at("192.168.1.2/24", "2001:db8:5::7/64"))


def test_an_ipv6_prefix_that_is_not_there_yet_is_not_another_network() -> None:
    assert same_network(HOME, at("192.168.1.2/24"))


def test_the_router_in_another_devices_hands_is_another_network() -> None:
    assert not same_network(HOME, at("192.168.1.2/24", mac="02:00:00:00:00:99"))
    assert same_network(HOME, at("192.168.1.2/24", mac="02:00:00:00:00:01"))


def test_a_link_that_is_gone_or_new_is_on_no_network_it_was_on() -> None:
    assert not same_network(HOME, ())
    assert not same_uplink("wlan0", HOME, HOME)


def test_an_uplink_without_a_router_does_not_matter_beside_one_with() -> None:
    other = Uplink(link="wlan0", prefixes=("192.168.9.0/24",))
    assert same_network((*HOME, other), HOME)
    assert not same_network((other,), HOME)


def test_a_next_hop_is_reached_on_a_link_with_carrier_by_its_addresses() -> None:
    assert reaches(ETH, "192.168.1.9", SEEN)
    assert reaches(ETH, None, SEEN)
    assert reaches(ETH, "fe80::9", SEEN)
    assert not reaches(ETH, "10.0.0.1", SEEN)
    assert not reaches(replace(ETH, carrier=False), "192.168.1.9", SEEN)
    assert not reaches(replace(ETH, up=False), "192.168.1.9", SEEN)
    assert not reaches(None, "192.168.1.9", SEEN)


def test_a_neighbour_that_answers_is_in_reach_whatever_the_addresses_say() -> None:
    odd = Neighbour(address="10.0.0.1", interface="eth0", mac="02:00:00:00:00:05", state="stale")
    assert reaches(ETH, "10.0.0.1", replace(SEEN, neighbours=(odd,)))
    assert not reaches(ETH, "10.0.0.1", replace(SEEN, neighbours=(replace(odd, state="failed"),)))
