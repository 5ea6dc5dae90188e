"""Routing tables as netstat prints them on macOS, whole and in pieces: what each says, and what it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.macos.netstat import parse

if TYPE_CHECKING:
    from routewatch.core.model import Route

MACOS_14 = """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.7.1        UGScg                 en0       
default            link#22            UCSIg           bridge100      !
10.60/14           10.60.0.9          UGSc                utun5       
127                127.0.0.1          UCS                   lo0       
192.168.7          link#11            UCS                   en0      !
192.168.7.1/32     link#11            UCS                   en0      !
192.168.7.1        8:0:2b:1:2:c       UHLWIir               en0   1187
203.0.113.9        192.168.7.1        UGHS                  en0       
224.0.0            link#11            UmCS                  en0      !

Internet6:
Destination                             Gateway                                 Flags               Netif Expire
default                                 fe80::%utun0                            UGcIg               utun0       
fd00:60::/64                            utun5                                   USc                 utun5       
fe80::%utun5/64                         fe80::60:1%utun5                        UcI                 utun5       
fe80::60:1%utun5                        link#18                                 UHLI                  lo0       
fd00:60::5                              1a.2.e4.8.0.64                          UHL                   lo0       
"""  # noqa: W291 - netstat pads an empty Expire


def one(text: str) -> Route:
    """Return the only route of a text."""
    (route,) = parse(text).routes
    return route


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


def test_a_name_as_long_as_its_column_may_be_cut_and_is_marked() -> None:
    table = """\
Destination        Gateway            Flags        Refs      Use   Netif Expire
192.168.56         link#9             UC              1        0 vboxnet
192.168.64         link#9             UC              1        0 bridge1
"""

    assert [(route.interface, route.unwritable) for route in parse(table).routes] == [
        ("vboxnet", ("interface name cut",)),
        ("bridge1", ("interface name cut",)),
    ]


def test_a_name_that_ends_in_a_lone_zero_is_whole() -> None:
    # no interface is called bridge00: units have no leading zeros
    table = """\
Destination        Gateway            Flags        Refs      Use   Netif Expire
192.168.64         link#9             UC              1        0 bridge0
"""

    assert one(table).unwritable == ()


def test_a_name_shorter_than_its_column_is_whole_though_older_columns_would_have_cut_it() -> None:
    table = """\
Destination        Gateway            Flags               Netif Expire
192.168.64         link#9             UC                vmnet10      !
"""

    assert one(table).unwritable == ()


def test_without_a_header_the_row_itself_shows_how_wide_its_column_is() -> None:
    assert one("192.168.64         link#9             UC                vmnet10      !\n").unwritable == ()
    assert one("192.168.64         link#9             UC         vmnet10\n").unwritable == ("interface name cut",)
    assert one("192.168.64 link#9 UC vmnet10\n").unwritable == ("interface name cut",)


def test_flags_as_wide_as_their_column_may_be_cut() -> None:
    assert one("10.0.0.1           link#9             UGHDLSWbIi          utun4\n").unwritable == (
        "made by a redirect",
        "flags cut",
    )


def test_each_section_has_the_columns_of_its_own_header() -> None:
    table = """\
Internet:
Destination        Gateway            Flags        Refs      Use   Netif Expire
10.8/24            10.8.0.5           UGSc            3       17   utun2   1100

Internet6:
Destination                             Gateway                         Flags         Netif Expire
fd00:8::/64                             fe80::1%utun2                   UGSc          utun2   1100
"""

    assert [(route.interface, route.expires) for route in parse(table).routes] == [("utun2", 1100), ("utun2", 1100)]


def test_long_columns_with_an_interface_address_and_blank_cells_are_read() -> None:
    header = "Destination        Gateway            RT_IFA             Flags        Refs      Use    Mtu   Netif Expire"
    default = "default            192.168.7.1        192.168.7.20       UGSc           20      512   1500     en0"
    table = f"""\
{header}    rtt(ms) rttvar(ms) recvpipe sendpipe ssthresh
{default}{"131072":>38}
10.8/24            utun4              10.8.0.5           USc             0        0   1380   utun4    900      1.250
10.9/24            link#18            UCS             0        0          utun4      !
"""

    assert [(route.destination, route.flags, route.interface, route.expires) for route in parse(table).routes] == [
        ("0.0.0.0/0", "UGSc", "en0", None),
        ("10.8.0.0/24", "USc", "utun4", 900),
        ("10.9.0.0/24", "UCS", "utun4", "!"),
    ]


def test_a_table_made_without_n_yields_no_cut_address_and_no_network_without_length() -> None:
    table = """\
Internet6:
Destination        Gateway            Flags         Netif Expire
default            fe80::%utun0       UGcI          utun0
fe80::%utun0       fe80::123:4%utun0  UcI           utun0
fe80::feae:34ff:fe link#4             UHLI            lo0
fe80::1%lo0        link#1             UHLI            lo0
localhost          localhost          UHL             lo0
"""

    reading = parse(table)

    assert [(route.destination, route.zone) for route in reading.routes] == [("::/0", None), ("fe80::1/128", "lo0")]
    assert len(reading.unparsed) == 3


def test_a_piece_without_header_shows_by_its_networks_that_its_addresses_may_be_cut() -> None:
    table = "fe80::feae:34ff:fe link#4 UHLI lo0\nff02::%lo0 ::1 UmCI lo0\n"

    assert len(parse(table).unparsed) == 2


def test_long_columns_without_n_are_wider_and_cut_as_well() -> None:
    header = f"{'Destination':<39} {'Gateway':<31} {'Flags':<10} {'Refs':>6} {'Use':>8} {'Mtu':>6} {'Netif':>8} Expire"
    whole = f"{'fe80::20:1%utun0':<39} {'link#16':<31} {'UHLI':<10} {0:>6} {0:>8} {16384:>6} {'lo0':>8}"
    network = (
        f"{'fe80::%utun0':<39} {'fe80::20ee:71f3:192e:ac71%utun0':<31} {'UcI':<10} {0:>6} {0:>8} {2000:>6} {'utun0':>8}"
    )
    cut = f"{'default':<39} {'fe80::20ee:71f3:192e:ac71%bridg':<31} {'UGcI':<10} {0:>6} {0:>8} {1500:>6} {'bridge0':>8}"

    reading = parse(f"Internet6:\n{header}\n{cut}\n{whole}\n{network}\n")

    assert [route.destination for route in reading.routes] == ["fe80::20:1/128"]
    assert reading.unparsed == (cut, network)


def test_ipv6_rows_whose_header_was_left_out_are_not_taken_for_cut_ones() -> None:
    lines = [
        line
        for line in MACOS_14.splitlines()
        if line and not line.startswith(("Internet6:", "Destination  " + " " * 18))
    ]

    reading = parse("\n".join(lines) + "\n")

    assert reading.routes == parse(MACOS_14).routes
    assert not reading.unparsed


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
