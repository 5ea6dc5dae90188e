"""What the columns of a table tell: which names and addresses were cut, and which cells were left out."""

from __future__ import annotations

from routewatch.host.macos.netstat import parse
from tests.host.macos.tables import MACOS_14, one


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
