"""Routing tables of the other BSDs: their columns, their abbreviations, and what they print beside."""

from __future__ import annotations

from routewatch.host.macos.netstat import parse

FREEBSD_WIDE = """\
Routing tables (fib: 2)

Internet:
Destination        Gateway            Flags         Nhop#    Mtu      Netif Expire
default            192.0.2.1          UGS               5   1500       vtnet0
10.8.0.0/24        10.8.0.2           UGS               8   1500       tun0
10.8.0.2           link#5             UH                7   1500       tun0
198.51.100.0/24    127.0.0.1          UGSB              3  16384        lo0

Internet6:
Destination                       Gateway                       Flags         Nhop#    Mtu      Netif Expire
fe80::%vtnet0/64                  link#1                        U                 2   1500     vtnet0
::ffff:0.0.0.0/96                 ::1                           URS               3  16384        lo0
"""

OPENBSD = """\
Routing tables

Internet:
Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface
default            192.0.2.1          UGS       12     4711     -     8 em0  
10.8.0/24          192.0.2.9          UGSP       0        0  1350 L   8 em0   "vpn"
127/8              127.0.0.1          UGRSB      0        0 32768     8 lo0  
192.0.2.7          00:00:5e:00:53:01  UHLl       0       25     -     1 em0  

Internet6:
Destination                                 Gateway                                 Flags   Refs      Use   Mtu  Prio Iface
fe80::%em0/64                               fe80::200:5eff:fe00:5301%em0            UCn        1        2     -     4 em0  

Encap:
Source             Port  Destination        Port  Proto SA(Address/Proto/Type/Direction)
10.9.0/24          0     10.8.0/24          0     0     192.0.2.9/esp/use/in
"""  # noqa: E501, W291 - as it is printed

NETBSD = """\
Routing tables

Internet:
Destination        Gateway            Flags    Refs      Use    Mtu Interface
default            192.0.2.1          UGS         -        -   1500L wm0
127.0.0.1          lo0                UHl         -        -  33624  lo0
192.0.2/24         link#1             UC          -        -      -  wm0
"""


def test_freebsd_names_another_table_and_numbers_its_next_hops() -> None:
    reading = parse(FREEBSD_WIDE)

    assert [(route.destination, route.interface, route.expires) for route in reading.routes] == [
        ("0.0.0.0/0", "vtnet0", None),
        ("10.8.0.0/24", "tun0", None),
        ("10.8.0.2/32", "tun0", None),
        ("198.51.100.0/24", "lo0", None),
        ("fe80::/64", "vtnet0", None),
        ("::ffff:0:0/96", "lo0", None),
    ]
    assert {route.table for route in reading.routes} == {2}
    assert [route.type for route in reading.routes if route.interface == "lo0"] == ["blackhole", "unreachable"]


def test_openbsd_prints_priorities_locked_mtus_and_labels() -> None:
    reading = parse(OPENBSD)

    assert [(route.destination, route.interface, route.metric) for route in reading.routes] == [
        ("0.0.0.0/0", "em0", None),
        ("10.8.0.0/24", "em0", None),
        ("127.0.0.0/8", "lo0", None),
        ("192.0.2.7/32", "em0", None),
        ("fe80::/64", "em0", None),
    ]
    assert reading.unparsed == ("10.9.0/24          0     10.8.0/24          0     0     192.0.2.9/esp/use/in",)


def test_netbsd_marks_a_locked_mtu_and_names_an_interface_for_a_gateway() -> None:
    reading = parse(NETBSD)

    assert [(route.destination, route.interface, route.link) for route in reading.routes] == [
        ("0.0.0.0/0", "wm0", None),
        ("127.0.0.1/32", "lo0", "lo0"),
        ("192.0.2.0/24", "wm0", "link#1"),
    ]


def test_an_interface_that_is_printed_last_is_never_cut() -> None:
    table = NETBSD.replace("  wm0", "  vioif12")

    assert all(route.unwritable == () for route in parse(table).routes)
