"""What people do to a table before they show it: masked, wrapped, flattened, marked up, noted upon."""

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


def shown(text: str) -> list[tuple[str, str | None, str | None]]:
    return [(route.destination, route.gateway, route.interface) for route in read(text).routes]


FLATTENED = {
    "netstat of a Mac": "Routing tables Internet: Destination Gateway Flags Netif Expire default 192.168.7.1 UGSc en0",
    "the header of a Mac": "Destination Gateway Flags Netif default 192.168.7.1 UGSc en0 10.8/24 10.8.0.1 UGSc utun3",
    "net-tools": "Destination Gateway Genmask Flags Metric Ref Use Iface 10.8.0.0 10.8.0.1 255.255.255.0 UG 0 0 0 tun0",
    "the title of net-tools": "Kernel IP routing table Destination Gateway Genmask Flags MSS Iface UH 0 0 0 lo",
    "IPv6 of net-tools": "Destination Next Hop Flag Met Ref Use If fe80::/64 :: U 256 1 0 eth0",
    "behind the command": "$ netstat -rn Routing tables Internet: Destination Gateway default 10.0.0.1 UGSc en0",
    "behind ip": "# ip route default via 192.168.7.1 dev eth0 10.8.0.0/24 dev tun0 proto kernel",
}


@pytest.mark.parametrize("kind", FLATTENED)
def test_a_table_without_its_line_ends_is_told_and_not_taken_for_a_header(kind: str) -> None:
    assert read(FLATTENED[kind] + "\n").unparsed == (FLATTENED[kind],)


@pytest.mark.parametrize(
    "row",
    [
        "default <redacted> UGSc en0",
        "fe80::%",
        "10.% link#4 UCS en0",
        "% fe80::%utun1 UGcI utun1",
        "10.8/24 % UGSc utun3",
        "$ 0:1:2:3:4:5 UHL en0",
        "<server> link#4 UCS en0",
        "10.8.0.0/24 <redacted>",
    ],
)
def test_a_row_with_a_masked_or_cut_address_is_told_and_not_taken_for_a_prompt(row: str) -> None:
    saved = read(f"Internet:\nDestination Gateway Flags Netif Expire\n10.9/24 10.9.0.1 UGSc utun3\n{row}\n")

    assert saved.unparsed == (row,)
    assert len(saved.routes) == 1


@pytest.mark.parametrize("row", ["% dev eth0 scope link", "default x 192.168.7.1 dev eth0", "10.8.0.1 % scope link"])
def test_a_masked_word_makes_no_other_route(row: str) -> None:
    saved = read(f"10.44.0.0/16 dev tun0\n{row}\n")

    assert saved.unparsed == (row,)
    assert len(saved.routes) == 1


def test_a_default_whose_gateway_was_taken_out_is_no_route() -> None:
    assert read("Internet:\nDestination Gateway Flags Netif\ndefault        UGSc     en0\n").routes == ()


def test_many_documents_that_are_none_cost_no_more_than_their_lines() -> None:
    lines = ['{"dst":"10.0.0.0/8",'] * 20_000
    saved = read("\n".join(lines))

    assert len(saved.unparsed) == len(lines)


def test_half_of_everything_is_printed_as_default_by_route_with_names() -> None:
    assert shown(
        "Kernel IP routing table\n"
        "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
        "default         10.44.0.5       128.0.0.0       UG    0      0        0 tun0\n"
        "default         192.168.7.1     0.0.0.0         UG    0      0        0 eth0\n"
    ) == [("0.0.0.0/1", "10.44.0.5", "tun0"), ("0.0.0.0/0", "192.168.7.1", "eth0")]


def test_a_reference_and_a_use_may_stand_without_a_blank_between_them() -> None:
    route = one(
        "Kernel IPv6 routing table\n"
        "Destination                    Next Hop                   Flag Met Ref Use If\n"
        "2001:db8:7::/64                ::                         U    256 12345678 eth1.10\n"
    )

    assert (route.destination, route.interface, route.metric) == ("2001:db8:7::/64", "eth1.10", 256)


@pytest.mark.parametrize("note", ["# vpn", "<--- this one", "// stays", "(why?)", "\u2190 stale!"])
def test_a_note_behind_a_row_is_no_part_of_it(note: str) -> None:
    for row in (
        "10.44.0.0/16 via 10.44.8.1 dev tun0",
        "10.44.0.0        10.44.8.1        255.255.0.0      UG    0      0        0 tun0",
        "10.44/16           10.44.8.1          UGSc            tun0",
    ):
        assert one(f"{row}   {note}\n") == one(f"{row}\n")


def test_an_address_that_ip_prints_for_no_gateway_is_none() -> None:
    assert one("local 2001:db8::5 via :: dev lo  table local  proto none  metric 0").gateway is None


def test_the_last_row_of_old_kernels_is_read_with_its_metric() -> None:
    row = "unreachable default dev lo  table unspec  proto kernel  metric -1  error -101"

    assert (one(row).destination, one(row).metric, one(row).type) == ("::/0", -1, "unreachable")


@pytest.mark.parametrize(
    "answer",
    [
        "203.0.113.9 via 192.168.7.1 dev eth0 src 192.168.7.5 uid 1000",
        "2001:db8::9 from :: via fe80::1 dev eth0 proto ra src 2001:db8::5 metric 100 pref medium",
    ],
)
def test_the_answer_of_ip_route_get_is_no_row_of_a_table(answer: str) -> None:
    saved = read(f"$ ip route get 203.0.113.9\n{answer}\n")

    assert (saved.routes, saved.unparsed) == ((), (answer,))


def test_a_sentence_names_no_interface() -> None:
    assert read("10.44.0.0/16 via 10.44.8.1 dev tun0, metric 50\n").routes == ()


def test_ip_rule_without_a_family_lists_those_of_ipv4() -> None:
    saved = read("% ip rule\n5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n")

    assert [rule.family for rule in saved.rules] == ["inet"]


TABLE = "default            192.168.7.1  UGSc    en0\n10.44/16           10.44.8.1    UGSc  utun3\n"
MARKED = {
    "a table of Markdown": "| Destination | Gateway | Flags | Netif |\n|---|:---:|---|---|\n"
    "| default | 192.168.7.1 | UGSc | en0 |\n| 10.44/16 | 10.44.8.1 | UGSc | utun3 |\n",
    "a table of HTML": "<table>\n<tr>\n<td>Destination</td> <td>Gateway</td><td>Flags</td><td>Netif</td>\n</tr>\n<tr>\n"
    "<td>default</td><td>192.168.7.1</td> <td>UGSc</td><td>en0</td><td></td>\n</tr>\n"
    "<tr><td>10.44/16</td> <td>10.44.8.1</td><td>UGSc</td><td>utun3</td></tr>\n</table>\n",
    "a list of code": "".join(f"* `{line}`\n" for line in TABLE.splitlines()),
}


@pytest.mark.parametrize("marked", MARKED)
def test_a_table_that_somebody_marked_up_is_read(marked: str) -> None:
    saved = read(MARKED[marked])

    assert not saved.unparsed
    assert shown(MARKED[marked]) == shown(TABLE)


def test_an_address_cut_by_a_table_with_names_makes_no_route_whatever_became_of_its_columns() -> None:
    saved = read(
        "Internet6:\nDestination Gateway Flags Netif Expire\n"
        "default fe80::21f:12ff:fe3 UGc en0\nlocalhost localhost UHL lo0\ndefault fe80::%utun0 UGcI utun0\n"
    )

    assert [route.gateway_zone for route in saved.routes] == ["utun0"]
    assert len(saved.unparsed) == 2


def test_a_gateway_of_ipv4_tells_the_family_of_a_default() -> None:
    assert one("default                                 192.168.7.1      UG   en0\n").family == "inet"
    assert read("Internet6:\nDestination Gateway Flags Netif Expire\n2001:db8::/32 192.168.7.1 UGSc en0\n").routes == ()
