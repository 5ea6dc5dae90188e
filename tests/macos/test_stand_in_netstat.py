"""How the stand-in's ``netstat -rn`` prints: generations, abbreviations, cut cells, stale names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.mac import Mac
from tests.macos.printing import class_full

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = "0.0.0.0"  # noqa: S104  # a destination, nothing that is bound to
GENERATIONS = {
    "10.14": (
        "Destination        Gateway            Flags        Refs      Use   Netif Expire",
        "default            192.168.7.1        UGSc            0        0     en0       ",
        "Destination                             Gateway                         Flags         Netif Expire",
    ),
    "11.0": (
        "Destination        Gateway            Flags        Netif Expire",
        "default            192.168.7.1        UGSc           en0       ",
        "Destination                             Gateway                         Flags         Netif Expire",
    ),
    "13.0": (
        "Destination        Gateway            Flags           Netif Expire",
        "default            192.168.7.1        UGScg             en0       ",
        "Destination                             Gateway                         Flags           Netif Expire",
    ),
    "15.0": (
        "Destination        Gateway            Flags               Netif Expire",
        "default            192.168.7.1        UGScg                 en0       ",
        f"{'Destination':<39} {'Gateway':<39} {'Flags':<10} {'Netif':>14} Expire",
    ),
}


def on_wifi(folder: Path, release: str) -> Mac:
    mac = Mac(folder / "mac", release)
    mac.join_wifi("192.168.7.0/24")
    return mac


@pytest.mark.parametrize("release", GENERATIONS)
def test_each_generation_has_its_own_columns(tmp_path: Path, release: str) -> None:
    lines = on_wifi(tmp_path, release).netstat().splitlines()
    header, default, header6 = GENERATIONS[release]
    assert lines[:5] == ["Routing tables", "", "Internet:", header, default]
    assert lines[lines.index("Internet6:") + 1] == header6


@pytest.mark.parametrize(
    ("network", "length", "shown"),
    [
        (EVERYTHING, 0, "default"),
        (EVERYTHING, 1, "0/1"),
        ("128.0.0.0", 1, "128.0/1"),
        ("10.0.0.0", 8, "10"),
        ("10.0.0.0", 24, "10/24"),
        ("10.77.0.0", 24, "10.77/24"),
        ("10.240.0.0", 14, "10.240/14"),
        ("0.0.6.0", 23, "0.0.6/23"),
        ("172.20.0.0", 16, "172.20"),
        ("172.16.0.0", 12, "172.16/12"),
        ("192.168.0.0", 24, "192.168.0"),
        ("192.168.0.0", 16, "192.168.0/16"),
        ("224.0.0.0", 4, "224.0.0/4"),
        ("224.0.0.0", 24, "224.0.0"),
        ("203.0.113.7", 32, "203.0.113.7/32"),
    ],
)
def test_a_network_is_abbreviated_by_the_class_of_its_address(network: str, length: int, shown: str) -> None:
    assert class_full(network, length) == shown


def test_a_host_row_and_a_network_of_32_bits_are_two_rows(mac: Mac) -> None:
    shown = [line.split()[:3] for line in mac.netstat("inet").splitlines() if line.startswith("192.168.7.1")]
    assert shown == [["192.168.7.1/32", "link#2", "UCS"], ["192.168.7.1", "3c:37:86:7c:5:e", "UHLWIir"]]


def test_an_expiry_that_is_past_is_an_exclamation_mark(mac: Mac) -> None:
    assert "192.168.7          link#2             UCS                   en0      !" in mac.netstat().splitlines()


def test_an_old_netstat_cuts_a_long_interface_name(tmp_path: Path) -> None:
    mac = on_wifi(tmp_path, "11.0")
    mac.docker_bridge()
    assert "default            link#4             UCSI       bridge1      !" in mac.netstat().splitlines()


def test_the_letter_g_came_with_11_3(tmp_path: Path) -> None:
    assert on_wifi(tmp_path / "old", "11.2").rows("default")[0].flags == "UGSc"
    assert on_wifi(tmp_path / "new", "11.3").rows("default")[0].flags == "UGScg"


def test_a_system_utun_shows_its_family_of_rows_and_no_ipv4(mac: Mac) -> None:
    mac.system_utuns(1)
    rows = [line.split() for line in mac.netstat().splitlines() if "utun0" in line]
    own = "fe80::1c04:b1c:bd2c:6a2%utun0"
    assert rows == [
        ["default", "fe80::%utun0", "UGcIg", "utun0"],
        ["fe80::%utun0/64", own, "UcI", "utun0"],
        [own, "link#4", "UHLI", "lo0"],
        ["ff00::/8", own, "UmCI", "utun0"],
        ["ff01::%utun0/32", own, "UmCI", "utun0"],
        ["ff02::%utun0/32", own, "UmCI", "utun0"],
    ]


def test_before_14_there_is_no_row_for_all_multicast(tmp_path: Path) -> None:
    assert "ff00::/8" not in on_wifi(tmp_path, "13.6").netstat()


def test_a_bridge_writes_its_own_address_with_dots(mac: Mac) -> None:
    mac.docker_bridge()
    assert "1a.12.e4.8.2d.64" in mac.netstat("inet6")


def test_a_detaching_interface_shows_the_name_of_the_row_before_it(mac: Mac) -> None:
    vpn = mac.connect_utun(routes=["10.77.0.0/24"])
    mac.begins_to_detach(vpn.name)
    rows = {line.split()[0]: line.split() for line in mac.netstat("inet").splitlines() if line[:1].isalnum()}
    assert rows["10.8.0.5"][-1] == "en0", "the default stands before it"
    assert rows["10.77/24"][-1] == "en0"


def test_a_first_row_without_a_name_has_an_empty_cell(mac: Mac) -> None:
    mac.begins_to_detach("en0")
    assert mac.netstat().splitlines()[4] == f"default            192.168.7.1        UGScg      {'':14}       "


def test_the_zone_of_an_interface_without_a_name_is_a_number(mac: Mac) -> None:
    mac.system_utuns(1)
    mac.begins_to_detach("utun0")
    assert "fe80::%4/64" in mac.netstat("inet6")


def test_clones_of_a_network_with_a_gateway_are_hidden(mac: Mac) -> None:
    mac.contacts("203.0.113.9")
    assert [row.flags for row in mac.rows("203.0.113.9/32")] == ["UGHWIig"]
    assert "203.0.113.9" not in mac.netstat()


def test_clones_of_a_tunnel_that_clones_are_shown(mac: Mac) -> None:
    mac.connect_network_extension()
    mac.contacts("203.0.113.9")
    assert "203.0.113.9        link#4             UHWIig              utun0       " in mac.netstat().splitlines()
