"""What the routing socket of macOS tells, from bytes as its kernel lays them out."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, ip_address

from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Route
from routewatch.host.macos import rtmsg
from routewatch.host.macos.rtmsg import Heard, Told

ANY = str(IPv4Address(0))
NAMES = {1: "lo0", 14: "en0", 23: "utun4"}
ADD, DELETE, CHANGE, GET, LOSING, MISS = 1, 2, 3, 4, 5, 7
NEWADDR, DELADDR, IFINFO, NEWMADDR, DELMADDR = 0xC, 0xD, 0xE, 0xF, 0x10
UP, GATEWAY, HOST, REJECT, DONE, CLONING, LLINFO, STATIC = 0x1, 0x2, 0x4, 0x8, 0x40, 0x100, 0x400, 0x800
BLACKHOLE, PRCLONING, WASCLONED, IFSCOPE, GLOBAL = 0x1000, 0x10000, 0x20000, 0x1000000, 0x40000000
UGSD = UP | GATEWAY | STATIC | DONE


def inet(address: str) -> bytes:
    return struct.pack("=BBH4s8x", 16, 2, 0, ip_address(address).packed)


def inet6(address: str, zone: int = 0, scope_id: int = 0) -> bytes:
    octets = ip_address(address).packed
    octets = octets[:2] + struct.pack(">H", zone) + octets[4:] if zone else octets
    return struct.pack("=BBHI16sI", 28, 30, 0, 0, octets, scope_id)


def link(index: int, name: str = "", mac: str = "", kind: int = 1) -> bytes:
    data = name.encode() + bytes.fromhex(mac.replace(":", ""))
    head = struct.pack(
        "=BBHBBBB", max(20, 8 + len(data)), 18, index, kind, len(name), len(mac.replace(":", "")) // 2, 0
    )
    return (head + data).ljust(20, b"\0")


def mask(length: int, address_at: int = 4) -> bytes:
    """Write a mask as the kernel cuts it: nothing behind the last byte that is not zero, and any family."""
    octets = ((1 << length) - 1 << (128 - length)).to_bytes(16, "big").rstrip(b"\0")
    return bytes([address_at + len(octets), 0xFF]).ljust(address_at, b"\0") + octets if octets else b"\0"


def message(kind: int, flags: int, *addresses: tuple[int, bytes], **header: int) -> bytes:
    present = sum(bit for bit, _ in addresses)
    body = b"".join(one.ljust(max(4, (len(one) + 3) & ~3), b"\0") for _, one in addresses)
    if addresses:  # msglen is not padded behind the last one
        body = body[: len(body) - max(4, (len(addresses[-1][1]) + 3) & ~3) + max(1, len(addresses[-1][1]))]
    index, pid, errno = (header.get(name, 0) for name in ("index", "pid", "errno"))
    head = struct.pack("=HBBHxxiiiii", 92 + len(body), 5, kind, index, flags, present, pid, 7, errno)
    return head.ljust(92, b"\0") + body


def heard(*messages: bytes) -> tuple[Heard, ...]:
    return rtmsg.read(b"".join(messages), NAMES).heard


def test_a_route_that_a_client_adds_is_heard_with_its_author() -> None:
    told = message(ADD, UGSD, (1, inet("10.20.0.0")), (2, inet("10.8.0.5")), (4, mask(16)), index=23, pid=4711)

    assert heard(told) == (
        Heard(
            "add",
            Route(family="inet", destination="10.20.0.0/16", gateway="10.8.0.5", interface="utun4", flags="UGS"),
            4711,
        ),
    )


def test_a_request_to_add_names_its_interface_by_its_gateway_only() -> None:
    """route(8) and configd send an index with a scoped route alone, and the kernel tells the request as it was."""
    by_name = message(ADD, UP | STATIC, (1, inet("10.20.0.0")), (2, link(0, "utun4")), (4, mask(16)))
    by_number = message(ADD, UP | STATIC, (1, inet("10.21.0.0")), (2, link(23)), (4, mask(16)))
    by_address = message(ADD, UGSD, (1, inet("10.22.0.0")), (2, inet("10.8.0.5")), (4, mask(16)))

    assert [one.route.interface for one in heard(by_name, by_number, by_address)] == ["utun4", "utun4", None]


def test_a_change_is_an_add_and_a_delete_is_a_delete() -> None:
    row = ((1, inet("10.20.0.0")), (4, mask(16)))

    assert [one.action for one in heard(*(message(kind, UP, *row) for kind in (CHANGE, DELETE, ADD)))] == [
        "add",
        "delete",
        "add",
    ]


def test_a_default_has_a_mask_of_no_length_at_all() -> None:
    row = message(ADD, UGSD, (1, inet(ANY)), (2, inet("192.168.7.1")), (4, b"\0"), (0x10, link(14, "en0")))

    assert heard(row)[0].route == Route(
        family="inet", destination="0.0.0.0/0", gateway="192.168.7.1", interface="en0", flags="UGS"
    )


def test_a_route_without_a_mask_leads_to_one_host() -> None:
    row = message(ADD, UGSD | HOST, (1, inet("203.0.113.7")), (2, inet("192.168.7.1")), index=14)

    assert heard(row)[0].route.destination == "203.0.113.7/32"
    assert heard(row)[0].route.flags == "UGHS"


def test_cut_masks_of_either_family_are_read() -> None:
    lengths4 = {n: heard(message(ADD, UP, (1, inet(ANY)), (4, mask(n))))[0].route for n in (0, 1, 23, 32)}
    lengths6 = {n: heard(message(ADD, UP, (1, inet6("::")), (4, mask(n, 8))))[0].route for n in (0, 1, 10, 64, 128)}

    assert [row.destination for row in lengths4.values()] == ["0.0.0.0/0", "0.0.0.0/1", "0.0.0.0/23", "0.0.0.0/32"]
    assert [row.destination for row in lengths6.values()] == ["::/0", "::/1", "::/10", "::/64", "::/128"]


def test_a_mask_with_holes_is_no_length_and_marks_the_route() -> None:
    row = message(ADD, UP, (1, inet("10.0.7.0")), (4, b"\x07\x02\0\0\xff\x00\xff"))

    assert heard(row)[0].route.unwritable == ("non-contiguous mask",)


def test_zones_are_moved_out_of_the_addresses_that_embed_them() -> None:
    row = message(ADD, UGSD | IFSCOPE, (1, inet6("fe80::", 23)), (2, inet6("fe80::1", 14)), (4, mask(64, 8)), index=23)

    assert heard(row)[0].route == Route(
        family="inet6",
        destination="fe80::/64",
        zone="utun4",
        gateway="fe80::1",
        gateway_zone="en0",
        interface="utun4",
        flags="UGSI",
        scoped=True,
    )


def test_a_zone_in_the_scope_id_or_of_a_gone_link_is_read_too() -> None:
    by_scope_id = message(ADD, UGSD, (1, inet6("fd00:20::")), (2, inet6("fe80::1", 0, 14)), (4, mask(48, 8)))
    gone = message(DELETE, UGSD, (1, inet6("ff02::", 99)), (4, mask(32, 8)))
    unscoped = message(ADD, UGSD, (1, inet6("fe80::")), (4, mask(10, 8)))

    assert heard(by_scope_id)[0].route.gateway_zone == "en0"
    assert heard(gone)[0].route.zone == "99"
    assert heard(unscoped)[0].route.zone is None


def test_link_gateways_are_said_as_netstat_says_them() -> None:
    gateways = (
        link(18),
        link(23, "utun4"),
        link(14, "en0", "02:00:00:00:00:0a", kind=6),
        link(20, mac="02:00:00:00:00:0b", kind=0xD1),
    )
    rows = heard(*(message(ADD, UP, (1, inet("10.0.0.0")), (2, one), (4, mask(8))) for one in gateways))

    assert [row.route.link for row in rows] == ["link#18", "utun4", "02:00:00:00:00:0a", "02:00:00:00:00:0b"]


def test_routes_that_refuse_are_of_their_type() -> None:
    row = ((1, inet("10.0.0.0")), (2, inet("127.0.0.1")), (4, mask(8)))

    assert [
        one.route.type
        for one in heard(*(message(ADD, flags, *row) for flags in (REJECT | STATIC, BLACKHOLE | STATIC, REJECT)))
    ] == [
        "unreachable",
        "blackhole",
        "unicast",
    ]


def test_failed_requests_misses_gets_and_entries_of_arp_and_clones_are_not_heard() -> None:
    row = ((1, inet("10.0.0.0")), (2, inet("10.8.0.5")))
    noise = [
        message(DELETE, UP | STATIC, *row, errno=3),
        *(message(kind, UP, *row) for kind in (GET, LOSING, MISS, 6, 0x11, 0x14, 250)),
        message(ADD, UP | HOST | LLINFO, *row),
        message(ADD, UP | HOST | WASCLONED, *row),
        message(NEWMADDR, 0),
        message(DELMADDR, 0),
    ]

    assert rtmsg.read(b"".join(noise), NAMES) == Told(messages=len(noise))


def test_links_and_addresses_that_change_are_told_as_such() -> None:
    for kind in (NEWADDR, DELADDR, IFINFO):
        assert rtmsg.read(struct.pack("=HBB", 20, 5, kind) + bytes(16), NAMES) == Told(links=True, messages=1)


def test_other_versions_are_passed_over_and_the_next_message_is_read() -> None:
    foreign = struct.pack("=HBB", 8, 4, ADD) + bytes(4)
    row = message(ADD, UP, (1, inet("10.0.0.0")), (4, mask(8)))

    assert [one.route.destination for one in heard(foreign, row)] == ["10.0.0.0/8"]


def test_what_was_cut_off_ends_quietly() -> None:
    whole = message(ADD, UGSD, (1, inet("10.20.0.0")), (2, inet("10.8.0.5")), (4, mask(16)), index=23)
    tails = [rtmsg.read(whole + whole[:n], NAMES) for n in range(len(whole))]
    shortened = [struct.pack("=H", n) + whole[2:n] for n in range(4, len(whole))]

    assert {len(told.heard) for told in tails} == {1}
    assert all(rtmsg.read(one, NAMES).messages == 1 for one in shortened)


def test_a_message_without_a_destination_of_ours_is_none() -> None:
    assert heard(message(ADD, UP), message(ADD, UP, (1, link(18))), message(ADD, UP, (1, b"\0"))) == ()


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    rtmsg.read(data, NAMES)


@given(
    st.sampled_from((ADD, DELETE, CHANGE)),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.binary(max_size=200),
)
def test_no_addresses_behind_a_good_header_raise(kind: int, flags: int, present: int, body: bytes) -> None:
    head = struct.pack("=HBBHxxiiiii", 92 + len(body), 5, kind, 3, flags, present, 1, 1, 0).ljust(92, b"\0")

    assert rtmsg.read(head + body, NAMES).messages == 1


@given(st.lists(st.tuples(st.sampled_from((2, 18, 30)), st.binary(max_size=30)), max_size=5))
def test_no_addresses_of_a_wrong_size_raise(bodies: list[tuple[int, bytes]]) -> None:
    addresses = [(1 << n, bytes([2 + len(rest), family]) + rest) for n, (family, rest) in enumerate(bodies)]

    rtmsg.read(message(ADD, UP, *addresses), NAMES)
