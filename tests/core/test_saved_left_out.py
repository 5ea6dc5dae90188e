"""Saved tables that were printed for one family only, beside others that show both: what is hidden is not gone."""

from __future__ import annotations

import pytest

from routewatch.core.saved import judged
from tests import build_macos
from tests.saved_linux import HALVES as LINUX_HALVES
from tests.saved_linux import HOME as LINUX_HOME
from tests.saved_linux import SERVER as LINUX_SERVER
from tests.saved_linux import V6 as LINUX_V6
from tests.saved_macos import HALVES, HOME, LINK, SERVER, V6_HOME
from tests.saved_tables import Incident, linux, macos

LOOPBACK = """
::1 ::1 UHL lo0
fe80::%lo0/64 fe80::1%lo0 UcI lo0
"""
SIX = LOOPBACK + V6_HOME
BOTH = HOME + SIX
INET = "\n".join(line for line in HOME.splitlines() if "::" not in line) + "\n"
SERVER_V6 = "2001:db8:fe::1 fe80::21b:1%en0 UGHS en0"
HALVES_V6 = """
::/1 utun4 USc utun4
8000::/1 utun4 USc utun4
fd00:66::2 fd00:66::2 UH utun4
"""
OWN = """
2001:db8:99::/48 ::1 UGRSc lo0
2001:db8:77::/48 fe80::21b:1%en0 UGSc en0
"""
LINUX_LOOPBACK = "::1 dev lo proto kernel metric 256\n"

ON_MACOS = {
    "the last table shows no IPv6": Incident(
        "netstat -f inet: the IPv6 default and prefix are hidden, not lost",
        before=BOTH,
        during=BOTH + HALVES + SERVER,
        after=INET + SERVER,
        orphans=SERVER,
    ),
    "the last table shows no IPv6, and nobody saved one from under the VPN": Incident(
        "as before", before=BOTH, after=INET
    ),
    "the last table shows no IPv4": Incident(
        "netstat -f inet6: it is the same network, though no IPv4 prefix is shown",
        before=BOTH,
        during=BOTH + HALVES + SERVER + HALVES_V6 + SERVER_V6,
        after=SIX + SERVER_V6,
        orphans=SERVER_V6,
    ),
    "the table from before shows no IPv6": Incident(
        "what a person has of his own in IPv6 may have stood there all along",
        before=INET,
        during=BOTH + OWN + HALVES + SERVER,
        after=BOTH + OWN,
    ),
    "the table from before shows no IPv6, and the VPN's server has an address of it": Incident(
        "the one host whose packets the halves would have swallowed",
        before=INET,
        during=BOTH + HALVES_V6 + SERVER_V6,
        after=BOTH + SERVER_V6,
        orphans=SERVER_V6,
    ),
    "the table from before shows no IPv6, and a mesh has stood there": Incident(
        "its IPv6 network is no part of the VPN that went",
        before=INET,
        during=BOTH + HALVES + SERVER + "\nfd7a:115c:a1e0::/48 link#24 UCS utun3",
        after=BOTH + "fd7a:115c:a1e0::/48 link#24 UCS utun3",
    ),
    "the table from under the VPN shows no IPv6": Incident(
        "nothing is made of that", before=BOTH, during=INET + HALVES + SERVER, after=BOTH + SERVER, orphans=SERVER
    ),
    "no row at all is no other family": Incident(
        "whoever saved it saw nothing", before=LINK + "default 192.168.70.1 UGScg en0", after=""
    ),
    "a piece without the loopback": Incident(
        "no sign that more was there: what was shown is gone",
        before="default 192.168.70.1 UGScg en0\ndefault fe80::21b:1%en0 UGcg en0",
        after="default 192.168.70.1 UGScg en0\nfe80::%en0/64 link#14 UCI en0",
        missing="default fe80::21b:1%en0 UGcg en0",
    ),
}
ON_LINUX = {
    "ip route alone, after both": Incident(
        "ip -6 route was not saved the last time",
        before=LINUX_HOME + LINUX_LOOPBACK + LINUX_V6,
        during=LINUX_HOME + LINUX_LOOPBACK + LINUX_V6 + LINUX_HALVES + LINUX_SERVER,
        after=LINUX_HOME + LINUX_SERVER,
        orphans=LINUX_SERVER,
    ),
    "ip -6 route alone, after both": Incident(
        "no VPN takes the link's own prefix with all the rest",
        before=LINUX_HOME + LINUX_LOOPBACK + LINUX_V6,
        after=LINUX_LOOPBACK + LINUX_V6,
    ),
}


@pytest.mark.parametrize("name", ON_MACOS)
def test_what_a_macs_table_hides(name: str) -> None:
    macos(ON_MACOS[name])


@pytest.mark.parametrize("name", ON_LINUX)
def test_what_a_table_of_linux_hides(name: str) -> None:
    linux(ON_LINUX[name])


def test_each_finding_says_what_the_last_table_hides() -> None:
    found = judged(build_macos.saved(INET + SERVER, during=BOTH + HALVES + SERVER, before=BOTH))
    assert all("what became of IPv6" in finding.because for finding in found)
