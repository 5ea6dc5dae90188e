"""Policy rules as the kernel writes them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.evidence_against import is_kernel_made
from routewatch.core.model import PolicyRule
from routewatch.host.linux.rtnetlink.rules import decode_rule
from tests.host.linux.test_rtnetlink_routes import attr, ip, u32


def rule(*attributes: bytes, **header: int) -> PolicyRule:
    values = {"family": 2, "dst_len": 0, "src_len": 0, "tos": 0, "table": 0, "action": 1, "flags": 0} | header
    head = struct.pack(
        "=8BI",
        *(values[name] for name in ("family", "dst_len", "src_len", "tos", "table")),
        0,
        0,
        values["action"],
        values["flags"],
    )
    return decode_rule(head + b"".join(attributes), {})


def test_the_rule_of_wg_quick_is_read_field_by_field() -> None:
    mark = u32(10, 0xCA6C) + u32(16, 0xFFFFFFFF)
    suppressors = u32(13, 0xFFFFFFFF) + u32(14, 0xFFFFFFFF)

    assert rule(u32(6, 32765), mark, suppressors, u32(15, 51820), attr(21, b"\0"), flags=2) == PolicyRule(
        family="inet", priority=32765, inverted=True, fwmark=0xCA6C, table=51820, protocol="unspec"
    )


def test_a_suppressor_of_0_is_one() -> None:
    assert rule(u32(14, 0), u32(13, 3)).suppress_prefixlength == 0


def test_selectors_are_read() -> None:
    found = rule(
        ip(2, "10.1.0.0"),
        ip(1, "10.2.0.0"),
        attr(3, b"tun0\0"),
        attr(17, b"eth0\0"),
        attr(20, struct.pack("=II", 1000, 2000)),
        attr(22, b"\x06"),
        attr(23, struct.pack("=HH", 10, 20)),
        attr(24, struct.pack("=HH", 443, 443)),
        attr(29, struct.pack("=H", 0xFFFF)),
        src_len=16,
        dst_len=15,
        tos=16,
    )

    assert found == PolicyRule(
        family="inet",
        source="10.1.0.0/16",
        destination="10.2.0.0/15",
        iif="tun0",
        oif="eth0",
        uid_range=(1000, 2000),
        ip_protocol=6,
        source_ports=(10, 20),
        destination_ports=(443, 443),
        tos=16,
    )


def test_a_rule_that_jumps_has_no_table() -> None:
    found = rule(u32(4, 32766), action=2)

    assert (found.action, found.goto, found.table) == ("goto", 32766, None)


def test_a_mark_of_0_is_known_by_its_mask() -> None:
    assert (rule(u32(16, 0xFF)).fwmark, rule(u32(16, 0xFF)).fwmask) == (0, 0xFF)


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        (attr(12, bytes(8)), "tun_id"),
        (u32(11, 4), "realms"),
        (attr(29, b"\xf0\xff"), "dport mask"),
        (attr(25, b"\x08"), "dscp"),
        (attr(77, b""), "attribute 77"),
        (attr(20, b"\0"), "malformed range"),
        (b"\0", "malformed attributes"),
    ],
)
def test_what_has_no_field_is_named_as_unwritable(attribute: bytes, name: str) -> None:
    assert rule(attribute).unwritable == (name,)


def test_a_permanent_rule_is_not_to_be_deleted() -> None:
    assert rule(flags=1).unwritable == ("permanent",)


@given(st.binary(max_size=200))
def test_no_payload_raises(payload: bytes) -> None:
    decode_rule(payload, {})


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=40)), max_size=8))
def test_no_attribute_of_a_wrong_size_raises(attributes: list[tuple[int, bytes]]) -> None:
    rule(*(attr(kind, value) for kind, value in attributes), src_len=200, dst_len=200)


def test_the_rule_that_a_vrf_brings_along_is_the_kernels_own() -> None:
    # vrf_fib_rule() of drivers/net/vrf.c: FRA_L3MDEV, and no table but each VRF's own
    found = rule(u32(6, 1000), attr(21, b"\2"), attr(19, b"\1"), u32(13, 0xFFFFFFFF), u32(14, 0xFFFFFFFF))

    assert found == PolicyRule(family="inet", priority=1000, l3mdev=True, protocol="kernel")
    assert is_kernel_made(found)
