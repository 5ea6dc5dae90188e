"""The command that was pasted with its rows, or a heading over them, tells what the rows leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.host.text import read

if TYPE_CHECKING:
    from routewatch.core.model import Route


def one(text: str) -> Route:
    saved = read(text)
    assert not saved.unparsed
    (route,) = saved.routes
    return route


def test_a_heading_says_which_table_follows() -> None:
    saved = read(
        "IPv4 Table 201: default via 192.168.7.1 dev eth1\n10.44.0.0/24 dev eth2 scope link\n"
        "IPv4 Table 201 Rules:\n9979:   from all fwmark 0x10000/0xff0000 lookup 201\n"
        "Table main:\ndefault via 192.168.8.1 dev eth0\n"
    )

    assert not saved.unparsed
    assert [route.table for route in saved.routes] == [201, 201, 254]
    assert [rule.family for rule in saved.rules] == ["inet"]


HEADINGS = (
    "$ ip route show table 52",
    "+ ip route show table 52",
    "== ip route show table 52 ==",
    "[#] ip -4 route show table 0x34",
    "**ip route show table 52**",
    "### `ip route show table 52`",
    "Output of ip route show table 52:",
    "ip route show table 52:",
    "# table 52",
    "--- Table 52 ---",
    "$ ip rule; sudo ip route list table 52",
)


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_that_is_a_command_or_names_a_table_tells_whose_rows_follow(heading: str) -> None:
    assert one(f"{heading}\ndefault dev tun0 scope link\n").table == 52


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("$ ip route show vrf blue", "table vrf blue"),
        ("$ for t in 52 53; do ip route show table $t; done", "table $t"),
        ("$ ip route; ip route show table 52", "table main or 52"),
    ],
)
def test_rows_of_which_nobody_can_say_whose_table_they_are_in_are_not_the_main_ones(heading: str, name: str) -> None:
    route = one(f"{heading}\ndefault dev tun0 scope link\n")

    assert (route.table, route.unwritable) == (0, (name,))


@pytest.mark.parametrize("told", ["$ ip route show table office", "$ ip r s t office", "Table office:"])
def test_a_table_whose_number_only_its_own_machine_knows_is_not_the_main_one(told: str) -> None:
    route = one(f"{told}\ndefault dev tun0 scope link\n")

    assert (route.table, route.unwritable) == (0, ("table office",))
