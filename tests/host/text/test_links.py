"""The list of links that people paste beside a table: read, whatever printed it, and no part of the table."""

from __future__ import annotations

import pytest

from routewatch.core.model import Address
from routewatch.host.text import read

IP = """\
$ ip addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
    altname enp0s3
    inet 192.168.7.50/24 brd 192.168.7.255 scope global dynamic noprefixroute eth0
       valid_lft 86000sec preferred_lft 86000sec
5: tun0: <NO-CARRIER,POINTOPOINT,MULTICAST,NOARP,UP> mtu 1500 qdisc fq_codel state DOWN group default qlen 500
    link/none
    inet 10.8.0.6 peer 10.8.0.5/32 scope global tun0
       valid_lft forever preferred_lft forever
"""
ROUTES = """\
$ ip route
default via 192.168.7.1 dev eth0 proto dhcp metric 100
10.8.0.0/24 via 10.8.0.5 dev tun0
"""
IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>
\tinet 127.0.0.1 netmask 0xff000000
\tnd6 options=201<PERFORMNUD,DAD>
utun3: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
\tinet 10.8.0.6 --> 10.8.0.5 netmask 0xffffffff
"""
NETSTAT = """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.7.1        UGScg                 en0
10.8/24            10.8.0.5           UGSc                utun3
"""


def test_a_list_of_ip_address_tells_links_and_leaves_the_table_as_it_is() -> None:
    saved = read(IP + ROUTES)

    assert saved.complete, saved.unparsed
    assert saved.routes == read(ROUTES).routes
    assert [(link.name, link.index, link.kind, link.up, link.carrier) for link in saved.links] == [
        ("lo", 1, "loopback", True, True),
        ("eth0", 2, "ether", True, True),
        ("tun0", 5, "tun", True, False),
    ]
    assert saved.links[1].mac == "52:54:00:12:34:56"
    assert saved.links[2].addresses == (Address(address="10.8.0.6", prefix_length=32, peer="10.8.0.5"),)


@pytest.mark.parametrize(
    "text", [IFCONFIG + NETSTAT, NETSTAT + IFCONFIG, f"$ netstat -rn\n{NETSTAT}$ ifconfig\n{IFCONFIG}"]
)
def test_a_list_of_ifconfig_tells_links_and_leaves_the_table_as_it_is(text: str) -> None:
    saved = read(text)

    assert saved.complete, (saved.unparsed, saved.problems)
    assert (saved.platform, saved.routes) == ("macos", read(NETSTAT).routes)
    assert [(link.name, link.kind, len(link.addresses)) for link in saved.links] == [
        ("lo0", "loopback", 1),
        ("utun3", "utun", 1),
    ]


def test_a_short_list_tells_names_states_and_addresses() -> None:
    saved = read(
        "$ ip -br addr\nlo               UNKNOWN        127.0.0.1/8 ::1/128\n"
        "eth0             UP             192.168.7.50/24 fe80::5054:ff:fe12:3456/64\nwg0@NONE         DOWN\n" + ROUTES
    )

    assert saved.complete, saved.unparsed
    assert [(link.name, link.kind, link.up, len(link.addresses)) for link in saved.links] == [
        ("lo", "loopback", True, 2),
        ("eth0", "ether", True, 2),
        ("wg0", "wireguard", False, 0),
    ]


def test_details_tell_the_kind_and_the_bridge() -> None:
    saved = read(
        "7: office: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 qdisc noqueue state UNKNOWN mode DEFAULT group default\n"
        "    link/none  promiscuity 0 minmtu 0 maxmtu 2147483552\n    wireguard addrgenmode none numtxqueues 1\n"
        "8: tap3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel master br0 state UP mode DEFAULT\n"
        "    link/ether 52:54:00:12:34:99 brd ff:ff:ff:ff:ff:ff promiscuity 1\n    tun type tap pi off vnet_hdr on\n"
    )

    assert [(link.name, link.kind, link.master) for link in saved.links] == [
        ("office", "wireguard", None),
        ("tap3", "tap", "br0"),
    ]


def test_an_address_that_was_masked_is_told() -> None:
    masked = IP.replace("192.168.7.50/24", "x.x.x.x/24")

    assert read(masked + ROUTES).unparsed == (
        "inet x.x.x.x/24 brd 192.168.7.255 scope global dynamic noprefixroute eth0",
    )
