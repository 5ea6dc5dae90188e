"""Saved tables of macOS with what a VPN left: routes over the uplink (M1), and into a tunnel that is dead (M2)."""

from __future__ import annotations

import pytest

from tests.saved_macos import CAFE, EXCLUDES, HALVES, HOME, MESH, SERVER, SERVER_NET, V6_HOME
from tests.saved_tables import Incident, macos

SECOND = """
default 10.119.0.1 UGScIg en1
10.119/20 link#9 UCS en1 !
10.119.0.1/32 link#9 UCS en1 !
"""
SERVER_AT_THE_CAFE = "198.51.100.44 10.119.0.1 UGHS en0"

LEFTOVERS = {
    "M1 the route to the server stays": Incident(
        "the halves went with utun4, the host route hangs on en0",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME + SERVER,
        orphans=SERVER,
    ),
    "M1 the route to the server stays as a network of one": Incident(
        "openvpn writes it as a network",
        before=HOME,
        during=HOME + HALVES + SERVER_NET,
        after=HOME + SERVER_NET,
        orphans=SERVER_NET,
    ),
    "M1 without a table from before": Incident(
        "the one host whose packets the halves would have swallowed: it can only be the server",
        during=HOME + HALVES + SERVER,
        after=HOME + SERVER,
        orphans=SERVER,
    ),
    "M1 without a table from before, and two such hosts": Incident(
        "one of them may be anybody's, and nobody knows which",
        during=HOME + HALVES + SERVER + "\n203.0.113.9 192.168.70.1 UGHS en0",
        after=HOME + SERVER + "\n203.0.113.9 192.168.70.1 UGHS en0",
    ),
    "M1 without a table from before, beside a split tunnel": Incident(
        "the tunnel never covered that host: it needs no way around it",
        during=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=HOME + SERVER,
    ),
    "M2 without a table from before": Incident(
        "the tunnel has lost its address",
        during=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4",
        after=HOME + "10.81/16 10.81.0.5 UGSc utun4",
        orphans="10.81/16 10.81.0.5 UGSc utun4",
    ),
    "M1 excludes stay": Incident(
        "a client's excluded networks over the router",
        before=HOME,
        during=HOME + HALVES + EXCLUDES,
        after=HOME + EXCLUDES,
        orphans=EXCLUDES,
    ),
    "M1 in pieces of tables": Incident(
        "only the rows that somebody found worth showing",
        before="default 192.168.70.1 UGScg en0",
        during="default 192.168.70.1 UGScg en0" + HALVES + SERVER,
        after="default 192.168.70.1 UGScg en0\n" + SERVER,
        orphans=SERVER,
    ),
    "M1 no table from under the VPN": Incident(
        "new beside a table from before, and its gateway answers: nobody saw a VPN",
        before=HOME,
        after=HOME + SERVER,
    ),
    "M1 over the second uplink, bound to it": Incident(
        "a route to the server over each uplink; the one that is scoped stays",
        before=HOME + SECOND,
        during=HOME + SECOND + HALVES + SERVER + "\n198.51.100.44 10.119.0.1 UGHSI en1",
        after=HOME + SECOND + "198.51.100.44 10.119.0.1 UGHSI en1",
        orphans="198.51.100.44 10.119.0.1 UGHSI en1",
    ),
    "M1 the machine had moved before the VPN came": Incident(
        "the table from before was saved at home: that the one host goes over this network's router tells",
        before=HOME,
        during=CAFE + HALVES + SERVER_AT_THE_CAFE,
        after=CAFE + SERVER_AT_THE_CAFE,
        orphans=SERVER_AT_THE_CAFE,
    ),
    "M1 the same prefix behind another router": Incident(
        "the route to the server is a leftover on every network",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME.replace("30:de:4b:11:9:7c", "c8:d3:a3:1:1:1") + SERVER,
        orphans=SERVER,
    ),
    "M1 gateway of another network, in the last table alone": Incident(
        "no prefix of en0 holds its gateway: it fails for ever",
        after=CAFE + SERVER,
        orphans=SERVER,
    ),
    "M1 roamed from home to the cafe": Incident(
        "the old gateway's route is out of reach; the new network's default is right and the old one isn't missing",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=CAFE + SERVER,
        orphans=SERVER,
    ),
    "M1 excludes after a roam": Incident(
        "all of them via the old router",
        before=HOME,
        during=HOME + HALVES + EXCLUDES,
        after=CAFE + EXCLUDES,
        orphans=EXCLUDES,
    ),
    "M1 roamed, in pieces": Incident(
        "no prefix is shown: that the router of before is none any more tells",
        before="default 192.168.70.1 UGScg en0",
        during="default 192.168.70.1 UGScg en0" + HALVES + SERVER,
        after="default 10.119.0.1 UGScg en0\n" + SERVER,
        orphans=SERVER,
    ),
    "M1 from Wi-Fi to a cable": Incident(
        "another link has the default now, and Wi-Fi nothing but what the client left",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=CAFE.replace("en0", "en7") + SERVER,
        orphans=SERVER,
    ),
    "M1 the lease moved to another subnet": Incident(
        "the same link, another prefix and router",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME.replace("192.168.70", "192.168.94") + SERVER,
        orphans=SERVER,
    ),
    "M1 halves of a bypass tool": Incident(
        "a route tool's /1 pair over the LAN router outlived the tunnel they bypassed",
        before=HOME,
        during=HOME + MESH + "0/1 192.168.70.1 UGSc en0\n128.0/1 192.168.70.1 UGSc en0",
        after=HOME + "0/1 192.168.70.1 UGSc en0\n128.0/1 192.168.70.1 UGSc en0",
        orphans="0/1 192.168.70.1 UGSc en0\n128.0/1 192.168.70.1 UGSc en0",
    ),
    "M1 quarters of a bypass tool via a router that is gone": Incident(
        "four /2 take all traffic to a gateway of yesterday's network",
        after=CAFE + "0/2 192.168.70.1 UGSc en0\n64/2 192.168.70.1 UGSc en0\n"
        "128.0/2 192.168.70.1 UGSc en0\n"
        "192.0.0/2 192.168.70.1 UGSc en0",
        orphans="0/2 192.168.70.1 UGSc en0\n64/2 192.168.70.1 UGSc en0\n"
        "128.0/2 192.168.70.1 UGSc en0\n"
        "192.0.0/2 192.168.70.1 UGSc en0",
    ),
    "M1 quarters of a bypass tool, tagged": Incident(
        "flag 1 is the tool's own mark",
        before=HOME,
        during=HOME + HALVES + "0/2 192.168.70.1 UG1Sc en0\n64/2 192.168.70.1 UG1Sc en0",
        after=HOME + "0/2 192.168.70.1 UG1Sc en0\n64/2 192.168.70.1 UG1Sc en0",
        orphans="0/2 192.168.70.1 UG1Sc en0\n64/2 192.168.70.1 UG1Sc en0",
    ),
    "M1 IPv6 route to the server": Incident(
        "the router's link-local address is always in reach, so only the tables tell",
        before=HOME + V6_HOME,
        during=HOME + V6_HOME + "::/1 fe80::9%utun4 UGSc utun4\n8000::/1 fe80::9%utun4 UGSc utun4\n"
        "fd0a:81::/64 fe80::9%utun4 Uc utun4\n"
        "2001:db8:fe::1 fe80::21b:1%en0 UGHS en0",
        after=HOME + V6_HOME + "2001:db8:fe::1 fe80::21b:1%en0 UGHS en0",
        orphans="2001:db8:fe::1 fe80::21b:1%en0 UGHS en0",
    ),
    "M1 blackholes on the loopback stay": Incident(
        "leak protection: the client made them and is gone",
        before=HOME,
        during=HOME + HALVES + "10.175.9.195/32 127.0.0.1 UGSc lo0\n2000::/3 ::1 UGRSc lo0",
        after=HOME + "10.175.9.195/32 127.0.0.1 UGSc lo0\n2000::/3 ::1 UGRSc lo0",
        orphans="10.175.9.195/32 127.0.0.1 UGSc lo0\n2000::/3 ::1 UGRSc lo0",
    ),
    "M1 two VPNs, one is up": Incident(
        "the mesh on utun3 is up in both tables; the other's route to its server stayed",
        before=HOME + MESH,
        during=HOME + MESH + HALVES + SERVER,
        after=HOME + MESH + SERVER,
        orphans=SERVER,
    ),
    "M2 the pushed networks stay on a utun that is still open": Incident(
        "its address is gone, its routes are not",
        before=HOME,
        during=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.82/16 10.81.0.5 UGSc utun4\n"
        "10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.82/16 10.81.0.5 UGSc utun4",
        orphans="10.81/16 10.81.0.5 UGSc utun4\n10.82/16 10.81.0.5 UGSc utun4",
    ),
    "M2 halves stay and the server's route is gone": Incident(
        "without a row of the address, that the client has taken its other routes away says that it is over",
        before=HOME,
        during=HOME + "0/1 utun4 USc utun4\n128.0/1 utun4 USc utun4\n" + SERVER,
        after=HOME + "0/1 utun4 USc utun4\n128.0/1 utun4 USc utun4",
        orphans="0/1 utun4 USc utun4\n128.0/1 utun4 USc utun4",
    ),
    "M2 dead-handed utuns took over IPv6": Incident(
        "static rows and static scoped defaults on utuns of a client that is gone; without S they are the system's",
        before=HOME + V6_HOME,
        during=HOME + V6_HOME + HALVES + "2000::/3 fe80::9%utun4 UGSc utun4\ndefault fe80::9%utun4 UGScI utun4\n"
        "default fe80::%utun1 UGcI utun1",
        after=HOME + V6_HOME + "2000::/3 fe80::9%utun4 UGSc utun4\ndefault fe80::9%utun4 UGScI utun4\n"
        "default fe80::%utun1 UGcI utun1",
        orphans="2000::/3 fe80::9%utun4 UGSc utun4\ndefault fe80::9%utun4 UGScI utun4",
    ),
    "M2 one static IPv6 route stays": Incident(
        "the tunnels are gone but for one row on a utun that lives on",
        before=HOME + V6_HOME,
        during=HOME + V6_HOME + HALVES + "fd42:8:1::/48 fe80::9%utun4 UGSc utun4",
        after=HOME + V6_HOME + "fd42:8:1::/48 fe80::9%utun4 UGSc utun4",
        orphans="fd42:8:1::/48 fe80::9%utun4 UGSc utun4",
    ),
    "M2 reconnected under another number": Incident(
        "utun4 has lost its address and kept a network; utun5 is the same VPN, up",
        before=HOME,
        during=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.81/16 10.81.0.9 UGSc utun5\n"
        "10.81.0.9 10.81.0.10 UH utun5\n" + SERVER,
        orphans="10.81/16 10.81.0.5 UGSc utun4",
    ),
    "M2 a feth without its prefix": Incident(
        "it has lost its address, and with it the prefix; the office's range stays",
        before=HOME,
        during=HOME + "10.81/16 link#26 UC feth4312 !\n10.90/16 10.81.0.1 UGSc feth4312",
        after=HOME + "10.90/16 10.81.0.1 UGSc feth4312",
        orphans="10.90/16 10.81.0.1 UGSc feth4312",
    ),
}


@pytest.mark.parametrize("name", LEFTOVERS)
def test_what_a_vpn_left(name: str) -> None:
    macos(LEFTOVERS[name])
