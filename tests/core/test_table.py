from __future__ import annotations

import pytest

from routewatch.core.table import Table
from tests.build import Packed, route, table

DEFAULT = "default via 192.168.1.1 dev eth0"
LAN = "192.168.1.0/24 dev eth0"


def test_a_table_tells_its_routes_in_the_order_of_the_dump() -> None:
    of = table(DEFAULT, "10.0.0.0/8 dev tun0", "10.0.0.0/9 dev tun0")

    assert list(of.values()) == [route(DEFAULT), route("10.0.0.0/8 dev tun0"), route("10.0.0.0/9 dev tun0")]
    assert len(of) == 3


def test_a_route_that_a_dump_told_twice_is_one_route_counted_twice() -> None:
    of = table(DEFAULT, DEFAULT)

    assert len(of) == 1
    assert list(of.counts.values()) == [2]


def test_a_fingerprint_of_another_table_is_not_in_this_one() -> None:
    (foreign,) = table("10.0.0.0/8 dev tun0")

    with pytest.raises(KeyError):
        table(DEFAULT)[foreign]


def test_tables_of_the_same_bytes_are_the_same() -> None:
    assert table(DEFAULT).same_bytes(table(DEFAULT))
    assert not table(DEFAULT).same_bytes(table())


def test_bytes_of_different_formats_are_not_comparable() -> None:
    class Other(Packed):
        name = "tests/2"

    of = table(DEFAULT)

    assert not of.same_bytes(Table(of.chunks, Other()))


def test_tables_stay_comparable_when_links_come_and_go() -> None:
    before = Table((), Packed({1: "lo", 2: "eth0"}))

    assert before.comparable(Table((), Packed({1: "lo", 2: "eth0", 7: "tun0"})))
    assert before.comparable(Table((), Packed({1: "lo"})))


def test_tables_are_not_comparable_when_an_index_was_used_again() -> None:
    before = Table((), Packed({1: "lo", 7: "tun0"}))

    assert not before.comparable(Table((), Packed({1: "lo", 7: "tun1"})))


def test_the_same_rows_dumped_by_another_are_the_same_rows() -> None:
    of = Table((*table(DEFAULT).chunks, *table(LAN).chunks), Packed())
    other = Table(tuple(reversed(of.chunks)), Packed())

    assert not of.same_bytes(other)
    assert of.same_rows(other)


def test_other_rows_are_not_the_same_rows() -> None:
    assert table(DEFAULT, LAN).same_rows(table(DEFAULT, LAN))
    assert not table(DEFAULT, LAN).same_rows(table(DEFAULT))
