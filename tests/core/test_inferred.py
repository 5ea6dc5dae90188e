"""The links that a saved table tells of, and those it must have left out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.inferred import kind_of, with_links
from tests import build, build_macos, saved_tables

LAN = "10.6.4/24 link#4 UCS en0 !"


def addresses(text: str, name: str, *beside: str) -> list[str]:
    told = with_links(build_macos.table(text), tuple(map(build_macos.table, beside)))
    link = told.link(name)
    assert link is not None
    return [f"{address.address}/{address.prefix_length}" for address in link.addresses]


def names(text: str, *beside: str) -> list[str]:
    return [link.name for link in with_links(build_macos.table(text), tuple(map(build_macos.table, beside))).links]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("utun4", "utun"), ("bridge100", "bridge"), ("lo0", "loopback"), ("wt0", "tun"), ("enp0s31f6", "ether")],
)
def test_a_name_tells_the_kind(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_a_list_of_links_that_was_saved_is_believed() -> None:
    listed = replace(build_macos.table(LAN), links=(build.link("en0 up carrier", "10.6.4.9/24"),))
    assert with_links(listed, (listed,)) == listed


def test_what_a_list_of_links_leaves_out_the_rows_tell() -> None:
    tunnel = build.link("utun4 up")
    listed = replace(build_macos.table(f"{LAN}\n10.8/24 10.8.0.5 UGSc utun4"), links=(tunnel,))
    beside = build_macos.table(LAN)

    told, lan = with_links(listed, (listed, beside)).links
    assert (told.name, told.carrier, told.index) == ("utun4", False, 0)
    assert [address.address for address in lan.addresses] == ["10.6.4.0"]


def test_a_list_without_addresses_says_nothing_about_what_is_reached() -> None:
    listed = replace(build_macos.table(LAN), links=(build.link("en0 up carrier"),))

    assert [address.address for address in with_links(listed, (listed,)).links[0].addresses] == ["10.6.4.0"]


def test_a_default_is_believed_to_reach_its_gateway_whatever_the_address_says() -> None:
    table = saved_tables.table("default via 172.31.1.1 dev eth0\ndefault via fe80::1 dev eth0\n")
    listed = replace(table, links=(build.link("eth0 up carrier", "198.51.100.7/32"),))

    (link,) = with_links(listed, (listed,)).links
    assert [address.address for address in link.addresses] == ["198.51.100.7", "172.31.1.1"]


def test_the_prefix_of_a_link_is_that_of_its_own_row() -> None:
    assert addresses(f"default 10.6.4.1 UGScg en0\n{LAN}", "en0") == ["10.6.4.0/24"]


def test_without_such_a_row_it_is_that_of_another_table_which_holds_its_gateway() -> None:
    assert addresses("default 10.6.4.1 UGScg en0", "en0", LAN) == ["10.6.4.0/24"]
    assert addresses("default 10.7.7.1 UGScg en0", "en0", LAN) == ["10.7.7.1/32"]


def test_a_piece_of_a_table_leaves_out_links_that_are_there() -> None:
    assert names("127.0.0.1 127.0.0.1 UH lo0", LAN) == ["lo0", "en0"]
    assert names("127.0.0.1 127.0.0.1 UH lo0", "10.8/16 10.8.0.1 UGSc utun4") == ["lo0"]


def test_a_link_that_lost_its_default_and_its_prefix_is_gone() -> None:
    assert names("127.0.0.1 127.0.0.1 UH lo0", f"default 10.6.4.1 UGScg en0\n{LAN}") == ["lo0"]


def test_a_utun_with_nothing_but_the_systems_rows_is_the_systems() -> None:
    rows = "default fe80::%utun0 UGcIg utun0\nfe80::%utun0/64 fe80::1%utun0 UcI utun0"
    [link] = with_links(build_macos.table(rows)).links
    assert link.kind == "system"
    [link] = with_links(build_macos.table(f"{rows}\n10.8/16 10.8.0.1 UGSc utun0")).links
    assert link.kind == "utun"


def test_a_tunnel_without_carrier_is_there_and_nobody_has_it_open() -> None:
    [link] = with_links(saved_tables.table("10.8.0.0/16 dev tun0 linkdown")).links
    assert (link.up, link.carrier, link.persistent) == (False, False, True)
    [link] = with_links(saved_tables.table("10.8.0.0/16 dev eth0 linkdown")).links
    assert (link.up, link.carrier, link.persistent) == (True, False, False)
