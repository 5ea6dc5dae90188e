"""Which of a Mac's tunnel interfaces are the system's own: by the rows they have, and by who holds them."""

from __future__ import annotations

import pytest

from routewatch.core.system_links import told_apart
from tests.build import link
from tests.build_macos import row

OWN = (
    "default fe80::%utun3 UGcIg utun3",
    "fe80::%utun3/64 fe80::1%utun3 UcI utun3",
    "ff00::/8 fe80::1%utun3 UmCI utun3",
    "ff02::%utun3/32 fe80::1%utun3 UmCI utun3",
)


def kind(line: str, *rows: str) -> str:
    [told] = told_apart([link(line)], map(row, rows))
    return told.kind


def test_a_utun_with_the_rows_that_each_has_is_the_systems() -> None:
    assert kind("utun3 kind utun", *OWN) == "system"
    assert kind("utun3 kind utun") == "system"


@pytest.mark.parametrize(
    "line",
    [
        "10.8.0.5 10.8.0.6 UH utun3",
        "10.9/16 utun3 USc utun3",
        "default utun3 UCSI utun3",
        "default fe80::1%utun3 UGcg utun3",
        "2001:db8:1::/48 utun3 USc utun3",
    ],
)
def test_one_row_more_makes_it_somebodys(line: str) -> None:
    assert kind("utun3 kind utun owner openvpn[7]", *OWN, line) == "utun"


@pytest.mark.parametrize("owner", ["CommCenter", "identityservicesd", "identitys"])
def test_what_a_daemon_of_the_system_holds_is_the_systems_whatever_its_rows(owner: str) -> None:
    assert kind(f"ipsec0 kind ipsec owner {owner}[7]", "10.8.0.5 10.8.0.6 UH ipsec0") == "system"


def test_other_kinds_of_links_are_what_they_are() -> None:
    assert kind("en0 kind ether") == "ether"
    assert kind("ppp0 kind ppp") == "ppp"
