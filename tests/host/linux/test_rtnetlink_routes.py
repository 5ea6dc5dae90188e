"""Routes as the kernel writes them. The bytes are put together here, by the header files, not by our own writer."""

from __future__ import annotations

import struct
import sys
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Nexthop, Route
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.route_payload import decode_route
from routewatch.host.linux.rtnetlink.routes import RouteCodec

NAMES = {1: "lo", 2: "eth0", 7: "tun0"}


def attr(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def u32(kind: int, value: int) -> bytes:
    return attr(kind, struct.pack("=I", value))


def ip(kind: int, text: str) -> bytes:
    return attr(kind, ip_address(text).packed)


def rtm(family: int = 2, length: int = 0, *attributes: bytes, **header: int) -> bytes:
    values = {"src_len": 0, "tos": 0, "table": 254, "protocol": 3, "scope": 0, "type": 1, "flags": 0} | header
    order = ("src_len", "tos", "table", "protocol", "scope", "type")
    head = struct.pack("=8BI", family, length, *(values[name] for name in order), values["flags"])
    return head + b"".join(attributes)


def message(kind: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 4711) + payload + bytes(-len(payload) % 4)


def read(payload: bytes) -> Route:
    return decode_route(payload, NAMES)


def test_a_default_route_is_read_field_by_field() -> None:
    payload = rtm(2, 0, u32(15, 254), ip(5, "192.0.2.1"), u32(4, 2), u32(6, 100), ip(7, "192.0.2.9"), protocol=16)

    assert read(payload) == Route(
        family="inet",
        destination="0.0.0.0/0",
        gateway="192.0.2.1",
        interface="eth0",
        metric=100,
        protocol="dhcp",
        scope="global",
        preferred_source="192.0.2.9",
    )


def test_an_ipv4_route_without_priority_has_the_metric_0() -> None:
    assert read(rtm(2, 24, ip(1, "10.0.0.0"))).metric == 0


def test_an_ipv6_route_has_the_metric_it_names_and_no_scope() -> None:
    route = read(rtm(10, 32, ip(1, "2001:db8::"), u32(6, 1024), attr(20, b"\0")))

    assert (route.metric, route.scope, route.preference) == (1024, None, None)


def test_the_table_is_the_long_one_not_the_byte_in_the_header() -> None:
    assert read(rtm(2, 0, u32(15, 51820), table=252)).table == 51820


def test_the_byte_in_the_header_serves_where_there_is_no_long_table() -> None:
    assert read(rtm(2, 0, table=255)).table == 255


def test_a_link_local_destination_has_its_interface_as_zone() -> None:
    assert read(rtm(10, 64, ip(1, "fe80::"), u32(4, 2))).zone == "eth0"
    assert read(rtm(10, 8, ip(1, "ff00::"), u32(4, 2))).zone is None
    assert read(rtm(10, 0, u32(4, 2))).zone is None


def test_a_gateway_of_the_other_family_is_read_from_via() -> None:
    via = struct.pack("=H", 10) + ip_address("2001:db8::1").packed

    assert read(rtm(2, 8, ip(1, "10.0.0.0"), attr(18, via), u32(4, 2))).gateway == "2001:db8::1"


def leg(index: int, hops: int, flags: int, *attributes: bytes) -> bytes:
    inner = b"".join(attributes)
    return struct.pack("=HBBi", 8 + len(inner), flags, hops, index) + inner


def test_the_legs_of_a_multipath_route_are_read_in_order() -> None:
    legs = leg(2, 2, 16, ip(5, "192.0.2.1")) + leg(7, 0, 0)

    assert read(rtm(2, 8, ip(1, "10.0.0.0"), attr(9, legs))).nexthops == (
        Nexthop(gateway="192.0.2.1", interface="eth0", weight=3, flags="linkdown"),
        Nexthop(interface="tun0"),
    )


def test_a_nexthop_group_of_one_is_no_multipath() -> None:
    route = read(rtm(2, 8, ip(1, "10.0.0.0"), attr(9, leg(2, 0, 0, ip(5, "192.0.2.1"))), u32(30, 20)))

    assert (route.gateway, route.interface, route.nexthops, route.nexthop_id) == ("192.0.2.1", "eth0", (), 20)


def test_an_encapsulating_leg_keeps_the_route_from_being_written() -> None:
    route = read(rtm(2, 8, attr(9, leg(2, 0, 0, attr(21, b"\1\0")) + leg(7, 0, 0)), ip(1, "10.0.0.0")))

    assert route.unwritable == ("encap mpls",)


def test_metrics_are_read_with_their_lock_and_their_text() -> None:
    metrics = u32(1, 1 << 2) + u32(2, 1400) + attr(16, b"reno\0")

    assert read(rtm(2, 0, attr(8, metrics))).metrics == (("lock", 4), ("mtu", 1400), ("cc_algo", "reno"))


def test_a_lifetime_is_told_in_seconds() -> None:
    assert read(rtm(10, 0, attr(12, struct.pack("=IIiIIIII", 0, 0, 59_900, 0, 0, 0, 0, 0)))).expires == 599
    assert read(rtm(10, 0, attr(12, bytes(32)))).expires is None


def test_flags_are_said_in_the_words_of_ip_route() -> None:
    assert read(rtm(2, 0, flags=0x4 | 0x10)).flags == "onlink linkdown"


def test_an_unknown_flag_is_not_lost() -> None:
    assert read(rtm(2, 0, flags=0x4 | 0x100000)).flags == "onlink 0x100000"


def test_unknown_numbers_stay_numbers() -> None:
    route = read(rtm(2, 0, protocol=66, scope=7, type=99))

    assert (route.protocol, route.scope, route.type) == ("66", "7", "99")


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        (attr(21, b"\1\0") + attr(22, b"\0" * 8), "encap mpls"),
        (attr(99, b"\0" * 4), "attribute 99"),
        (u32(11, 3 << 16 | 5), "realm 3/5"),
        (u32(11, 5), "realm 5"),
        (attr(26, b"\1"), "ttl_propagate 1"),
        (attr(27, b"\x06"), "ip_proto 6"),
        (attr(29, b"\x01\xbb"), "dport 443"),
        (u32(16, 5), "mark 5"),
        (attr(8, u32(17, 1)), "metric fastopen_no_cookie 1"),
        (u32(4, 12), "interface 12"),
        (attr(4, b"\2"), "malformed attribute 4"),
        (attr(7, b"\2"), "malformed attribute 7"),
        (b"\2\0", "malformed attributes"),
    ],
)
def test_what_has_no_field_is_named_as_unwritable(attribute: bytes, name: str) -> None:
    assert name in read(rtm(2, 0, attribute)).unwritable


def test_an_interface_without_a_name_is_called_by_its_index() -> None:
    assert read(rtm(2, 0, u32(4, 12))).interface == "if12"


def test_half_a_message_is_a_route_not_to_be_touched() -> None:
    assert read(b"\2\0").unwritable == ("malformed message",)


def test_a_dump_is_split_into_its_routes_and_nothing_else() -> None:
    route, cached = rtm(2, 8, ip(1, "10.0.0.0")), rtm(10, 128, ip(1, "2001:db8::1"), flags=0x200)
    done = struct.pack("=IHHIIi", 20, 3, 2, 1, 4711, 0)
    chunk = message(24, route) + message(24, cached) + message(16, bytes(16)) + done

    assert RouteCodec(NAMES).split([chunk, message(24, route), done]) == [route, route]


def test_a_message_cut_short_ends_its_datagram() -> None:
    route = rtm(2, 8, ip(1, "10.0.0.0"))
    cut = message(24, route)[:-4]

    assert RouteCodec(NAMES).split([message(24, route) + cut, message(24, route)]) == [route, route]


@given(st.binary(max_size=200))
def test_no_payload_raises(payload: bytes) -> None:
    read(payload)


@given(st.binary(max_size=200), st.sampled_from([2, 10]))
def test_no_attributes_raise_behind_a_sound_header(attributes: bytes, family: int) -> None:
    read(rtm(family, 200, attributes))


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=40)), max_size=8))
def test_no_attribute_of_a_wrong_size_raises(attributes: list[tuple[int, bytes]]) -> None:
    read(rtm(2, 8, *(attr(kind, value) for kind, value in attributes)))


anything = st.tuples(
    st.sampled_from([24, 24, 24, 16, 3]), st.sampled_from([0, 4, 12, 13, 44, 44, 44, 60]), st.booleans()
)


def walked(chunk: bytes) -> list[bytes]:
    """Split a datagram the plain way, from header to header."""
    return [
        m.payload
        for m in messages.split(chunk)
        if m.type == messages.RTM_NEWROUTE
        and len(m.payload) >= 12
        and not struct.unpack_from("=I", m.payload, 8)[0] & 0x200
    ]


@given(st.lists(anything, max_size=30), st.integers(0, 20))
def test_a_dump_is_split_as_if_walked_from_header_to_header(kinds: list[tuple[int, int, bool]], cut: int) -> None:
    written = b"".join(
        message(kind, (bytes(9) + b"\2" * cloned).ljust(size, b"\0")[:size]) for kind, size, cloned in kinds
    )
    chunk = written[: len(written) - cut]

    assert RouteCodec(NAMES).split([chunk]) == walked(chunk)


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_no_datagram_raises(chunks: list[bytes]) -> None:
    RouteCodec(NAMES).split(chunks)


def test_these_tests_write_bytes_in_the_order_of_this_machine() -> None:
    assert struct.pack("=H", 1) == (1).to_bytes(2, sys.byteorder)


DESTINATIONS = ("10.1.0.0", "10.2.0.0", "fe80::1", "fd50::", "febf::", "2001:db8::")
ODD = (
    u32(15, 300),
    ip(1, "10.9.0.0"),
    attr(1, b"\1\2"),
    attr(12, bytes(32)),
    u32(16, 7),
    ip(5, "192.0.2.1"),
    u32(4, 7),
    b"\4",
)
ROWS = st.builds(
    lambda family, length, first, more: rtm(family, length, *first, *more),
    st.sampled_from([2, 10, 7]),
    st.sampled_from([0, 9, 16, 24, 128, 200]),
    st.sampled_from([(u32(15, 254), ip(1, text)) for text in DESTINATIONS]),
    st.lists(st.sampled_from(ODD), max_size=3),
)


@given(st.lists(ROWS, min_size=2, max_size=12), st.integers(0, 60))
def test_a_route_is_read_the_same_whatever_was_read_before_it(payloads: list[bytes], cut: int) -> None:
    codec = RouteCodec(NAMES)
    cuts = [payloads[0][:cut], *payloads]
    assert [codec.decode(payload) for payload in (*cuts, *cuts)] == [read(payload) for payload in (*cuts, *cuts)]
