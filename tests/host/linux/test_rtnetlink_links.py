"""Links, addresses, neighbours and nexthop objects as the kernel writes them."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Address, Ipv6Settings, Link, Neighbour, NexthopObject
from routewatch.core.tunnels import is_held
from routewatch.host.linux.rtnetlink.links import (
    decode_address,
    decode_link,
    decode_neighbour,
    decode_nexthop,
    link_names,
)
from tests.host.linux.test_rtnetlink_routes import attr, ip, u32

NAMES = {2: "br0", 7: "tun0"}


def link(index: int, hardware: int, flags: int, *attributes: bytes) -> bytes:
    return struct.pack("=BxHiII", 0, hardware, index, flags, 0) + b"".join(attributes)


def tun(kind: int, persist: int) -> bytes:
    return attr(18, attr(1, b"tun\0") + attr(2, attr(3, bytes([kind])) + attr(6, bytes([persist]))))


def test_a_persistent_tun_is_read() -> None:
    payload = link(7, 0xFFFE, 0x11, attr(3, b"tun0\0"), attr(33, b"\1"), tun(1, 1))

    assert decode_link(payload, NAMES) == Link(
        name="tun0", index=7, kind="tun", up=True, carrier=True, persistent=True, point_to_point=True
    )


def test_a_tap_in_a_bridge_is_read() -> None:
    payload = link(8, 1, 0x1, attr(3, b"vnet0\0"), attr(1, bytes.fromhex("0200000000aa")), u32(10, 2), tun(2, 0))

    assert decode_link(payload, NAMES) == Link(
        name="vnet0", index=8, kind="tap", up=True, mac="02:00:00:00:00:aa", master="br0"
    )


def test_what_the_kernel_does_with_ipv6_on_a_link_comes_with_the_link() -> None:
    values = dict.fromkeys(range(60), 0) | {0: 1, 3: 2, 17: 1, 26: 1}
    settings = b"".join(struct.pack("=i", values[place]) for place in range(60))
    told = link(2, 1, 1, attr(26, attr(2, b"") + attr(10, attr(1, bytes(4)) + attr(2, settings))))

    assert decode_link(told, {}).ipv6 == Ipv6Settings(disabled=True, forwarding=True, accept_ra=2, accept_default=True)
    assert decode_link(link(2, 1, 1, attr(26, attr(10, attr(2, settings[:100])))), {}).ipv6 is None


def test_a_link_without_a_kind_is_called_by_its_hardware() -> None:
    kinds = [decode_link(link(1, hardware, 0), {}).kind for hardware in (772, 1, 512, 0xFFFE, 4242)]

    assert kinds == ["loopback", "ether", "ppp", "none", "4242"]


def test_names_are_found_by_index() -> None:
    assert link_names([link(1, 772, 0, attr(3, b"lo\0")), link(2, 1, 0, attr(3, b"eth0\0"))]) == {1: "lo", 2: "eth0"}


def test_an_address_of_a_point_to_point_link_knows_its_peer() -> None:
    payload = struct.pack("=BBBBI", 2, 32, 0x80, 0, 7) + ip(1, "10.8.0.1") + ip(2, "10.8.0.2") + u32(8, 0x280)

    assert decode_address(payload) == (
        7,
        Address(address="10.8.0.2", prefix_length=32, peer="10.8.0.1", flags=("noprefixroute",)),
    )


def test_an_address_with_a_lifetime_is_dynamic() -> None:
    payload = struct.pack("=BBBBI", 10, 64, 0x01, 253, 2) + ip(1, "fe80::1")

    assert decode_address(payload) == (
        2,
        Address(address="fe80::1", prefix_length=64, scope="link", flags=("temporary", "dynamic")),
    )


def test_a_neighbour_is_read() -> None:
    payload = struct.pack("=B3xiHBB", 2, 2, 0x02, 0, 0) + ip(1, "192.0.2.1") + attr(2, bytes.fromhex("020000000001"))

    assert decode_neighbour(payload, NAMES) == Neighbour(
        address="192.0.2.1", interface="br0", mac="02:00:00:00:00:01", state="reachable"
    )


def test_a_neighbour_that_is_a_router_is_known_as_one() -> None:
    payload = struct.pack("=B3xiHBB", 10, 2, 0x04, 0x80, 0) + ip(1, "fe80::1")

    assert decode_neighbour(payload, NAMES) == Neighbour(
        address="fe80::1", interface="br0", state="stale", is_router=True
    )


def test_nexthop_objects_are_read() -> None:
    head = struct.pack("=BBBxI", 2, 0, 4, 0)
    group = struct.pack("=IBBHIBBH", 7, 1, 0, 0, 8, 0, 0, 0)

    assert decode_nexthop(head + u32(1, 7) + u32(5, 7) + ip(6, "10.8.0.1"), NAMES) == NexthopObject(
        id=7, gateway="10.8.0.1", interface="tun0", scope="global", protocol="static"
    )
    assert decode_nexthop(head + u32(1, 20) + attr(2, group), NAMES).group == ((7, 2), (8, 1))
    assert decode_nexthop(head + u32(1, 30) + attr(4, b""), NAMES).blackhole


@given(st.binary(max_size=200))
def test_no_payload_raises(payload: bytes) -> None:
    decode_link(payload, {})
    decode_address(payload)
    decode_neighbour(payload, {})
    decode_nexthop(payload, {})
    link_names([payload])


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=40)), max_size=8))
def test_no_attribute_of_a_wrong_size_raises(attributes: list[tuple[int, bytes]]) -> None:
    behind = bytes(16) + b"".join(attr(kind, value) for kind, value in attributes)
    decode_link(behind, {})
    for start in (8, 4):
        decode_address(behind[start:])
        decode_neighbour(behind[start:], {})
        decode_nexthop(behind[start:], {})


# Kinds of links that the kernel of a small machine may lack, in the bytes that one with them sends: vrf_fill_info() and
# vrf_fill_slave_info() of drivers/net/vrf.c, wg_setup() of drivers/net/wireguard/device.c (it has no data of its own).
RUNNING = 0x10041  # IFF_UP | IFF_RUNNING | IFF_LOWER_UP


def test_a_vrf_and_the_uplink_in_it_are_read() -> None:
    vrf = attr(18, attr(1, b"vrf\0") + attr(2, u32(1, 10)))
    port = attr(18, attr(4, b"vrf\0") + attr(5, u32(1, 10)))
    blue = link(9, 1, RUNNING | 0x480, attr(3, b"blue\0"), attr(33, b"\1"), vrf)
    uplink = link(5, 1, RUNNING | 0x1002, attr(3, b"eth1\0"), u32(10, 9), attr(33, b"\1"), port)

    assert decode_link(blue, {}) == Link(name="blue", index=9, kind="vrf", up=True, carrier=True)
    assert decode_link(uplink, {9: "blue"}) == Link(
        name="eth1", index=5, kind="ether", up=True, carrier=True, master="blue"
    )


def test_a_wireguard_link_of_the_kernel_is_read_up_and_down() -> None:
    kind = attr(18, attr(1, b"wireguard\0"))
    flags = 0x90  # IFF_POINTOPOINT | IFF_NOARP
    told = [link(7, 0xFFFE, flags | each, attr(3, b"wg0\0"), attr(33, b"\1"), kind) for each in (RUNNING, 0)]

    up, down = (decode_link(each, {}) for each in told)
    assert up == Link(name="wg0", index=7, kind="wireguard", up=True, carrier=True, point_to_point=True)
    assert (is_held(up), is_held(down)) == (True, False)
