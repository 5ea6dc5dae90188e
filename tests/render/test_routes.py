from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.model import Route
from routewatch.render.routes import printable, rule_text, text
from tests import strategies
from tests.build import route, rule


@pytest.mark.parametrize(
    "line",
    [
        "default via 192.168.77.1 dev eth0 proto dhcp src 192.168.77.2 metric 100",
        "203.0.113.10 via 192.168.77.1 dev eth0",
        "172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown",
        "blackhole 10.0.0.0/8",
        "local ::1 dev lo table local proto kernel metric 0",
        "10.0.0.0/8 via inet6 fe80::1 dev eth0 mtu lock 1400 advmss 1360",
        "10.0.0.0/8 dev eth0 scope link rtt 100ms rttvar 401 features ecn",
        "default metric 1024 nexthop via fe80::1 dev eth0 weight 1 nexthop via fe80::2 dev tun0 weight 3",
        "default from 2001:db8::/32 via fe80::1 dev eth0 proto ra metric 100 expires 1800sec pref high",
    ],
)
def test_a_route_reads_in_ip_routes_own_words(line: str) -> None:
    assert text(route(line)) == line


@pytest.mark.parametrize(
    "line",
    [
        "32765: not from all fwmark 0xca6c lookup 51820",
        "32764: from all lookup main suppress_prefixlength 0",
        "101: from all fwmark 0x10/0xf0 to 10.0.0.0/8 oif eth1 unreachable",
        "102: from all uidrange 1000-2000 ipproto 17 sport 500 dport 80-90 goto 32766",
        "103: from all nop",
        "104: from all tos 0x10 lookup local suppress_ifgroup 7",
        "106: from all lookup [l3mdev-table] proto static",
    ],
)
def test_a_rule_reads_in_ip_rules_own_words(line: str) -> None:
    assert rule_text(rule(line)) == line


@given(of=strategies.routes())
def test_what_is_shown_of_a_route_reads_back_as_that_route(of: Route) -> None:
    shown = route(text(of), of.family)

    assert replace(shown, scope=of.scope) == of


def test_a_route_of_another_platform_shows_the_gateway_that_is_no_address() -> None:
    assert text(Route(family="inet", destination="10.8.0.0/24", link="link#18", interface="utun4")) == (
        "10.8.0.0/24 via link#18 dev utun4"
    )


def test_a_congestion_control_is_shown_by_its_name() -> None:
    reno = replace(route("10.0.0.0/8 dev eth0 scope link"), metrics=(("cc_algo", "reno"),))

    assert text(reno) == "10.0.0.0/8 dev eth0 scope link congctl reno"


def test_a_rule_for_no_table_shows_none() -> None:
    assert rule_text(replace(rule("100: from all lookup main"), table=None)) == "100: from all"


def test_a_name_cannot_steer_the_terminal() -> None:
    hostile = replace(route("10.0.0.0/8 dev X scope link"), interface="\x1b[2J\u202ett\u009b")

    assert text(hostile) == "10.0.0.0/8 dev \\x1b[2J\\u202ett\\u009b scope link"


@given(st.text())
def test_whatever_comes_in_only_printable_letters_go_out(raw: str) -> None:
    assert printable(raw).isprintable()


def test_letters_beyond_the_basic_plane_are_written_out_too() -> None:
    assert printable("\U000e0001") == "\\U000e0001"
