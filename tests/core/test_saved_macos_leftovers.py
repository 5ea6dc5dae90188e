"""Saved tables of macOS in which a VPN left something, or took something away: each a story with its one answer."""

from __future__ import annotations

import pytest

from tests.saved_tables import Incident, macos

LINK = """
127 127.0.0.1 UCS lo0
127.0.0.1 127.0.0.1 UH lo0
169.254 link#14 UCS en0 !
192.168.70 link#14 UCS en0 !
192.168.70.1/32 link#14 UCS en0 !
192.168.70.1 30:de:4b:11:9:7c UHLWIir en0 1187
192.168.70.23/32 link#14 UCS en0 !
224.0.0/4 link#14 UmCS en0 !
255.255.255.255/32 link#14 UCS en0 !
default fe80::%utun0 UGcIg utun0
fe80::%utun0/64 fe80::4c:1:2:3%utun0 UcI utun0
ff02::%utun0/32 fe80::4c:1:2:3%utun0 UmCI utun0
"""
HOME = "default 192.168.70.1 UGScg en0" + LINK
HALVES = """
0/1 10.81.0.5 UGSc utun4
128.0/1 10.81.0.5 UGSc utun4
10.81.0.5 10.81.0.6 UH utun4
"""
SERVER = "198.51.100.44 192.168.70.1 UGHS en0"
SERVER_NET = "198.51.100.44/32 192.168.70.1 UGSc en0"
EXCLUDES = """
203.0.113.0/25 192.168.70.1 UGSc en0
100.100.4/22 192.168.70.1 UGSc en0
198.51.100.44/32 192.168.70.1 UGSc en0
"""
CAFE = """
default 10.119.0.1 UGScg en0
127 127.0.0.1 UCS lo0
10.119/20 link#14 UCS en0 !
10.119.0.1/32 link#14 UCS en0 !
10.119.0.1 e:9:1:2:3:4 UHLWIir en0 900
10.119.4.4/32 link#14 UCS en0 !
"""
MESH = """
100.64/10 link#21 UCS utun3
100.101.7.9 100.101.7.9 UH utun3
default link#21 UCSIg utun3
"""
V6_HOME = """
default fe80::21b:1%en0 UGcg en0
2001:db8:70::/64 link#14 UC en0
fe80::%en0/64 link#14 UCI en0
"""

INCIDENTS = {
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
    "M3 the LAN's own route was deleted with the VPN's": Incident(
        "delete goes by destination",
        before=HOME,
        during=HOME + "192.168.70/25 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4",
        after=HOME.replace("192.168.70 link#14 UCS en0 !\n", ""),
        missing="192.168.70 link#14 UCS en0 !",
    ),
    "M3 the network of virtual machines was evicted": Incident(
        "a policy client took vboxnet0's route",
        before=HOME + "192.168.56 link#20 UC vboxnet0 !\n192.168.56.1 a:0:27:0:0:0 UHLWI lo0",
        during=HOME + HALVES + SERVER + "\n192.168.56.1 a:0:27:0:0:0 UHLWI lo0",
        after=HOME + "192.168.56.1 a:0:27:0:0:0 UHLWI lo0\n192.168.56.255 link#20 UHLWb vboxnet0",
        missing="192.168.56 link#20 UC vboxnet0 !",
    ),
    "M3 the network of virtual machines was evicted, and its link has no row left": Incident(
        "the link lasts, running machines or not",
        before=HOME + "192.168.76 link#21 UC vboxnet0",
        during=HOME + HALVES + SERVER,
        after=HOME,
        missing="192.168.76 link#21 UC vboxnet0",
    ),
    "M4 the default is gone": Incident(
        "the client deleted the default by destination",
        before=HOME,
        during=LINK + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=LINK,
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M4 the default is gone and the server's route is left": Incident(
        "both at once",
        before=HOME,
        during=LINK + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=LINK + SERVER,
        orphans=SERVER,
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M4 no table from under the VPN": Incident(
        "before there was a default, now there is none",
        before=HOME,
        after=LINK,
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M4 only a scoped default is left": Incident(
        "netstat shows a default; for whoever isn't bound to en0 there is none",
        before=HOME,
        during=HOME.replace("UGScg en0", "UGScIg en0") + "default link#22 UCSg utun4",
        after=HOME.replace("UGScg en0", "UGScIg en0"),
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M4 the IPv6 default is only scoped": Incident(
        "the same in IPv6, without a table from under the VPN",
        before=V6_HOME,
        after=V6_HOME.replace("UGcg", "UGcIg"),
        missing="default fe80::21b:1%en0 UGcg en0",
    ),
    "M4 the default is gone, and the table lists the router but not the LAN": Incident(
        "the router's own row tells that it is the same network",
        before=HOME.replace("192.168.70 link#14 UCS en0 !\n", ""),
        during=HOME.replace("192.168.70 link#14 UCS en0 !\n", "") + HALVES,
        after=LINK.replace("192.168.70 link#14 UCS en0 !\n", ""),
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M4 both defaults are gone": Incident(
        "IPv4 and IPv6",
        before=HOME + V6_HOME,
        during=LINK + "default link#22 UCSg utun4\ndefault fe80::9%utun4 UGSc utun4",
        after=LINK + V6_HOME.replace("default fe80::21b:1%en0 UGcg en0", ""),
        missing="default 192.168.70.1 UGScg en0\ndefault fe80::21b:1%en0 UGcg en0",
    ),
    "M4 the default is gone and the machine is elsewhere": Incident(
        "the old default would be wrong here",
        before=HOME,
        during=LINK + "default link#22 UCSg utun4",
        after=CAFE.replace("default 10.119.0.1 UGScg en0", ""),
    ),
    "M5 a default through the loopback": Incident(
        "some program's service key made configd set it; the right one is only scoped",
        before=HOME,
        after=HOME.replace("UGScg en0", "UGScIg en0") + "default 127.0.0.1 UGScg lo0",
        orphans="default 127.0.0.1 UGScg lo0",
        missing="default 192.168.70.1 UGScg en0",
    ),
    "M5 in the last table alone": Incident(
        "wrong on every machine",
        after=HOME.replace("UGScg en0", "UGScIg en0") + "default 127.0.0.1 UGScg lo0",
        orphans="default 127.0.0.1 UGScg lo0",
    ),
    "M6 a VPN's gateway on the uplink": Incident(
        "its next hop is the tunnel's, which en0 doesn't reach",
        after=HOME + "10.81.0.5 10.81.0.6 UH utun4\n10.82.1.7 10.81.0.5 UGHS en0",
        orphans="10.82.1.7 10.81.0.5 UGHS en0",
    ),
    "M6 rewritten while the VPN was up": Incident(
        "under the VPN it led into utun4, now it is on en0 with the same next hop",
        before=HOME,
        during=HOME + "10.81.0.5 10.81.0.6 UH utun4\n10.82.1.7 10.81.0.5 UGHS utun4",
        after=HOME + "10.81.0.5 10.81.0.6 UH utun4\n10.82.1.7 10.81.0.5 UGHS en0",
        orphans="10.82.1.7 10.81.0.5 UGHS en0",
    ),
}


@pytest.mark.parametrize("name", INCIDENTS)
def test_what_a_vpn_left_or_took(name: str) -> None:
    macos(INCIDENTS[name])
