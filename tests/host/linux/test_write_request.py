"""Requests name what the dump gave, and rows are compared as the kernel compares them. No kernel is needed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from msgspec.structs import replace

from routewatch.host.linux.request import Request, route_request, rule_request
from routewatch.host.linux.siblings import collides, joins, same, same_metric, would_take
from tests import build, strategies
from tests.host.steps import route

if TYPE_CHECKING:
    from routewatch.core.model import Route

INDEXES = {"lo": 1, "eth0": 2, "wlan0": 3, "tun0": 7, "docker0": 4, "v0": 5}


def request(of: str | Route) -> Request:
    return route_request(route(of) if isinstance(of, str) else of, INDEXES.__getitem__)


def rule(line: str) -> Request:
    return rule_request(build.rule(line))


def test_every_attribute_of_a_route_is_named() -> None:
    asked = request(
        "10.0.0.0/8 via 192.168.1.1 dev eth0 src 192.168.1.10 metric 50 proto dhcp table 51820 tos 16 mtu 1400"
    )

    assert asked.attributes == {
        "RTA_TABLE": 51820,
        "RTA_DST": "10.0.0.0",
        "RTA_PRIORITY": 50,
        "RTA_PREFSRC": "192.168.1.10",
        "RTA_METRICS": {"attrs": [["RTAX_MTU", 1400]]},
        "RTA_OIF": 2,
        "RTA_GATEWAY": "192.168.1.1",
    }
    assert asked.header == {
        "family": 2,
        "dst_len": 8,
        "src_len": 0,
        "tos": 16,
        "table": 0,
        "proto": 16,
        "scope": 0,
        "type": 1,
        "flags": 0,
    }


def test_onlink_is_asked_for_only_where_the_route_had_it() -> None:
    assert request("10.0.0.0/8 via 10.9.9.9 dev eth0 onlink linkdown").header["flags"] == 4
    assert request("10.0.0.0/8 via 10.9.9.9 dev eth0 linkdown dead").header["flags"] == 0


def test_a_route_on_a_nexthop_object_names_the_object_and_not_where_it_leads() -> None:
    asked = request("10.0.0.0/8 nhid 7 via 192.168.1.1 dev eth0 metric 5")

    assert asked.attributes == {"RTA_TABLE": 254, "RTA_DST": "10.0.0.0", "RTA_PRIORITY": 5, "RTA_NH_ID": 7}


def test_a_gateway_of_the_other_family_is_a_via() -> None:
    assert request("10.0.0.0/8 via inet6 fe80::1 dev eth0").attributes["RTA_VIA"] == {"family": 10, "addr": "fe80::1"}


def test_a_leg_has_the_kernels_count_of_its_weight() -> None:
    legs = request("10.0.0.0/8 nexthop via 192.168.1.1 dev eth0 weight 3 nexthop dev tun0").attributes["RTA_MULTIPATH"]

    assert [(leg["hops"], leg["oif"]) for leg in legs] == [(2, 2), (0, 7)]


def test_an_interface_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError):
        request("10.0.0.0/8 dev gone0")


def test_a_lifetime_is_no_part_of_what_a_row_is() -> None:
    assert same(request("fd00::/8 dev eth0 expires 10"), request("fd00::/8 dev eth0 expires 20"))


def test_ipv6_legs_have_no_order_and_ipv4_legs_have_one() -> None:
    first, second = "nexthop via {} dev eth0", "nexthop via {} dev wlan0"
    six = [f"fd00::/8 {first} {second}", f"fd00::/8 {second} {first}"]
    four = [f"10.0.0.0/8 {first} {second}", f"10.0.0.0/8 {second} {first}"]

    assert same(*(request(line.format("fe80::1", "fe80::1")) for line in six))
    assert not same(*(request(line.format("10.1.0.1", "10.1.0.1")) for line in four))


@pytest.mark.parametrize(
    ("asked", "row", "taken"),
    [
        ("10.0.0.0/8 dev eth0", "10.0.0.0/8 dev eth0 metric 500", True),
        ("10.0.0.0/8 dev eth0 metric 5", "10.0.0.0/8 dev eth0 metric 500", False),
        ("10.0.0.0/8 dev eth0", "10.0.0.0/8 dev eth0 src 10.0.0.1", True),
        ("10.0.0.0/8 dev eth0 src 10.0.0.1", "10.0.0.0/8 dev eth0", False),
        ("10.0.0.0/8 dev eth0", "10.0.0.0/8 dev eth0 mtu 1400", True),
        ("10.0.0.0/8 dev eth0 proto static", "10.0.0.0/8 dev eth0 proto dhcp", False),
        ("blackhole 10.0.0.0/8", "unreachable 10.0.0.0/8", False),
        ("10.0.0.0/8 via 10.1.0.1 dev eth0", "10.0.0.0/8 nexthop via 10.1.0.1 dev eth0 nexthop dev tun0", True),
        ("10.0.0.0/8 via 10.1.0.1 dev eth0", "10.0.0.0/8 nexthop dev tun0 nexthop via 10.1.0.1 dev eth0", False),
        ("10.0.0.0/8 via 10.1.0.1 dev eth0", "10.0.0.0/8 nhid 7 via 10.1.0.1 dev eth0", False),
        ("blackhole 10.0.0.0/8", "10.0.0.0/8 nhid 7 via 10.1.0.1 dev eth0", False),
        ("fd00::/8 dev eth0", "fd00::/8 via fe80::1 dev eth0", True),
        ("fd00::/8 dev eth0", "fd00::/8 dev tun0", False),
        ("fd00::/8 dev eth0", "fd00::/8 nhid 7 dev tun0", True),
        ("fd00::/8 dev eth0 pref high", "fd00::/8 dev eth0", True),
        ("fd00::/8 via fe80::1 dev eth0", "fd00::/8 nexthop via fe80::2 dev eth0 nexthop via fe80::1 dev eth0", True),
    ],
)
def test_what_the_kernel_would_take_for_a_route(asked: str, row: str, *, taken: bool) -> None:
    assert would_take(request(row), request(asked)) is taken


@pytest.mark.parametrize(
    ("asked", "row", "taken"),
    [
        ("100: from all lookup 300", "100: from 10.0.0.0/8 lookup 300", True),
        ("100: from 10.0.0.0/8 lookup 300", "100: from all lookup 300", False),
        ("100: from all lookup 300", "100: not from all lookup 300", True),
        ("100: from all lookup 300", "100: from all lookup 301", False),
        ("100: from all fwmark 5 lookup 300", "100: from all fwmark 6 lookup 300", False),
        ("100: from all lookup 300 suppress_prefixlength 0", "100: from all lookup 300", False),
        ("100: from all lookup 300 proto unspec", "100: from all lookup 300 proto static", True),
    ],
)
def test_what_the_kernel_would_take_for_a_rule(asked: str, row: str, *, taken: bool) -> None:
    assert would_take(rule(row), rule(asked)) is taken


def test_ipv6_routes_of_one_metric_join_if_both_have_gateways() -> None:
    one, other, on_link = (f"fd00::/8 {way} dev eth0" for way in ("via fe80::1", "via fe80::2", ""))

    assert joins(request(one), request(other))
    assert not joins(request(one), request(on_link))
    assert not joins(request(one), request(f"{other} metric 5"))
    assert not joins(request("10.0.0.0/8 via 10.1.0.1"), request("10.0.0.0/8 via 10.1.0.2"))


def test_ipv6_takes_routes_of_one_way_for_the_same() -> None:
    assert collides(request("fd00::/8 dev eth0"), request("fd00::/8 dev eth0 proto static"))
    assert not collides(request("fd00::/8 dev eth0"), request("fd00::/8 dev tun0"))


@given(strategies.routes())
def test_every_route_is_itself_and_would_be_taken_for_itself(of: Route) -> None:
    assert same(request(of), request(of))
    assert would_take(request(of), request(of))
    assert same_metric(request(of), request(of))


@given(strategies.routes(), strategies.routes())
def test_only_rows_of_one_table_prefix_and_tos_have_one_key(one: Route, other: Route) -> None:
    alike = all(getattr(one, name) == getattr(other, name) for name in ("family", "destination", "table"))
    alike = alike and (one.source or "::/0") == (other.source or "::/0")

    assert (request(one).key == request(replace(other, tos=one.tos)).key) is alike
