"""However a table is presented: it is read as the rows that it has, or they are told; none is lost, none made up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.addresses import is_host
from routewatch.host.text import read
from tests.host.text.presentations import HARMFUL, HARMLESS

if TYPE_CHECKING:
    from routewatch.core.model import Route

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
TABLES = {
    "macOS 14": """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.7.1        UGScg                 en0       
default            link#22            UCSIg           bridge100      !
10.60/14           10.60.0.9          UGSc                utun5       
11                 10.60.0.9          UGSc                utun5       
12                 10.60.0.9          UGSc                utun5       
127                127.0.0.1          UCS                   lo0       
192.168.7          link#11            UCS                   en0      !
192.168.7.1/32     link#11            UCS                   en0      !
203.0.113.9        192.168.7.1        UGHS                  en0       

Internet6:
Destination                             Gateway                                 Flags               Netif Expire
default                                 fe80::%utun0                            UGcIg               utun0       
fd00:60::/64                            utun5                                   USc                 utun5       
fe80::%utun5/64                         fe80::60:1%utun5                        UcI                 utun5       
fe80::60:1%utun5                        link#18                                 UHLI                  lo0       
ff02::%en0/32                           link#11                                 UmCI                  en0       
""",  # noqa: W291 - netstat pads an empty Expire
    "macOS 10.13": """\
Routing tables

Internet:
Destination        Gateway            Flags        Refs      Use   Netif Expire
default            192.168.7.1        UGSc            9        0     en0
10.8/24            10.8.0.5           UGSc            3       17   utun2
192.168.7          link#4             UCS             1        0     en0
""",
    "FreeBSD": """\
Routing tables

Internet:
Destination        Gateway            Flags     Netif Expire
default            192.168.7.1        UGS         em0
127.0.0.1          link#2             UH          lo0
192.168.7.0/24     link#1             U           em0
""",
    "ip route": """\
default via 192.168.7.1 dev wlan0 proto dhcp src 192.168.7.50 metric 600
10.44.0.0/16 via 10.44.8.1 dev tun0 proto static metric 50
10.44.8.0/24 dev tun0 proto kernel scope link src 10.44.8.2
unreachable 10.99.0.0/16 metric 4278198272
192.168.7.0/24 dev wlan0 proto kernel scope link src 192.168.7.50 metric 600
""",
    "ip -6 route": """\
2001:db8:7::/64 dev wlan0 proto ra metric 600 pref medium
2001:db8:8::5 via fe80::1 dev wlan0 metric 20 pref medium
fe80::/64 dev wlan0 proto kernel metric 1024 pref medium
default via fe80::1 dev wlan0 proto ra metric 600 pref medium
""",
    "route -n": """\
Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         192.168.7.1     0.0.0.0         UG    600    0        0 wlan0
10.44.0.0       10.44.8.1       255.255.0.0     UG    50     0        0 tun0
192.168.7.0     0.0.0.0         255.255.255.0   U     600    0        0 wlan0
""",
    "route -6n": """\
Kernel IPv6 routing table
Destination                    Next Hop                   Flag Met Ref Use If
2001:db8:7::/64                [::]                       U    256 1      0 wlan0
[::]/0                         fe80::1                    UGe  1024 1      0 wlan0
""",
}


def rows(text: str) -> Counter[Route]:
    """Return the routes without what the layout alone tells, and what netstat counts down."""
    return Counter(replace(route, unwritable=(), expires=None) for route in read(text).routes)


def told(text: str) -> int:
    """Return how many rows the lines may hold that were not understood."""
    return sum(max(1, len(line.split()) // 4) for line in read(text).unparsed)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("presentation", HARMLESS)
def test_a_table_is_read_however_it_is_presented(table: str, presentation: str) -> None:
    assert rows(HARMLESS[presentation](TABLES[table])) == rows(TABLES[table])


def check_nothing_is_lost_or_made_up(text: str, presented: str) -> None:
    made_up = rows(presented) - rows(text)
    lost = rows(text) - rows(presented)

    assert not made_up, presented
    assert lost.total() <= told(presented), presented


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("presentation", HARMFUL)
def test_a_row_that_was_damaged_on_its_way_is_told(table: str, presentation: str) -> None:
    check_nothing_is_lost_or_made_up(TABLES[table], HARMFUL[presentation](TABLES[table]))


# "22:fe80::/64" is an address as well: only whole tables show that it is not. Nothing else finds the lines of an old
# Mac, and where a terminal broke a word only its width tells.
ONE_OF_SEVERAL = [name for name in HARMLESS if name not in {"numbered by grep", "lines of an old Mac"}]
LAST = [name for name in HARMFUL if not name.startswith("broken")]
ways = st.lists(st.sampled_from(ONE_OF_SEVERAL), max_size=3, unique_by=lambda name: name.startswith("numbered") or name)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(list(TABLES)), ways, st.sampled_from(LAST))
def test_no_row_is_lost_or_made_up_by_several_presentations(table: str, harmless: list[str], harmful: str) -> None:
    presented = HARMFUL[harmful](TABLES[table])
    for name in harmless:
        presented = HARMLESS[name](presented)

    check_nothing_is_lost_or_made_up(TABLES[table], presented)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project")
@pytest.mark.parametrize("presentation", HARMLESS)
def test_the_tables_of_real_machines_are_read_however_they_are_presented(presentation: str) -> None:
    for path in sorted(CORPUS.glob("*/**/*.txt")):
        text = path.read_text()
        if "{" not in text and len(rows(text)) > 2 and any(not is_host(route) for route in rows(text)):
            assert rows(HARMLESS[presentation](text)) == rows(text), path
