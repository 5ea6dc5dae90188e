"""What the letters of a macOS row say of it."""

from __future__ import annotations

import pytest

from routewatch.core.letters import (
    is_bound,
    is_cloned,
    is_group,
    is_link_local_row,
    is_own_address,
    is_static,
    is_system_default,
    is_systems_own,
)
from tests.build_macos import row


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.7 10.0.0.1 UGHWIig en0",
        "10.0.0.1 30:de:4b:11:9:7c UHLWIir en0 1187",
        "fe80::1%en0 0:1:2:3:4:5 UHLI lo0",
        "169.254.255.255 link#14 UHLSW en0",
    ],
)
def test_clones_and_neighbours_come_and_go_by_themselves(line: str) -> None:
    assert is_cloned(row(line))
    assert is_systems_own(row(line))


def test_the_letter_s_is_that_of_a_program() -> None:
    assert is_static(row("10.9/16 10.0.0.9 UGSc en0"))
    assert not is_static(row("default fe80::%utun0 UGcIg utun0"))


@pytest.mark.parametrize(
    "line",
    [
        "224.0.0/4 link#14 UmCS en0",
        "255.255.255.255/32 link#14 UCS en0",
        "ff02::%utun0/32 fe80::1%utun0 UmCI utun0",
        "10.0.0.255 ff:ff:ff:ff:ff:ff UHLWbI en0",
    ],
)
def test_groups_are_multicast_and_broadcast(line: str) -> None:
    assert is_group(row(line))


def test_a_default_is_no_links_own_address_though_its_zeros_lie_in_every_range() -> None:
    assert is_link_local_row(row("fe80::%en0/64 link#14 UCI en0"))
    assert is_link_local_row(row("169.254 link#14 UCS en0"))
    assert not is_link_local_row(row("default fe80::1%en0 UGcg en0"))


def test_the_default_of_a_system_tunnel_is_scoped_and_nobody_set_it() -> None:
    assert is_system_default(row("default fe80::%utun0 UGcIg utun0"))
    assert not is_system_default(row("default fe80::9%utun4 UGScI utun4"))
    assert not is_system_default(row("default fe80::1%en0 UGcg en0"))


def test_a_row_is_bound_to_its_link_or_goes_over_a_gateway() -> None:
    assert is_bound(row("10.0.0 link#14 UCS en0"))
    assert not is_bound(row("10.0.0 10.0.0.1 UGSc en0"))
    assert not is_bound(row("10.9/16 utun4 USc utun4"))


def test_the_address_of_a_point_to_point_link_has_a_plain_row() -> None:
    assert is_own_address(row("10.8.0.5 10.8.0.6 UH utun4"))
    assert not is_own_address(row("10.8.0.5 10.8.0.6 UHS utun4"))
