"""Rows that a window, a terminal or a mail wrapped are whole again; what was cut off takes nothing from others."""

from __future__ import annotations

import pytest

from routewatch.host.text import read


def shown(text: str) -> list[tuple[str, str | None, str | None]]:
    return [(route.destination, route.gateway, route.interface) for route in read(text).routes]


def test_a_route_that_the_window_wrapped_is_whole_again() -> None:
    saved = read(
        "default via 192.168.7.1 dev wlan0 proto dhcp src\n192.168.7.50 metric 600\n"
        "10.44.0.0/24 dev tun0 proto kernel scope link src\n10.44.0.2\n"
        "192.168.7.0/24 dev wlan0 proto kernel scope link\nsrc 192.168.7.50 metric 600\n"
    )

    assert not saved.unparsed
    assert [(route.destination, route.preferred_source, route.metric) for route in saved.routes] == [
        ("0.0.0.0/0", "192.168.7.50", 600),
        ("10.44.0.0/24", "10.44.0.2", None),
        ("192.168.7.0/24", "192.168.7.50", 600),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "default via\n10.44.0.1 dev tun0",
        "10.45.0.0/16 via\n10.44.0.1 dev tun0 proto static",
        "default via\nfe80::1 dev tun0",
        "default proto static\nnexthop via 10.0.0.1 dev a weight 1\nnexthop via\n10.0.1.1 dev b weight 1",
    ],
)
def test_an_address_behind_a_line_that_ends_in_via_is_believed_neither_as_gateway_nor_as_destination(row: str) -> None:
    saved = read(f"192.168.7.0/24 dev wlan0 scope link\n{row}\n")

    assert [route.destination for route in saved.routes] == ["192.168.7.0/24"]
    assert saved.unparsed == tuple(row.split("\n"))


def test_a_route_whose_wrapped_rest_is_masked_is_no_route() -> None:
    assert read("192.168.7.0/24 dev wlan0 scope link\nsrc x.x.x.x metric 600\n").routes == ()


def test_a_route_that_was_cut_off_takes_the_next_one_not_with_it() -> None:
    saved = read("default via 192.168.7.1 dev wlan0 proto\n10.44.0.0/24 dev tun0\n")

    assert shown("default via 192.168.7.1 dev wlan0 proto\n10.44.0.0/24 dev tun0\n") == [("10.44.0.0/24", None, "tun0")]
    assert saved.unparsed == ("default via 192.168.7.1 dev wlan0 proto",)


def test_a_route_that_was_cut_off_is_not_ended_by_what_is_no_rest_of_it() -> None:
    lines = (
        "unreachable 2001:db8:7::/48 dev",
        "192.168.7          link#4             UCS               en0      !",
    )

    saved = read("default via 192.168.7.1 dev wlan0\n" + "\n".join(lines))

    assert saved.unparsed == lines
    assert len(saved.routes) == 1


def test_a_route_cut_off_behind_via_takes_no_gateway_from_the_next_one() -> None:
    saved = read("default via\n10.44.0.1 via 10.44.0.5 dev tun0\n")

    assert saved.unparsed == ("default via",)
    assert [(route.destination, route.gateway) for route in saved.routes] == [("10.44.0.1/32", "10.44.0.5")]


HEADER = """\
Internet6:
Destination                             Gateway                                 Flags
Netif Expire
"""


def test_rows_of_macos_that_mail_wrapped_are_whole_again() -> None:
    saved = read(
        HEADER
        + "default                                 fe80::%utun0\nUGcIg               utun0\n"
        + "fd00:60::/64                            utun5                                   USc\nutun5      !\n"
        + "fd00:61::/64                            utun5                                   USc               utun5\n!\n"
    )

    assert not saved.unparsed
    assert [(route.destination, route.flags, route.interface, route.expires) for route in saved.routes] == [
        ("::/0", "UGcIg", "utun0", None),
        ("fd00:60::/64", "USc", "utun5", "!"),
        ("fd00:61::/64", "USc", "utun5", "!"),
    ]


def test_a_row_of_macos_that_was_cut_within_its_flags_is_no_route() -> None:
    lines = ("fd00:60::/64                            utun5                                   US", "c         utun5")
    saved = read(HEADER + "\n".join(lines) + "\n")

    assert (saved.routes, saved.unparsed) == ((), lines)


def test_what_a_terminal_broke_at_its_width_is_put_together() -> None:
    row = "default via 192.168.7.1 dev wlp0s20f3 proto dhcp src 192.168.7.204 metric 600\n"
    other = "10.44.0.0/16 via 192.168.7.1 dev wlp0s20f3 proto static src 192.168.7.204 metric 70\n"

    broken = "".join(f"{line[:66]}\n{line[66:]}" for line in (row, other))
    assert read(broken).routes == read(row + other).routes


def test_a_word_below_a_row_that_is_whole_is_no_part_of_it() -> None:
    row = "10.71.0.0/16 via 192.168.7.1 dev wlan0 proto static src 192.168.7.204 congctl reno"
    saved = read(f"{row}\nok\n")

    assert saved.routes == read(row).routes
    assert saved.unparsed == ("ok",)


def test_the_title_of_the_next_section_is_no_part_of_the_last_rows_interface() -> None:
    row = "192.168.228.255    ff:ff:ff:ff:ff:ff  UHLWbI          0        5 vmnet1"
    other = "192.168.228.254    ff:ff:ff:ff:ff:ff  UHLWbI          0        5 vmnet1"

    assert {route.interface for route in read(f"{other}\n\nInternet6:\n{row}\n\nInternet6:\n").routes} == {"vmnet1"}


def test_an_expiry_below_a_row_is_no_part_of_its_interface() -> None:
    row = "192.168.56.97      c:0:27:0:e6:22      UHLWIi         10       41 vboxnet"

    assert [route.interface for route in read(f"{row}\n1179\n").routes] == ["vboxnet"]
