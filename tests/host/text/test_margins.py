"""Numbers and marks before lines are taken off where they count or mark lines, never where they are a row's own."""

from __future__ import annotations

import pytest

from routewatch.host.text import read


def destinations(text: str) -> list[str]:
    return [route.destination for route in read(text).routes]


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (
            "10 link#4 UCS en0\n11 link#4 UCS en0\n12 link#4 UCS en0\n",
            ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"],
        ),
        (
            "10 10.9.0.1 UGSc en0\n11 10.9.0.1 UGSc en0\n12 10.9.0.1 UGSc en0\n",
            ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"],
        ),
        ("10.8/24 link#4 UCS en0\n11.8/24 link#4 UCS en0\n", ["10.8.0.0/24", "11.8.0.0/24"]),
        (
            "2001:db8::/32 dev a\n2002:db8::/32 dev a\n2003:db8::/32 dev a\n",
            ["2001:db8::/32", "2002:db8::/32", "2003:db8::/32"],
        ),
    ],
)
def test_numbers_that_are_part_of_an_address_stay(table: str, wanted: list[str]) -> None:
    assert destinations(table) == wanted


def test_the_priority_of_a_rule_is_no_number_of_its_line() -> None:
    saved = read("0:\tfrom all lookup local\n100:\tfrom all lookup 7\n32766:\tfrom all lookup main\n")

    assert [rule.priority for rule in saved.rules] == [0, 100, 32766]


def test_rules_that_somebody_numbered_keep_their_priorities() -> None:
    saved = read("     1\t0:\tfrom all lookup local\n     2\t100:\tfrom all lookup 7\n")

    assert [rule.priority for rule in saved.rules] == [0, 100]


def test_the_types_of_all_tables_with_details_are_no_numbers_of_lines() -> None:
    saved = read(
        "1 10.4.1.0/24 dev a table 254\n2 10.0.0.1 dev a table 255\n"
        "3 10.0.0.255 dev a table 255\n6 10.5.0.0/16 table 254\n"
    )

    assert [route.type for route in saved.routes] == ["unicast", "local", "broadcast", "blackhole"]


def test_rows_of_netstat_that_were_copied_with_the_numbers_of_their_lines_keep_their_gateways() -> None:
    saved = read("6 10.4/16 10.8.0.1 UGSc utun3\n7 203.0.113.9 192.168.7.1 UGHS en0\n")

    assert [(route.destination, route.gateway) for route in saved.routes] == [
        ("10.4.0.0/16", "10.8.0.1"),
        ("203.0.113.9/32", "192.168.7.1"),
    ]


def test_lines_found_by_grep_are_counted_with_gaps() -> None:
    assert destinations("5:default via 192.168.7.1 dev a\n9:10.0.0.0/8 dev b\n12:fe80::/64 dev a\n") == [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "fe80::/64",
    ]


def test_what_a_patch_adds_and_removes_is_of_two_tables_and_stays_told() -> None:
    patch = "-10.8.0.0/24 dev tun0\n+10.9.0.0/24 dev tun0\n"

    assert read(patch).unparsed == tuple(patch.splitlines())


@pytest.mark.parametrize(
    "row",
    [
        "# 0/1 utun2 UScg utun2",
        "# 10.8/24 utun3 USc utun3",
        "# default,192.168.7.1,UGSc,en0",
        '# [{"dst":"default","gateway":"192.168.7.1","dev":"eth0","flags":[]}]',
        "# 10.0.0.0/8 via 10.8.0.1 dev tun0",
    ],
)
def test_a_row_that_somebody_commented_out_is_told_and_not_taken_for_a_prompt(row: str) -> None:
    assert read(f"10.44.0.0/16 dev tun0\n{row}\n").unparsed == (row,)


def test_the_types_of_rows_that_ip_prints_as_numbers_are_no_numbers_of_lines() -> None:
    refusing = read("6 10.4.1.0/24 \n7 10.4.2.0/24 metric 4278198272 \n8 10.4.3.0/24 \n")
    assert [(route.type, route.destination) for route in refusing.routes] == [
        ("blackhole", "10.4.1.0/24"),
        ("unreachable", "10.4.2.0/24"),
        ("prohibit", "10.4.3.0/24"),
    ]
    copied = read("6 10.4.1.0/24 via 10.0.0.1 dev eth0\n7 10.4.2.0/24 via 10.0.0.1 dev eth0\n8 10.4.3.0/24 dev eth0\n")
    assert {route.type for route in copied.routes} == {"unicast"}
