"""What ``render.command`` prints, run as printed: an add makes the very route, a delete removes it and no other."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.diff import steady
from routewatch.core.steps import Step
from routewatch.render.command import command
from routewatch.render.routes import rule_text, text
from tests.build import route, rule
from tests.live import shown

if TYPE_CHECKING:
    from routewatch.core.model import Family
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LINKS = """
    ip link add eth0 type veth peer name peer0
    ip link add eth1 type veth peer name peer1
    ip link set eth0 up
    ip link set peer0 up
    ip link set eth1 up
    ip link set peer1 up
    ip addr add 192.168.77.2/24 dev eth0
    ip addr add 192.168.78.2/24 dev eth1
    ip addr add fd00:77::2/64 dev eth0 nodad
    ip addr add fd00:78::2/64 dev eth1 nodad
    ip nexthop add id 7 via 192.168.77.1 dev eth0
    ip nexthop add id 8 via 192.168.78.1 dev eth1
    ip nexthop add id 9 group 7/8
    ip nexthop add id 17 via fd00:77::1 dev eth0
"""
ROUTES = [
    "default via 192.168.77.1 dev eth0 proto dhcp src 192.168.77.2 metric 100",
    "default via 192.168.77.1 dev eth0",
    "203.0.113.10 via 192.168.77.1 dev eth0",
    "0.0.0.0/1 dev eth1",
    "10.0.0.0/8 dev eth1 table 51820 proto static metric 7",
    "10.0.0.0/8 via 192.168.77.1 dev eth0 tos 0x10",
    "10.0.0.0/8 via 10.99.0.1 dev eth0 onlink",
    "10.0.0.0/8 via inet6 fe80::1 dev eth0 proto 77",
    "10.0.0.0/8 via 192.168.77.1 dev eth0 mtu lock 1400 advmss 1360 hoplimit 9",
    "10.0.0.0/8 via 192.168.77.1 dev eth0 window 4096 ssthresh 77 cwnd 12 reordering 5 initcwnd 20 initrwnd 30",
    "10.0.0.0/8 via 192.168.77.1 dev eth0 rtt 100ms rttvar 50ms features ecn rto_min 7ms quickack 1",
    "10.0.0.0/8 nexthop via 192.168.77.1 dev eth0 weight 1 nexthop via 192.168.78.1 dev eth1 weight 3",
    "10.0.0.0/8 table 300 nexthop via 10.9.9.9 dev eth0 weight 1 onlink nexthop dev eth1 weight 1",
    "10.0.0.0/8 nhid 7 via 192.168.77.1 dev eth0",
    "10.0.0.0/8 nhid 9 nexthop via 192.168.77.1 dev eth0 weight 1 nexthop via 192.168.78.1 dev eth1 weight 1",
    "blackhole 10.0.0.0/8",
    "unreachable 10.0.0.0/8 metric 500",
    "prohibit 10.0.0.0/8 proto static table 52",
    "throw 10.0.0.0/8 table 52",
    "local 10.9.9.9 dev eth0 table 300",
    "broadcast 10.9.9.255 dev eth0 table local",
    "10.0.0.0/8 dev eth0 scope host",
    "default via fe80::1 dev eth0 proto ra metric 100 pref high",
    "default via fd00:77::1 dev eth0 proto static src fd00:77::2",
    "::/3 dev eth1",
    "2001:db8::1 via fe80::1 dev eth0 table 51820",
    "fe80::/64 dev eth0 metric 7",
    "2001:db8::/32 from fd00:78::/64 dev eth1",
    "2001:db8::/32 dev eth1 proto ra pref low",
    "2001:db8::/32 via fe80::1 dev eth0 metric 1 mtu lock 1280 hoplimit 3",
    "2001:db8::/32 metric 5 nexthop via fd00:77::1 dev eth0 weight 1 nexthop via fd00:78::1 dev eth1 weight 2",
    "2001:db8::/32 via fe80::9 dev eth0 onlink",
    "2001:db8::/32 nhid 17 via fd00:77::1 dev eth0",
    "blackhole 2001:db8::/32 dev lo",
    "unreachable 2001:db8::/32 dev lo proto static metric 4294967295",
    "prohibit default dev lo metric 20 table 300",
    "throw 2001:db8::/32 dev lo table 300",
    "local 2001:db8::9 dev lo table local",
    "anycast 2001:db8::8 dev eth0 table local",
]
RULES = [
    "32765: not from all fwmark 0xca6c lookup 51820",
    "32764: from all lookup main suppress_prefixlength 0",
    "100: from 10.0.0.0/8 to 192.168.0.0/16 tos 0x10 iif eth0 lookup 300 proto static",
    "101: from all fwmark 0x10/0xf0 oif eth1 unreachable",
    "102: from all uidrange 1000-2000 ipproto 17 sport 500 dport 80-90 prohibit",
    "103: from all goto 32766",
    "104: from all nop",
    "105: from all blackhole",
    "106: from all lookup [l3mdev-table]",
    "107: from all lookup main suppress_ifgroup 7",
    "108: from fd00::/8 lookup 51820",
    "109: from all to 2001:db8::/32 iif lo lookup local",
]


def family_of(line: str) -> Family:
    return "inet6" if "default dev lo" in line else route(line).family


@pytest.fixture
def wired(namespace: Namespace) -> Namespace:
    namespace.run_all(LINKS)
    return namespace


@pytest.mark.parametrize("line", ROUTES)
def test_an_added_route_is_the_very_route_and_deleting_it_leaves_the_table_as_it_was(
    wired: Namespace, line: str
) -> None:
    wanted = route(line, family_of(line))
    before = Counter(shown.routes(wired, wanted.family))

    wired.run(command(Step(action="add", route=wanted)))
    made = Counter(shown.routes(wired, wanted.family)) - before
    assert list(made) == [wanted]

    wired.run(command(Step(action="delete", route=wanted)))
    assert Counter(shown.routes(wired, wanted.family)) == before


@pytest.mark.parametrize("line", ROUTES)
def test_a_route_reads_as_ip_route_shows_it(wired: Namespace, line: str) -> None:
    wanted = route(line, family_of(line))
    before = shown.lines(wired, wanted.family)

    wired.run(command(Step(action="add", route=wanted)))

    (said,) = Counter(shown.lines(wired, wanted.family)) - Counter(before)
    # "pref medium" goes without saying, and the lock of rto_min can't be given
    assert text(wanted) == f"{said} ".replace(" pref medium ", " ").replace("rto_min lock", "rto_min").strip()


def test_a_delete_takes_the_row_it_names_and_not_its_neighbours(wired: Namespace) -> None:
    rows = [f"10.0.0.0/8 via 192.168.77.1 dev eth0 proto {name} metric 9 table 77" for name in ("boot", "static", "77")]
    rows += ["10.0.0.0/8 via 192.168.78.1 dev eth1 proto boot metric 9 table 77"]
    wired.run(command(Step(action="add", route=route(rows[0]))))
    for row in rows[1:]:
        wired.run(command(Step(action="add", route=route(row))).replace(" add ", " append "))

    wired.run(command(Step(action="delete", route=route(rows[1]))))

    assert [each for each in shown.routes(wired, "inet") if each.table == 77] == [
        route(row) for row in (rows[0], rows[2], rows[3])
    ]


def test_a_route_of_limited_life_is_added_with_what_is_left_of_it(wired: Namespace) -> None:
    wanted = route("2001:db8::/32 dev eth1 proto ra expires 1800")

    wired.run(command(Step(action="add", route=wanted)))

    (made,) = (each for each in shown.routes(wired, "inet6") if each.destination == wanted.destination)
    assert steady(made) == steady(wanted)
    assert isinstance(made.expires, int)
    assert 1700 < made.expires <= 1800


def test_a_replaced_route_stands_where_the_old_one_stood(wired: Namespace) -> None:
    old, new = route("default via 192.168.77.9 dev eth0 metric 5"), route("default via 192.168.77.1 dev eth0 metric 5")
    wired.run(command(Step(action="add", route=old)))

    wired.run(command(Step(action="replace", route=new, replaces=old)))

    assert [each for each in shown.routes(wired, "inet") if each.destination == "0.0.0.0/0"] == [new]


@pytest.mark.parametrize("line", RULES)
def test_a_rule_is_made_as_it_reads_and_deleted_again(wired: Namespace, line: str) -> None:
    wanted = rule(line)
    before = shown.lines(wired, wanted.family, "rule show")

    wired.run(command(Step(action="add", policy_rule=wanted)))
    (said,) = Counter(shown.lines(wired, wanted.family, "rule show")) - Counter(before)
    assert rule(said.replace("ipproto udp", "ipproto 17")) == wanted
    assert rule_text(wanted) == said.replace("ipproto udp", "ipproto 17")

    wired.run(command(Step(action="delete", policy_rule=wanted)))
    assert shown.lines(wired, wanted.family, "rule show") == before


def test_an_interface_with_a_hostile_name_is_hit_as_named(namespace: Namespace) -> None:
    name = "a;$(x)'\\\x1b["
    namespace.run(f"ip link add {shlex.quote(name)} type ifb")
    namespace.run(f"ip link set {shlex.quote(name)} up")
    printed = command(Step(action="add", route=replace(route("10.0.0.0/8 dev X"), interface=name)))

    namespace.run(f"bash -c {shlex.quote(printed)}")

    assert printed.isprintable()
    assert "10.0.0.0/8" in namespace.run(f"ip route show dev {shlex.quote(name)}")
