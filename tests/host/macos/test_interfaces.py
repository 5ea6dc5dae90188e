"""The links of a Mac, from what ifconfig prints about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Address, Link
from routewatch.core.tunnels import is_container, is_held, is_tunnel
from routewatch.host.macos import interface_addresses
from routewatch.host.macos.interfaces import Agent, parse

# "@": ifconfig ends some lines with a blank
WITH_V = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384 index 1
\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128@
\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1@
\tnd6 options=201<PERFORMNUD,DAD>
\tlink quality: 100 (good)
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500 index 14
\teflags=1200980<TXSTART,NOACKPRI>
\txflags=4<NOAUTONX>
\tether 02:00:00:00:00:0e@
\tinet6 fe80::c07:22ff:fe00:e%en0 prefixlen 64 secured scopeid 0xe@
\tinet 192.168.7.23 netmask 0xffffff00 broadcast 192.168.7.255
\tinet6 fd00:7::23 prefixlen 64 autoconf temporary@
\tmedia: autoselect
\tstatus: active
\tgeneration id: 3
\ttype: Wi-Fi
\tagent domain:Skywalk type:NetIf flags:0x8443 desc:"Userspace Networking"
\tscheduler: FQ_CODEL
en5: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500 index 15
\tether 02:00:00:00:00:0f@
\tmedia: autoselect (none)
\tstatus: inactive
\tgeneration id: 4
\ttype: USB Ethernet
bridge100: flags=8a63<UP,BROADCAST,SMART,RUNNING,ALLMULTI,SIMPLEX,MULTICAST> mtu 1500 index 20
\tether 02:00:00:00:00:64@
\tinet 192.168.64.1 netmask 0xffffff00 broadcast 192.168.64.255
\tConfiguration:
\t\tid 0:0:0:0:0:0 priority 0 hellotime 0 fwddelay 0
\tmember: vmenet0 flags=3<LEARNING,DISCOVER>
\t        ifmaxaddr 0 port 19 priority 0 path cost 0
vmenet0: flags=8963<UP,BROADCAST,SMART,RUNNING,PROMISC,SIMPLEX,MULTICAST> mtu 1500 index 19
\tether 02:00:00:00:00:65@
utun1: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380 index 17
\tinet6 fe80::22%utun1 prefixlen 64 scopeid 0x11@
\tgeneration id: 7
\tagent domain:com.apple.rapport type:RapportNetworkAgent flags:0x7c3 desc:"Rapport Network Agent"
utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1280 index 25
\txflags=10004<NOAUTONX,IS_VPN>
\tinet 10.8.0.2 --> 10.8.0.1 netmask 0xffffffff
\tinet6 fd00:8::2 prefixlen 48@
\tgeneration id: 381
\tagent domain:NetworkExtension type:VPN flags:0xf desc:"VPN: Work "and" home"
\teffective interface: en0
\tdesc: made for the test
""".replace("@", " ")


def links(text: str = WITH_V) -> dict[str, Link]:
    return {link.name: link for link in parse(text).links}


def test_a_vpns_utun_is_read_with_its_ends_and_its_generation() -> None:
    assert links()["utun4"] == Link(
        name="utun4",
        index=25,
        kind="utun",
        up=True,
        carrier=True,
        addresses=(
            Address(address="10.8.0.2", prefix_length=32, peer="10.8.0.1"),
            Address(address="fd00:8::2", prefix_length=48),
        ),
        generation="381",
        point_to_point=True,
    )


def test_wifi_is_read_with_its_addresses_and_what_is_said_of_them() -> None:
    assert links()["en0"] == Link(
        name="en0",
        index=14,
        kind="ether",
        up=True,
        carrier=True,
        mac="02:00:00:00:00:0e",
        addresses=(
            Address(address="fe80::c07:22ff:fe00:e", prefix_length=64, scope="link", flags=("secured",)),
            Address(address="192.168.7.23", prefix_length=24),
            Address(address="fd00:7::23", prefix_length=64, flags=("autoconf", "temporary")),
        ),
        generation="3",
    )


def test_ethernet_without_a_cable_has_no_carrier_though_it_runs() -> None:
    assert links()["en5"].up
    assert not links()["en5"].carrier


def test_the_port_of_a_bridge_knows_its_master() -> None:
    assert links()["vmenet0"].master == "bridge100"
    assert is_container(links()["vmenet0"])
    assert is_container(links()["bridge100"])


def test_the_scope_of_an_address_is_that_of_its_prefix() -> None:
    assert [address.scope for address in links()["lo0"].addresses] == ["host", "host", "link"]


def test_a_utun_is_a_tunnel_and_is_held_as_long_as_it_runs() -> None:
    assert is_tunnel(links()["utun4"])
    assert is_held(links()["utun4"])
    assert not is_tunnel(links()["en0"])


def test_agents_tell_a_connected_extension_from_the_systems_own_utuns() -> None:
    listing = parse(WITH_V)
    by_link = {agent.interface: agent for agent in listing.agents}

    assert by_link["utun4"] == Agent("utun4", "NetworkExtension", "VPN", 'VPN: Work "and" home')
    assert {name for name, agent in by_link.items() if agent.is_vpn} == {"utun4"}
    assert by_link["utun1"].domain == "com.apple.rapport"
    assert listing.marked_vpn == {"utun4"}


def test_an_agent_without_a_description_is_one_too() -> None:
    text = "utun4: flags=8051<UP> mtu 1280 index 25\n\tagent domain:NetworkExtension type:VPN flags:0xf\n"

    assert parse(text).agents == (Agent("utun4", "NetworkExtension", "VPN"),)


def test_all_lines_are_understood_or_of_no_use() -> None:
    assert parse(WITH_V).unparsed == ()


def test_without_v_there_is_neither_index_nor_generation() -> None:
    link = links("utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1280\n\tinet 10.8.0.2 --> 10.8.0.2\n")[
        "utun4"
    ]

    assert (link.index, link.generation) == (0, None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lo0", "loopback"),
        ("en12", "ether"),
        ("utun1000", "utun"),
        ("ipsec0", "ipsec"),
        ("ppp0", "ppp"),
        ("feth1234", "feth"),
        ("bridge0", "bridge"),
        ("vmenet0", "vmenet"),
        ("vmnet8", "vmnet"),
        ("awdl0", "awdl"),
        ("llw0", "llw"),
        ("anpi1", "anpi"),
        ("gif0", "gif"),
        ("stf0", "stf"),
        ("ap1", "ap"),
        ("tap0", "tap"),
        ("pdp_ip0", "pdp_ip"),
    ],
)
def test_a_link_is_of_the_kind_that_its_name_says(name: str, kind: str) -> None:
    assert links(f"{name}: flags=8863<UP> mtu 1500 index 4\n")[name].kind == kind


def test_a_name_that_says_nothing_leaves_the_kind_to_the_hardware() -> None:
    bare = "6to4: flags=8863<UP> mtu 1500 index 4\n"

    assert links(bare)["6to4"].kind == "none"
    assert links(f"{bare}\tether 02:00:00:00:00:01 \n")["6to4"].kind == "ether"
    assert links(f"{bare}\ttype: Wi-Fi\n")["6to4"].kind == "ether"


@pytest.mark.parametrize(
    ("family", "text", "length", "peer"),
    [
        ("inet", "10.8.0.2 --> 10.8.0.1 netmask 0xffffffff", 32, "10.8.0.1"),
        ("inet", "10.8.0.2 --> 10.8.0.2 netmask 0xffffff00", 24, None),
        ("inet", "10.8.0.2 netmask 255.255.252.0 broadcast 10.8.3.255", 22, None),
        ("inet", "10.8.0.2 netmask 0x0", 0, None),
        ("inet", "10.8.0.2/24 broadcast 10.8.0.255", 24, None),
        ("inet", "10.8.0.2 --> 10.8.0.1/32", 32, "10.8.0.1"),
        ("inet6", "fd00::2 --> fd00::1 prefixlen 128 ", 128, "fd00::1"),
        ("inet6", "fd00::2/64 scopeid 0x4", 64, None),
        ("inet6", "fd00::2 prefixlen 64 clat46", 64, None),
    ],
)
def test_an_address_is_read_in_every_format_of_ifconfig(family: str, text: str, length: int, peer: str | None) -> None:
    address = interface_addresses.parse(family, text)

    assert address is not None
    assert (address.prefix_length, address.peer) == (length, peer)


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("inet", ""),
        ("inet", "10.8.0.2"),
        ("inet", "10.8.0.2 netmask"),
        ("inet", "10.8.0.2 netmask 0xff00ff00"),
        ("inet", "10.8.0.2 netmask zwei"),
        ("inet", "10.8.0.2 netmask 0x1ffffffff0"),
        ("inet", "10.8.0/24"),
        ("inet", "fd00::2 netmask 0xffffffff"),
        ("inet6", "10.8.0.2 prefixlen 24"),
        ("inet6", "fd00::2 prefixlen 129"),
        ("inet6", "fd00::2 prefixlen ٣"),
    ],
)
def test_an_address_that_can_not_be_read_is_handed_back(family: str, text: str) -> None:
    line = f"\t{family} {text}"

    assert parse(f"en0: flags=8863<UP> mtu 1500\n{line}\n").unparsed == (line,)


def test_lines_before_any_link_are_handed_back() -> None:
    assert parse("ifconfig: interface utun9 does not exist\n\n").unparsed == (
        "ifconfig: interface utun9 does not exist",
    )


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse(text)
    parse(f"en0: flags=1<UP> mtu 1\n\t{text}")
    interface_addresses.parse("inet", text)
    interface_addresses.parse("inet6", text)


@given(st.data())
def test_no_damage_raises_and_none_makes_up_a_link(data: st.DataObject) -> None:
    lines = WITH_V.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[at])))
    lines[at] = lines[at][:cut] + data.draw(st.text(max_size=4)) + lines[at][data.draw(st.integers(cut, cut + 4)) :]

    assert len(parse("\n".join(lines)).links) <= len(links()) + 1
