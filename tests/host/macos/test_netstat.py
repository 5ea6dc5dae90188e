"""Routing tables as netstat prints them on macOS, whole and in pieces: what each says, and what it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.macos.netstat import parse
from tests.host.macos.tables import MACOS_14, one

if TYPE_CHECKING:
    from routewatch.core.model import Route


def destinations(text: str) -> list[str]:
    """Return the destinations of a text, in its order."""
    return [route.destination for route in parse(text).routes]


def test_a_whole_table_is_read_in_its_order_and_nothing_is_left_over() -> None:
    reading = parse(MACOS_14)

    assert len(reading.routes) == 14
    assert not reading.unparsed
    assert not reading.torn
    assert reading.families == {"inet", "inet6"}


def test_networks_are_abbreviated_by_their_class() -> None:
    table = "".join(
        f"{printed:<18} link#4             UCS                   en0\n"
        for printed in ("default", "0/1", "0.0.2/23", "1", "10.8/24", "128.0/1", "169.254", "172.20/14", "192.168.0")
    )

    assert destinations(table) == [
        "0.0.0.0/0",
        "0.0.0.0/1",
        "0.0.2.0/23",
        "1.0.0.0/8",
        "10.8.0.0/24",
        "128.0.0.0/1",
        "169.254.0.0/16",
        "172.20.0.0/14",
        "192.168.0.0/24",
    ]


def test_a_host_and_a_network_of_one_address_are_two_routes() -> None:
    hosts = [route for route in parse(MACOS_14).routes if route.destination == "192.168.7.1/32"]

    assert [route.flags for route in hosts] == ["UCS", "UHLWIir"]


def test_a_default_with_h_is_the_host_zero_and_never_the_default_route() -> None:
    # netstat asks whether address and mask are zero before it asks whether it is a host
    assert one("default            link#4             UHLWIi                en0\n").destination == "0.0.0.0/32"


def test_four_octets_without_length_and_without_h_are_no_network() -> None:
    line = "192.168.7.0        link#4             UCS                   en0"

    assert parse(line + "\n").unparsed == (line,)


def test_a_mask_with_holes_is_no_destination() -> None:
    line = "10&0xff00          192.168.7.1        UGSc                  en0"

    assert parse(line + "\n").unparsed == (line,)


def test_zones_stand_beside_the_addresses() -> None:
    route = next(route for route in parse(MACOS_14).routes if route.destination == "fe80::/64")

    assert (route.zone, route.gateway, route.gateway_zone) == ("utun5", "fe80::60:1", "utun5")


def test_link_layer_addresses_have_colons_and_two_digits_whatever_the_table_does() -> None:
    links = [route.link for route in parse(MACOS_14).routes if route.link and ":" in route.link]

    assert links == ["08:00:2b:01:02:0c", "1a:02:e4:08:00:64"]


def test_an_address_of_dots_behind_a_name_is_a_link_layer_address() -> None:
    row = "10.0.0.1           bridge0:1a.2.e4.8.0.64 UHLWIi                en0\n"

    assert one(row).link == "1a:02:e4:08:00:64"


def test_an_interface_stands_for_the_gateway_of_a_tunnel() -> None:
    route = next(route for route in parse(MACOS_14).routes if route.destination == "fd00:60::/64")

    assert (route.link, route.gateway) == ("utun5", None)


def test_the_i_flag_makes_a_route_scoped() -> None:
    scoped = [route.interface for route in parse(MACOS_14).routes if route.scoped and route.destination == "0.0.0.0/0"]

    assert scoped == ["bridge100"]


def test_expiry_is_seconds_or_a_mark_or_nothing() -> None:
    assert [route.expires for route in parse(MACOS_14).routes[3:8]] == [None, "!", "!", 1187, None]


def test_a_static_reject_route_is_unreachable() -> None:
    assert one("10.8/24            127.0.0.1          UGSRc                 lo0\n").type == "unreachable"
    assert one("10.8/24            127.0.0.1          UGSBc                 lo0\n").type == "blackhole"


def test_an_arp_entry_that_failed_rejects_nothing_on_purpose() -> None:
    assert one("169.254.9.9        link#4             UHRLSW                en0      !\n").type == "unicast"
    assert one("203.0.113.9        192.168.7.1        UGHRWIg               en0\n").type == "unicast"


def test_a_default_in_a_section_that_holds_both_families_has_that_of_its_gateway() -> None:
    table = "Internet:\n10.8/24 10.8.0.5 UGSc utun4\ndefault fe80::%utun0 UGcIg utun0\nfd00::/64 utun4 USc utun4\n"

    assert [route.family for route in parse(table).routes] == ["inet", "inet6", "inet6"]


def test_a_gateway_that_was_not_printed_is_missing_and_the_route_marked() -> None:
    route = one("10.8/24                               UCS                   en0      !\n")

    assert (route.gateway, route.link, route.interface) == (None, None, "en0")
    assert route.unwritable == ("gateway not printed",)


def test_a_host_name_where_an_address_should_stand_is_not_understood() -> None:
    table = (
        "gateway1           192.168.7.1        UHS        en0\n10.8.0.9           router1            UGHS       en0\n"
    )

    assert len(parse(table).unparsed) == 2


def test_a_default_of_a_piece_has_the_family_of_its_gateway_its_layout_or_its_neighbours() -> None:
    inet, inet6 = "10.8/24 link#18 UCS utun4", "fd00:8::/64 link#18 UCS utun4"
    default = "default link#18 UCSIg utun4"
    padded = "default            link#18            UCSIg               utun4"

    def families(*lines: str) -> list[str]:
        return [route.family for route in parse("\n".join(lines) + "\n").routes]

    assert families("default fe80::1%en0 UGcg en0") == ["inet6"]
    assert families(default) == ["inet"]
    assert families(default, inet6) == ["inet6", "inet6"]
    assert families(inet, default) == ["inet", "inet"]
    assert families(inet, default, inet6) == ["inet", "inet6", "inet6"]
    assert families(padded, inet6) == ["inet", "inet6"]
    assert families(default + " " * 12, "default" + " " * 33 + "link#18 UCSIg utun4") == ["inet6", "inet6"]


def test_a_piece_keeps_its_meaning_with_blanks_squeezed_tabs_and_trailing_blanks() -> None:
    squeezed = "\n".join("\t".join(line.split()) + " \t " for line in MACOS_14.splitlines()) + "\n"

    def plain(text: str) -> list[Route]:
        return list(parse(text).routes)

    assert plain(squeezed) == plain(MACOS_14)


def test_the_same_table_twice_is_read_twice() -> None:
    assert len(parse(MACOS_14 + MACOS_14).routes) == 28


def test_a_note_behind_a_row_does_not_hide_the_row() -> None:
    assert one("10.8/24            10.8.0.5           UGSc       utun4   <-- still here\n").interface == "utun4"


def test_rows_of_other_families_and_what_is_no_row_are_returned() -> None:
    table = "Protocol Family 17:\nDestination Gateway Flags Netif\n1.2.3.4 link#4 UH en0\n\nInternet:\nsomething else\n"

    assert parse(table).unparsed == ("1.2.3.4 link#4 UH en0", "something else")
