"""Tables of netstat that can't be relied on: empty, cut short, or printed while an interface went away."""

from __future__ import annotations

from routewatch.host.macos.netstat import parse
from tests.host.macos.tables import MACOS_14


def test_an_empty_table_is_not_to_be_relied_on() -> None:
    assert parse("Routing tables\n").torn == ("the table is empty",)
    assert parse("").torn == ("the table is empty",)
    assert parse("netstat: sysctl: Cannot allocate memory\n").torn == ("no row could be read",)


def test_a_section_without_rows_is_not_to_be_relied_on() -> None:
    header = "Destination        Gateway            Flags               Netif Expire\n"

    assert parse(f"{MACOS_14}\nInternet6:\n{header}").torn == ("the inet6 section is empty",)


def test_a_last_line_without_end_is_not_to_be_relied_on() -> None:
    (sentence,) = parse(MACOS_14.rstrip()).torn

    assert "cut short" in sentence


def test_a_link_that_disagrees_with_the_interface_shows_a_name_that_was_stale() -> None:
    table = MACOS_14 + "10.9/16            link#30            UCS                   en0\n"

    (sentence,) = parse(table).torn

    assert sentence == "10.9.0.0/16 has link#30, but en0 is link#11 elsewhere"


def test_a_zone_that_disagrees_with_the_interface_shows_a_name_that_was_stale() -> None:
    (sentence,) = parse("fe80::%utun4/64 fe80::9%utun4 UcI en0\n").torn[:1]

    assert sentence == "fe80::/64 is on en0, but its zone is utun4"


def test_one_link_number_on_two_interfaces_shows_a_name_that_was_stale() -> None:
    (sentence,) = parse("10.8/24 link#18 UCS utun4\n10.9/24 link#18 UCS en0\n").torn

    assert sentence == "10.9.0.0/24 is on en0, but link#18 is utun4 elsewhere"


def test_a_gateway_that_names_another_interface_shows_a_name_that_was_stale() -> None:
    (sentence,) = parse("10.8/24 utun4 USc en0\n").torn

    assert sentence == "10.8.0.0/24 is on en0, but leads to utun4"


def test_addresses_of_our_own_lead_to_the_loopback_and_name_the_real_interface() -> None:
    assert parse("fe80::9%utun4 link#18 UHLI lo0\n10.8/24 link#18 UCS utun4\n").torn == ()


def test_names_that_were_cut_disagree_with_nobody() -> None:
    table = """\
Internet:
Destination        Gateway            Flags        Netif Expire
192.168.64         link#22            UC         bridge1      !
192.168.65         link#24            UC         bridge1      !

Internet6:
Destination                             Gateway                         Flags         Netif Expire
fe80::%bridge100/64                     link#22                         UCI        bridge10
fe80::%bridge101/64                     link#24                         UCI        bridge10
"""

    assert parse(table).torn == ()


def test_a_first_row_without_interface_is_a_route_and_a_reason_for_doubt() -> None:
    table = """\
Destination        Gateway            Flags               Netif Expire
default            192.168.7.1        UGScg                          !
192.168.7          link#11            UCS                   en0      !
"""

    reading = parse(table)

    assert (reading.routes[0].interface, reading.routes[0].expires) == (None, "!")
    assert "names no interface" in reading.torn[0]
