"""What people paste is read by what it says: whatever stands around it, in pieces, and several tables in one text."""

from __future__ import annotations

import pytest

from routewatch.core.model import LOCAL_TABLE, Nexthop, Route
from routewatch.host.text import read

TABLE = "default via 192.168.40.1 dev wlan0 proto dhcp metric 600\n10.44.0.0/16 via 10.44.8.1 dev tun0\n"

AROUND = {
    "a prompt of root": "# ip route\n" + TABLE,
    "a prompt with user and host": "[me@laptop ~]$ sudo ip -4 route show\n" + TABLE + "[me@laptop ~]$ ",
    "a command without prompt": "ip route\n" + TABLE,
    "a quote in a quote": "".join(f"> > {line}\n" for line in ("$ ip r", "", *TABLE.splitlines())),
    "trailing blanks and tabs": TABLE.replace("\n", "  \t \n"),
    "line ends of Windows": TABLE.replace("\n", "\r\n"),
    "a mark of byte order": "\ufeff" + TABLE,
    "colours": TABLE.replace("wlan0", "\x1b[36mwlan0\x1b[0m"),
    "the title of a terminal": "\x1b]0;me@laptop\x07" + TABLE,
    "blanks of a web page": TABLE.replace(" via ", "\xa0via\xa0"),
    "a fence of code": "```text\n" + TABLE + "```\n",
    "no last line end": TABLE.rstrip(),
    "older iproute2": TABLE.replace(" proto", "  proto").replace("\n", " \n"),
}


@pytest.mark.parametrize("around", AROUND)
def test_a_pasted_table_is_read_whatever_stands_around_it(around: str) -> None:
    saved = read(AROUND[around])

    assert saved.complete, (saved.unparsed, saved.problems)
    assert saved.routes == read(TABLE).routes
    assert len(saved.routes) == 2


def one(text: str) -> Route:
    saved = read(text)
    assert not saved.unparsed
    (route,) = saved.routes
    return route


def test_a_metric_that_ip_does_not_print_is_not_known() -> None:
    assert one("10.44.0.0/16 via 10.44.8.1 dev tun0").metric is None


def test_a_route_with_several_next_hops_is_one_route() -> None:
    route = one(
        "default proto static metric 20 \n\tnexthop via 10.0.0.1 dev a weight 3 \n\tnexthop dev ppp0 weight 1 dead\n"
    )

    assert route.nexthops == (
        Nexthop(gateway="10.0.0.1", interface="a", weight=3),
        Nexthop(interface="ppp0", flags="dead"),
    )


def test_the_far_end_of_an_encapsulation_is_no_destination() -> None:
    words = "10.73.0.0/16  encap ip id 9 src 0.0.0.0 dst 192.168.7.8 ttl 0 tos 0 dev v0 scope link"
    document = (
        '[{"dst":"10.73.0.0/16","encap":"ip","id":9,"src":"0.0.0.0","dst":"192.168.7.8","ttl":0,"tos":0,'
        '"dev":"v0","scope":"link","flags":[]}]'
    )

    assert one(words) == one(document)
    assert one(words).unwritable == ("encap ip",)


def test_the_echoed_command_says_what_its_rows_leave_out() -> None:
    route = one("$ ip -6 route show table 51820 dev wg0\ndefault metric 1024\n")

    assert (route.family, route.table, route.interface) == ("inet6", 51820, "wg0")


def test_a_default_without_gateway_is_of_the_family_of_the_rows_around_it() -> None:
    saved = read("2001:db8::/64 dev a metric 256\ndefault dev tun0 metric 1024\n")

    assert [route.destination for route in saved.routes] == ["2001:db8::/64", "::/0"]


def test_two_lists_of_rules_in_one_text_are_those_of_ipv4_and_ipv6() -> None:
    mine = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
    saved = read(mine + "32767:\tfrom all lookup default\n" + mine)

    assert [rule.family for rule in saved.rules] == ["inet"] * 3 + ["inet6"] * 2


def test_what_ip_route_get_answers_is_no_row_of_a_table() -> None:
    saved = read(TABLE + "10.9.1.1 via 10.1.0.2 dev v1 src 10.1.0.1 uid 0 \n    cache \n")

    assert len(saved.routes) == 2
    assert saved.unparsed == ("10.9.1.1 via 10.1.0.2 dev v1 src 10.1.0.1 uid 0", "cache")


ROUTE = "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
NETSTAT = "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
ROUTE_ROW = "10.1.0.0        10.0.0.1        255.255.0.0     UG    100    0        0 eth0\n"
NETSTAT_ROW = "10.1.0.0        10.0.0.1        255.255.0.0     UG        0 0          0 eth0\n"


@pytest.mark.parametrize(
    ("text", "metric"),
    [(ROUTE + ROUTE_ROW, 100), (NETSTAT + NETSTAT_ROW, None), (ROUTE_ROW, 100), (NETSTAT_ROW, None)],
)
def test_netstat_has_no_metric_and_route_has_one_also_without_a_header(text: str, metric: int | None) -> None:
    assert one(text) == Route(
        family="inet", destination="10.1.0.0/16", gateway="10.0.0.1", interface="eth0", flags="UG", metric=metric
    )


def test_a_header_in_another_language_says_the_same() -> None:
    german = "Kernel-IP-Routentabelle\nZiel            Router          Genmask         Flags Metric Ref    Use Iface\n"

    assert one(german + ROUTE_ROW) == one(ROUTE + ROUTE_ROW)


def test_rejecting_rows_of_net_tools_are_told_by_their_flag_and_blackholes_by_the_missing_interface() -> None:
    saved = read(
        ROUTE
        + "10.67.0.0       -               255.255.0.0     !     0      -        0 -\n"
        + "10.66.0.0       0.0.0.0         255.255.0.0     U     7      0        0 *\n"
    )

    assert [(route.type, route.interface, route.flags) for route in saved.routes] == [
        ("unreachable", None, "!"),
        ("blackhole", None, "U"),
    ]


def test_an_interface_that_fills_the_column_of_an_extended_table_may_be_cut() -> None:
    header = ROUTE.rstrip() + "    MSS   Window irtt\n"
    row = "172.26.0.0      0.0.0.0         255.255.0.0     U     0      0        0 docker   0     0      0\n"

    assert one(header + row).unwritable == ("interface name cut",)


SIX = "Kernel IPv6 routing table\nDestination                    Next Hop                   Flag Met Ref Use If\n"


def test_ipv6_tables_of_net_tools_hold_what_is_ours_and_what_is_rejected() -> None:
    saved = read(
        SIX
        + "[::]/0                         fe80::1                    UGe  1024 1      0 v0\n"
        + "10.0.0.0/104                   ::                         U    1024 1      0 v0\n"
        + "2001:db8:5::2/128              ::                         Un   0   4      0 v0\n"
        + "::/0                           ::                         !n   -1  2      0 lo\n"
    )

    assert [(route.destination, route.gateway, route.type, route.metric) for route in saved.routes] == [
        ("::/0", "fe80::1", "unicast", 1024),
        ("::ffff:10.0.0.0/104", None, "unicast", 1024),
        ("2001:db8:5::2/128", None, "local", 0),
        ("::/0", None, "unreachable", -1),
    ]
    assert saved.routes[2].table == LOCAL_TABLE


DAMAGED = (
    "10.45.0.0/16 via xx.xx.xx.xx dev tun0",
    "10.45.0.0/16 via 10.44.8 dev tun0",
    "10.45.0.1/16 via 10.44.8.1 dev tun0",
    "10.45.0.0/16 via",
    "10.45.0.0/16",
    "gateway.example via 10.44.8.1 dev tun0",
    "10.45.0.0       10.0.0.1        255.0.255.0     UG    100    0        0 eth0",
    "default         gateway         0.0.0.0         UG    100    0        0 eth0",
)


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_row_becomes_no_route_and_is_not_lost(line: str) -> None:
    saved = read(TABLE + line + "\n")

    assert (len(saved.routes), saved.unparsed, saved.complete) == (2, (line,), False)


def test_of_a_document_that_was_cut_what_is_there_is_read_and_the_rest_is_told() -> None:
    saved = read('[{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[]},{"dst":"10.1.')

    assert len(saved.routes) == 1
    assert saved.problems == ("a JSON document ends before its end",)
    assert saved.unparsed == ('{"dst":"10.1.',)


def test_tables_of_two_systems_in_one_text_are_told() -> None:
    mac = "Routing tables\n\nInternet:\nDestination        Gateway            Flags           Netif Expire\n"
    row = "default            192.168.7.1        UGScg             en0       \n"

    assert "the text holds tables of two systems" in read(TABLE + mac + row).problems
