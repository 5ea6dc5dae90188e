"""Saved tables of macOS in which a VPN took rows away (M3, M4), or in which one leads astray (M5, M6)."""

from __future__ import annotations

import pytest

from tests.saved_macos import CAFE, HALVES, HOME, LINK, SERVER, V6_HOME
from tests.saved_tables import Incident, macos

INCIDENTS = {
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
    "M4 the default is gone, and the router is another device": Incident(
        "the prefix is the same, the network is not",
        before=HOME,
        after=LINK.replace("30:de:4b:11:9:7c", "c8:d3:a3:1:1:1"),
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
def test_what_a_vpn_took_or_turned(name: str) -> None:
    macos(INCIDENTS[name])
