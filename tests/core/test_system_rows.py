"""The rows that macOS itself makes, on links of every kind, told apart from those of clients and people."""

from __future__ import annotations

import pytest

from routewatch.core.saved import scene_of
from routewatch.core.system_rows import comes_by_itself, is_systems
from tests.build_macos import row, saved

TABLE = """
default 10.6.4.1 UGScg en0
10.6.4/24 link#4 UCS en0 !
10.8.0.5 10.8.0.6 UH utun4
"""


@pytest.mark.parametrize(
    "line",
    [
        "10.6.4/24 link#4 UCS en0 !",
        "10.6.4.1/32 link#4 UCS en0 !",
        "10.8.0.5 10.8.0.6 UH utun4",
        "127 127.0.0.1 UCS lo0",
        "2001:db8::/64 link#4 UC en0",
        "default fe80::1%en0 UGcg en0",
        "10.9/16 utun4 Uc utun4",
    ],
)
def test_the_system_makes_rows_for_addresses_and_takes_them_away(line: str) -> None:
    assert is_systems(row(line), scene_of(saved(TABLE + line)))


@pytest.mark.parametrize(
    "line",
    [
        "198.51.100.4 10.6.4.1 UGHS en0",
        "198.51.100.4/32 link#4 UCS en0",
        "10.9/16 10.8.0.5 UGSc utun4",
        "10.175.9.195/32 127.0.0.1 UGSc lo0",
    ],
)
def test_what_a_program_set_is_not_the_systems(line: str) -> None:
    assert not is_systems(row(line), scene_of(saved(TABLE + line)))


def test_rows_without_s_on_a_tunnel_that_is_over_are_its_clients() -> None:
    plain = "10.9/16 utun4 Uc utun4"
    over = scene_of(saved("default 10.6.4.1 UGScg en0\n" + plain, during=TABLE + plain))
    assert not is_systems(row(plain), over)


def test_nobody_misses_what_comes_by_itself() -> None:
    assert comes_by_itself(row("224.0.0/4 link#4 UmCS en0"))
    assert not comes_by_itself(row("10.6.4/24 link#4 UCS en0"))
