"""Saved tables of macOS with rows that look like leftovers and are not: nothing is orphaned, and little is missing."""

from __future__ import annotations

import pytest

from tests.saved_macos import CAFE, HALVES, HOME, LINK, MESH, SERVER, V6_HOME
from tests.saved_tables import Incident, macos

SYSTEM = """
default fe80::%utun1 UGcIg utun1
default fe80::%utun2 UGcIg utun2
fe80::%utun1/64 fe80::11:2:3:4%utun1 UcI utun1
fe80::11:2:3:4%utun1 link#16 UHLI lo0
ff00::/8 fe80::11:2:3:4%utun1 UmCI utun1
ff01::%utun1/32 fe80::11:2:3:4%utun1 UmCI utun1
"""
BRIDGES = """
default link#24 UCSIg bridge100 !
192.168.64 link#24 UCS bridge100 !
192.168.64.1/32 link#24 UCS bridge100 !
192.168.64.5 ba:1:2:3:4:5 UHLWIi bridge100 1100
"""
WIFI = """
default 10.119.0.1 UGScIg en1
10.119/20 link#9 UCS en1 !
10.119.0.1/32 link#9 UCS en1 !
"""
OFFICE = "10.81/16 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4\n"
RELAY = """
default fe80::%utun5 UGcIg utun5
fe80::%utun5/64 fe80::51:2:3:4%utun5 UcI utun5
17.57.144.20 link#30 UHWIig utun5
"""

FULL_FETH = """
default 10.81.0.1 UGScg feth4312
10.81/16 link#26 UC feth4312 !
10.81.0.1 link#26 UHRLWIir feth4312 17
"""

INCIDENTS = {
    "FP-M1 the user's own route to the same host": Incident(
        "it stood before the VPN",
        before=HOME + SERVER,
        during=HOME + SERVER + HALVES,
        after=HOME + SERVER,
    ),
    "FP-M1 a scoped and an unscoped row of one destination": Incident(
        "only the unscoped one came with the VPN",
        before=HOME + "10.81/16 192.168.70.9 UGSc en0",
        during=HOME + OFFICE + "10.81/16 192.168.70.9 UGScI en0",
        after=HOME + "10.81/16 192.168.70.9 UGSc en0",
    ),
    "FP-M1 two rows, the VPN's and the LAN's": Incident(
        "the same network stands over en0 since before",
        before=HOME + "10.44/16 192.168.70.9 UGSc en0",
        during=HOME + "10.44/16 192.168.70.9 UGSc en0\n10.44/16 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4",
        after=HOME + "10.44/16 192.168.70.9 UGSc en0\n10.44/16 10.81.0.5 UGSc utun4",
        orphans="10.44/16 10.81.0.5 UGSc utun4",
    ),
    "FP-M2 the system's utuns came during the session": Incident(
        "Handoff and the like come without a VPN",
        before=HOME,
        during=HOME + HALVES + SERVER + SYSTEM,
        after=HOME + SYSTEM,
    ),
    "FP-M2 the system's utuns alone": Incident("an idle Mac", after=HOME + SYSTEM),
    "FP-M2 Private Relay came during the session": Incident(
        "a utun of the system's with clones",
        before=HOME,
        during=HOME + HALVES + RELAY,
        after=HOME + RELAY,
    ),
    "FP-M2 Wi-Fi calling": Incident(
        "ipsec0 is the system's",
        before=HOME,
        after=HOME + "default fe80::%ipsec0 UGcIg ipsec0\nfe80::%ipsec0/64 fe80::7%ipsec0 UcI ipsec0",
    ),
    "FP-M3 a second uplink came": Incident(
        "its default is scoped",
        before=HOME,
        during=HOME + HALVES + WIFI,
        after=HOME + WIFI,
    ),
    "FP-M3 bridges of virtual machines came": Incident(
        "scoped defaults of virtual networks",
        before=HOME,
        during=HOME + HALVES + BRIDGES,
        after=HOME + BRIDGES,
    ),
    "FP-M3 the order of services swapped": Incident(
        "the scopes of two uplinks change places",
        before=HOME + WIFI,
        after=HOME.replace("UGScg", "UGScIg").replace("192.168.70 link#14 UCS en0", "192.168.70 link#14 UCSI en0")
        + WIFI.replace("UGScIg", "UGScg"),
    ),
    "FP-M3 the cable was pulled": Incident(
        "Wi-Fi takes over, nothing was taken away by a VPN",
        before=HOME + WIFI,
        after="127 127.0.0.1 UCS lo0" + WIFI.replace("UGScIg", "UGScg"),
    ),
    "FP-M4 clones under the VPN and after": Incident(
        "the host route became a clone",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME + "198.51.100.44 192.168.70.1 UGHWIig en0\n203.0.113.8 192.168.70.1 UGHWIi en0",
    ),
    "FP-M4 clones of a leftover": Incident(
        "they go with their parent",
        before=HOME,
        during=HOME + OFFICE,
        after=HOME + "10.81/16 10.81.0.5 UGSc utun4\n10.81.3.3 10.81.0.5 UGHWIi utun4\n"
        "10.81.3.4 10.81.0.5 UGHW3Ii utun4 12",
        orphans="10.81/16 10.81.0.5 UGSc utun4",
    ),
    "FP-M4 neighbours": Incident(
        "entries of the neighbour cache",
        before=HOME,
        during=HOME + HALVES,
        after=HOME + "192.168.70.44 8:0:27:1:2:3 UHLWI en0 1133\n"
        "192.168.70.255 ff:ff:ff:ff:ff:ff UHLWbI en0 !\n"
        "169.254.255.255 link#14 UHLSW en0 !\n192.168.70.60 link#14 UHLWI en0 !",
    ),
    "FP-M5 the VPN is up in both": Incident(
        "its rows are its own",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME + HALVES + SERVER,
    ),
    "FP-M5 a split VPN is up in both": Incident(
        "as above",
        before=HOME,
        during=HOME + OFFICE + SERVER,
        after=HOME + OFFICE + SERVER,
    ),
    "FP-M6 another network": Incident(
        "everything is new, nothing is a VPN's",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=CAFE,
    ),
    "FP-M6 another network without a VPN": Incident("a laptop moved", before=HOME, after=CAFE),
    "FP-M6 no network at all": Incident(
        "Wi-Fi is off", before=HOME, after="127 127.0.0.1 UCS lo0\n127.0.0.1 127.0.0.1 UH lo0"
    ),
    "FP-M6 the table from before was taken under the VPN": Incident(
        "its default was the tunnel's: it vouches for nothing, and nothing comes back from it",
        before=LINK + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=HOME,
    ),
    "FP-M7 a network of virtual machines was removed": Incident(
        "there was no VPN to take it",
        before=HOME + "192.168.76 link#21 UC vboxnet0",
        after=HOME,
    ),
    "FP-M6 a full tunnel on a feth is up after a roam": Incident(
        "its prefix tells that it has its address; what is gone, the roam took",
        before=HOME,
        during=HOME.replace("UGScg en0", "UGScIg en0") + FULL_FETH,
        after=CAFE.replace("UGScg en0", "UGScIg en0") + FULL_FETH,
    ),
    "FP-M6 a VPN without a row of its address is up after a roam": Incident(
        "its networks are there; the way to its server went with the network it was on",
        before=HOME,
        during=HOME + SERVER + "\n10.81/16 10.81.0.5 UGSc utun4\n10.82/16 10.81.0.5 UGSc utun4",
        after=CAFE + "10.81/16 10.81.0.5 UGSc utun4\n10.82/16 10.81.0.5 UGSc utun4",
    ),
    "FP-M6 neither LAN nor default, and the router doesn't answer": Incident(
        "an incomplete entry of the neighbour is no sign of the network",
        before=HOME.replace("192.168.70 link#14 UCS en0 !\n", ""),
        during=HOME.replace("192.168.70 link#14 UCS en0 !\n", "") + HALVES,
        after="192.168.70.1 link#14 UHRLWI en0 3\n127 127.0.0.1 UCS lo0\n169.254 link#14 UCS en0 !",
    ),
    "FP-M7 a network of machines came back under another number": Incident(
        "its runtime gave the bridge another prefix",
        before=HOME + BRIDGES,
        during=HOME + BRIDGES + HALVES,
        after=HOME + BRIDGES.replace("192.168.64", "192.168.65"),
    ),
    "FP-M7 a container bridge came": Incident(
        "no VPN in sight",
        before=HOME,
        after=HOME + BRIDGES + "172.20 link#25 UC bridge101 !\n10.211.55 link#26 UC vmenet0 !",
    ),
    "FP-M7 feth and awdl": Incident(
        "AirDrop and its like",
        before=HOME,
        after=HOME + "fe80::%awdl0/64 fe80::3%awdl0 UcI awdl0\nfe80::%llw0/64 fe80::3%llw0 UcI llw0",
    ),
    "FP-M8 the number is another VPN's now": Incident(
        "utun4 was the office's, it is the mesh's",
        before=HOME,
        during=HOME + OFFICE,
        after=HOME + MESH.replace("utun3", "utun4"),
    ),
    "FP-M9 a host route via the router": Incident("it may be anybody's", after=HOME + SERVER),
    "FP-M9 an inner destination of a VPN that is up": Incident(
        "as in a tunnel over en9",
        after="192.168.5.2 192.168.5.2 UH utun23\n192.168.5.208 10.100.99.212 UGHS en9",
    ),
    "FP-M9 the user's own static routes": Incident(
        "to a network behind another router of the LAN",
        after=HOME + "10.9/16 192.168.70.9 UGSc en0\n10.10.1.1 192.168.70.9 UGHS en0",
    ),
    "FP-M9 added by hand while the VPN was up": Incident(
        "over another router than the client's own packets take: somebody's",
        before=HOME,
        during=HOME + HALVES + SERVER + "\n10.9/16 192.168.70.9 UGSc en0",
        after=HOME + "10.9/16 192.168.70.9 UGSc en0",
    ),
    "FP-M9 the user's own host, and no table from before": Incident(
        "over another machine of the LAN: no client's packets take that way to their server",
        during=HOME.replace("UGScg en0", "UGScIg en0") + "default link#22 UCSg utun4\n10.81.0.5 10.81.0.5 UH utun4\n"
        "192.0.2.77 192.168.70.9 UGHS en0",
        after=HOME + "192.0.2.77 192.168.70.9 UGHS en0",
    ),
    "two came that show no address, and one went altogether": Incident(
        "that the other's rows and server are gone says nothing of this one",
        before=HOME,
        during=HOME + "0/1 utun4 USc utun4\n128.0/1 utun4 USc utun4\n10.66/16 utun6 USc utun6\n" + SERVER,
        after=HOME + "10.66/16 utun6 USc utun6",
    ),
    "M7 the LAN's range is the office's": Incident(
        "the VPN is up: explain, don't touch",
        after=HOME.replace("192.168.70 link#14 UCS en0 !", "192.168.70 link#25 UCS utun6")
        + "10.3.3.3 10.3.3.3 UH utun6",
    ),
    "M7 two /25 above the LAN": Incident(
        "while the VPN is up",
        before=HOME,
        during=HOME + "192.168.70/25 10.81.0.5 UGSc utun4\n"
        "192.168.70.128/25 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4",
        after=HOME + "192.168.70/25 10.81.0.5 UGSc utun4\n"
        "192.168.70.128/25 10.81.0.5 UGSc utun4\n10.81.0.5 10.81.0.6 UH utun4",
    ),
    "signature: splits of a tunnel that takes all": Incident(
        "sing-box and tun2socks",
        after=HOME
        + "\n".join(
            f"{net} 198.18.0.1 UGSc utun9"
            for net in ("1", "2/7", "4/6", "8/5", "16/4", "32/3", "64/2", "128.0/1", "198.18/30")
        )
        + "\n198.18.0.1 198.18.0.1 UH utun9",
    ),
    "signature: odd prefixes without S": Incident(
        "Cloudflare's",
        after=HOME + "0/5 utun7 Uc utun7\n8/7 utun7 Uc utun7\n"
        "2606:4700:102::/48 fe80::7%utun7 Uc utun7\n172.16.0.2 172.16.0.2 UH utun7",
    ),
    "signature: Mullvad's letter": Incident(
        "flag d",
        after=LINK + "default 192.168.70.1 UGScIg en0\ndefault 10.64.0.1 UGSdc utun5\n"
        "10.64.0.1 10.64.0.9 UH utun5\n" + SERVER.replace("UGHS", "UGHSd"),
    ),
    "signature: an idle mesh": Incident(
        "Tailscale with nobody to talk to",
        after=HOME + MESH + "default fd7a:115c:a1e0:: UGcIg utun3\n224.0.0/4 link#21 UmCSI utun3\n"
        "255.255.255.255/32 link#21 UCSI utun3\n"
        "100.100.100.100/32 link#21 UCS utun3\n"
        "fd7a:115c:a1e0::/48 fe80::3%utun3 Uc utun3",
    ),
    "a mesh came up while the office VPN was up": Incident(
        "two VPNs: the mesh stays, the office left its server's route",
        before=HOME,
        during=HOME + OFFICE + SERVER + MESH,
        after=HOME + MESH + SERVER,
        orphans="",
    ),
    "a mesh went down while the office VPN was up": Incident(
        "nothing of the office's is left",
        before=HOME + MESH,
        during=HOME + MESH + OFFICE + SERVER,
        after=HOME,
    ),
    "the default is gone beside a mesh that was up all the time": Incident(
        "the mesh never wanted the default",
        before=HOME + MESH,
        during=LINK + MESH + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=LINK + MESH,
        missing="default 192.168.70.1 UGScg en0",
    ),
    "the VPN wants no default and is up": Incident(
        "a tunnel took it",
        before=HOME,
        during=LINK + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
        after=LINK + "default 10.81.0.5 UGScg utun4\n10.81.0.5 10.81.0.6 UH utun4\n" + SERVER,
    ),
    "router advertisements renewed the prefix": Incident(
        "IPv6 prefixes come and go by themselves",
        before=HOME + V6_HOME,
        during=HOME + V6_HOME + HALVES,
        after=HOME + V6_HOME.replace("2001:db8:70:", "2001:db8:71:"),
    ),
    "connected again under another number, in pieces": Incident(
        "the server's route is the new tunnel's",
        before="default 192.168.70.1 UGScg en0",
        during="default 192.168.70.1 UGScg en0" + HALVES + SERVER,
        after="default 192.168.70.1 UGScg en0" + HALVES.replace("utun4", "utun6") + SERVER,
    ),
}


@pytest.mark.parametrize("name", INCIDENTS)
def test_what_is_somebodys(name: str) -> None:
    macos(INCIDENTS[name])
