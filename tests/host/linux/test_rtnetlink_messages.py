"""Netlink's framing."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.messages import MALFORMED, Message


def test_what_was_written_as_attributes_is_read_as_such() -> None:
    written = messages.attribute(1, b"abc") + messages.attribute(2, b"")

    assert messages.attributes(written) == {1: b"abc", 2: b""}


def test_the_bits_beside_an_attribute_type_are_no_part_of_it() -> None:
    assert messages.attributes(messages.attribute(0x8000 | 9, b"")) == {9: b""}


def test_an_impossible_length_ends_the_walk_and_the_rest_is_kept() -> None:
    assert messages.attributes(messages.attribute(1, b"") + b"\2\0\2\0") == {1: b"", MALFORMED: b"\2\0\2\0"}


def test_a_request_is_a_message() -> None:
    written = messages.request(messages.RTM_GETROUTE, messages.NLM_F_DUMP, 7, b"\2\0\0\0")

    assert list(messages.split(written)) == [Message(26, 0x301, 7, 0, b"\2\0\0\0")]


def test_an_error_is_told_in_the_kernels_own_words() -> None:
    said = messages.attribute(messages.NLMSGERR_ATTR_MSG, b"Invalid header\0")
    asked = struct.pack("=IHHII", 20, 26, 0x301, 1, 0) + bytes(4)
    error = struct.pack("=i", -22)

    whole = Message(messages.NLMSG_ERROR, messages.NLM_F_ACK_TLVS, 1, 0, error + asked + said)
    capped = Message(messages.NLMSG_ERROR, 0x300, 1, 0, error + asked[:16] + said)
    done = Message(messages.NLMSG_DONE, messages.NLM_F_ACK_TLVS, 1, 0, error + said)
    assert {messages.refusal(message) for message in (whole, capped, done)} == {(22, "Invalid header")}


def test_an_end_without_an_error_is_none() -> None:
    assert messages.refusal(Message(messages.NLMSG_DONE, 2, 1, 0, bytes(4))) == (0, "")
    assert messages.refusal(Message(messages.NLMSG_DONE, 2, 1, 0, b"")) == (0, "")


@given(st.binary(max_size=300))
def test_nothing_raises(received: bytes) -> None:
    for message in messages.split(received):
        messages.refusal(message)
    messages.attributes(received)
    messages.first_flags(received)
    messages.first_family(received)
    messages.text(received)
