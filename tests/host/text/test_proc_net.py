"""The kernel's own files of routes, as a small machine without any tool shows them."""

from __future__ import annotations

from routewatch.core.model import LOCAL_TABLE
from routewatch.host.text import read

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                     \n"
LITTLE = """\
wlan0\t00000000\t0107A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
tun0\t00002C0A\t01082C0A\t0003\t0\t0\t50\t0000FFFF\t0\t0\t0
wlan0\t097100CB\t0107A8C0\t0007\t0\t0\t0\tFFFFFFFF\t0\t0\t0
*\t0000630A\t00000000\t0001\t0\t0\t7\t0000FFFF\t0\t0\t0
*\t0000640A\t00000000\t0201\t0\t0\t-16769024\t0000FFFF\t0\t0\t0
"""
BIG = """\
wlan0\t00000000\tC0A80701\t0003\t0\t0\t600\t00000000\t0\t0\t0
tun0\t0A2C0000\t0A2C0801\t0003\t0\t0\t50\tFFFF0000\t0\t0\t0
"""
SIX = """\
20010db8000700000000000000000000 40 {nothing} 00 {nothing} 00000258 00000001 00000000 00000001    wlan0
{nothing} 00 {nothing} 00 {router} 00000400 00000003 00000000 00000003    wlan0
20010db8000700000000000000000005 80 {nothing} 00 {nothing} 00000000 00000002 00000000 80200001    wlan0
{nothing} 00 {nothing} 00 {nothing} ffffffff 00000001 00000000 00200200       lo
""".format(nothing="0" * 32, router="fe80" + "0" * 27 + "1")


def shown(text: str) -> list[tuple[str, str | None, str | None, str, int | None]]:
    saved = read(text)
    assert not saved.unparsed
    return [(route.destination, route.gateway, route.interface, route.flags, route.metric) for route in saved.routes]


def test_routes_of_ipv4_stand_in_the_order_of_bytes_of_most_machines() -> None:
    assert shown(f"# cat /proc/net/route\n{HEADER}{LITTLE}") == [
        ("0.0.0.0/0", "192.168.7.1", "wlan0", "UG", 600),
        ("10.44.0.0/16", "10.44.8.1", "tun0", "UG", 50),
        ("203.0.113.9/32", "192.168.7.1", "wlan0", "UGH", 0),
        ("10.99.0.0/16", None, None, "U", 7),
        ("10.100.0.0/16", None, None, "!U", 4278198272),
    ]
    assert [route.type for route in read(LITTLE).routes[3:]] == ["blackhole", "unreachable"]


def test_masks_tell_where_it_is_the_other_order() -> None:
    assert shown(HEADER + BIG) == [
        ("0.0.0.0/0", "192.168.7.1", "wlan0", "UG", 600),
        ("10.44.0.0/16", "10.44.8.1", "tun0", "UG", 50),
    ]


def test_routes_of_ipv6_tell_what_is_our_own_and_what_is_rejected() -> None:
    assert shown(SIX) == [
        ("2001:db8:7::/64", None, "wlan0", "U", 600),
        ("::/0", "fe80::1", "wlan0", "UG", 1024),
        ("2001:db8:7::5/128", None, "wlan0", "U", 0),
        ("::/0", None, "lo", "!", 0xFFFFFFFF),
    ]
    routes = read(SIX).routes
    assert [(route.type, route.table) for route in routes[2:]] == [("local", LOCAL_TABLE), ("unreachable", 254)]


def test_a_damaged_row_is_told() -> None:
    damaged = LITTLE.replace("0000FFFF", "0000FFF").splitlines()[1]

    assert damaged.replace("\t", " ") in read(HEADER + LITTLE + damaged).unparsed


def test_a_file_without_rows_is_an_empty_table() -> None:
    saved = read(HEADER)

    assert (saved.platform, saved.routes, saved.families) == ("linux", (), frozenset({"inet"}))
