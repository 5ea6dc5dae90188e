"""What of a Mac's row changes by itself is no difference: its lifetime, its state, how its link is written."""

from __future__ import annotations

import pytest

from routewatch.core.baselines import same_table
from routewatch.core.diff import diff, key, steady
from routewatch.core.volatile import is_lettered, is_passing
from tests import build
from tests.build_macos import row

SAME = [
    ("default 192.168.7.1 UGScg en0", "default 192.168.7.1 UGSc en0"),
    ("198.51.100.7 192.168.7.1 UGHS en0", "198.51.100.7 192.168.7.1 UGHSi en0"),
    ("192.168.7.9 0:1:2:3:4:5 UHLWIi en0 1199", "192.168.7.9 0:1:2:3:4:5 UHLWI en0 !"),
    ("192.168.7.9 link#4 UHLWIi en0", "192.168.7.9 link#4 UHRLWI en0"),
    ("10.9/16 link#18 UCS utun7", "10.9/16 utun7 UCS utun7"),
    ("10.9/16 link#4 UCS en0", "10.9/16 a4:83:e7:1b:6:c UCS en0"),
    ("10.9/16 link#18 UCS utun7", "10.9/16 link#21 UCS utun7"),
]
OTHER = [
    ("default 192.168.7.1 UGScg en0", "default 192.168.7.1 UGScIg en0"),
    ("10.9/16 127.0.0.1 UGSR lo0", "10.9/16 127.0.0.1 UGS lo0"),
    ("10.9/16 link#18 UCS utun7", "10.9/16 utun7 USc utun7"),
    ("192.168.7.9 0:1:2:3:4:5 UHLWI en0", "192.168.7.9 0:1:2:3:4:6 UHLWI en0"),
    ("fe80::1%utun0 link#18 UHLI lo0", "fe80::1%utun0 link#19 UHLI lo0"),
    ("10.9/16 link#18 UCS utun7", "10.9/16 utun6 UCS utun7"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_it_is_the_same_row(one: str, other: str) -> None:
    assert steady(row(one)) == steady(row(other))
    assert key(row(one)) == key(row(other))
    assert not diff(build.table(row(one)), build.table(row(other)))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_it_is_not(one: str, other: str) -> None:
    assert steady(row(one)) != steady(row(other))
    assert diff(build.table(row(one)), build.table(row(other)))


def test_clones_and_neighbours_come_and_go_with_the_traffic() -> None:
    assert is_passing(row("192.0.2.8 192.168.7.1 UGHWIig en0"))
    assert is_passing(row("192.168.7.9 0:1:2:3:4:5 UHLWIi en0"))
    assert not is_passing(row("10.9/16 utun7 USc utun7"))
    assert not is_passing(build.route("10.0.0.0/8 dev eth0 linkdown"))


def test_a_table_is_the_same_whatever_traffic_there_was() -> None:
    rest = row("10.9/16 utun7 USc utun7")
    quiet = build.snapshot(routes=[rest])

    assert same_table(quiet, build.snapshot(routes=[rest, row("192.0.2.8 192.168.7.1 UGHWIig en0")]))
    assert not same_table(quiet, build.snapshot(routes=[rest, row("198.51.100.7 192.168.7.1 UGHS en0")]))


def test_only_rows_of_macos_are_lettered() -> None:
    assert is_lettered(row("10.9/16 utun7 USc utun7"))
    assert not is_lettered(build.route("10.0.0.0/8 dev eth0 onlink"))
    assert not is_lettered(build.route("10.0.0.0/8 dev eth0"))
