"""Whatever is pasted: nothing raises, and no line is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routewatch.host.text import read

LINES = (
    "default via 192.168.40.1 dev wlan0 proto dhcp metric 600",
    "10.9.0.0/16",
    "\tnexthop via 192.168.7.9 dev v0 weight 3",
    "10.71.0.0/16 dev v0 mtu lock 1300 features ecn rto_min lock 200ms congctl reno",
    "unreachable 2001:db8:b::/48 dev lo metric 1024 error -101 pref medium",
    "93:\tfrom all oif v1 uidrange 1000-1009 ipproto tcp sport 1-9 dport 80 lookup 5000",
    "Kernel IP routing table",
    "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface",
    "10.67.0.0       -               255.255.0.0     !     0      -        0 -",
    "::/0                           ::                         !n   -1  2      0 lo",
    '[{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[],"metrics":[{"mtu":1400}]}]',
    '{"schema":"routewatch/1","routes":[{"family":"inet","destination":"10.0.0.0/8"}]}',
    "Internet:",
    "Destination        Gateway            Flags           Netif Expire",
    "192.168.7          link#4             UCS               en0      !",
    "user@host:~$ ip route",
    "> quoted",
    "",
)
cut = st.sampled_from(LINES).flatmap(lambda line: st.integers(0, len(line)).map(lambda at: line[:at]))
torn = st.lists(st.sampled_from(LINES) | cut | st.text(max_size=30), max_size=12).map("\n".join)


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    read(text)


@given(torn)
def test_no_torn_table_makes_it_raise(text: str) -> None:
    read(text)


row = st.sampled_from(
    [line for line in LINES if line[:1].isalnum() and not line.startswith(("Kernel", "Dest", "Inter", "user", "10.9."))]
)


@given(st.lists(row, min_size=1), st.data())
def test_each_line_of_a_cut_table_is_a_row_or_told(lines: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = lines[at][: data.draw(st.integers(1, len(lines[at])))].strip() or "x"
    saved = read("\n".join(lines))

    assert len(saved.routes) + len(saved.rules) + len(saved.unparsed) == len(lines)
