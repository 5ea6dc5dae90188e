"""Netlink's framing: datagrams to messages, payloads to attributes, and requests to bytes.

It knows headers and lengths (netlink(7), include/uapi/linux/netlink.h), not what any message means. Reading is
tolerant: a length that can't be ends the walk, and what was left over is handed on under ``MALFORMED``.
"""

from __future__ import annotations

import sys
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# include/uapi/linux/netlink.h
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200
NLMSGERR_ATTR_MSG = 1
HEADER_SIZE = 16
# NLA_F_NESTED and NLA_F_NET_BYTEORDER are the two highest bits of an attribute's type
ATTRIBUTE_TYPE_MASK = 0x3FFF
ATTRIBUTE_HEADER_SIZE = 4

# include/uapi/linux/rtnetlink.h
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP = 104, 105, 106

# Address families as the kernel numbers them, whatever the platform these bytes are read on
AF_INET = 2
AF_INET6 = 10

BYTE_ORDER = sys.byteorder  # netlink speaks as the machine does
MALFORMED = -1  # the key of bytes that were no attribute

_HEADER = Struct("=IHHII")
_ATTRIBUTE = Struct("=HH")
_CONVERSATION = Struct("=II")


class Message(NamedTuple):
    """One netlink message: its header, and the bytes behind it."""

    type: int
    flags: int
    seq: int
    pid: int
    payload: bytes


def split(datagram: bytes) -> Iterator[Message]:
    """Yield the messages of a datagram, up to its end or to the first impossible length."""
    offset, end = 0, len(datagram)
    while offset + HEADER_SIZE <= end:
        length, kind, flags, seq, pid = _HEADER.unpack_from(datagram, offset)
        if length < HEADER_SIZE or offset + length > end:
            return
        yield Message(kind, flags, seq, pid, datagram[offset + HEADER_SIZE : offset + length])
        offset += aligned(length)


def attributes(payload: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the attributes from ``offset`` on by type; of a type that comes twice, the last (as the kernel reads)."""
    found: dict[int, bytes] = {}
    end = len(payload)
    unpack = _ATTRIBUTE.unpack_from
    while offset + ATTRIBUTE_HEADER_SIZE <= end:
        length, kind = unpack(payload, offset)
        if length < ATTRIBUTE_HEADER_SIZE or offset + length > end:
            break
        found[kind & ATTRIBUTE_TYPE_MASK] = payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    if offset < end:
        found[MALFORMED] = payload[offset:]
    return found


def integer(value: bytes) -> int:
    """Read an unsigned number in the machine's byte order, whatever its width."""
    return int.from_bytes(value, BYTE_ORDER)


def text(value: bytes) -> str:
    """Read a NUL-terminated string; bytes that are no UTF-8 are shown escaped."""
    return value.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def aligned(length: int) -> int:
    """Round up to the four bytes that netlink aligns to."""
    return (length + 3) & ~3


def attribute(kind: int, value: bytes) -> bytes:
    """Write one attribute with its padding."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def request(kind: int, flags: int, seq: int, body: bytes) -> bytes:
    """Write one request; the kernel fills in our port id."""
    return _HEADER.pack(HEADER_SIZE + len(body), kind, flags | NLM_F_REQUEST, seq, 0) + body


def conversation(seq: int, port: int) -> bytes:
    """Return the eight bytes that stand in the header of each answer to requests of this sequence and port."""
    return _CONVERSATION.pack(seq, port)


def first_flags(datagram: bytes) -> int:
    """Return the flags of the datagram's first message."""
    return integer(datagram[6:8])


def length_and_type(datagram: bytes, offset: int) -> tuple[int, int]:
    """Return what the header at the offset says; zeros where there is no room for one."""
    if offset + HEADER_SIZE > len(datagram):
        return 0, 0
    length, kind, _, _, _ = _HEADER.unpack_from(datagram, offset)
    return length, kind


def first_family(datagram: bytes) -> int | None:
    """Return the address family of the first entry (every rtnetlink header begins with it); None if there is none."""
    _, kind = length_and_type(datagram, 0)
    is_entry = len(datagram) > HEADER_SIZE and kind not in {NLMSG_DONE, NLMSG_ERROR}
    return datagram[HEADER_SIZE] if is_entry else None


def refusal(message: Message) -> tuple[int, str]:
    """Return errno (0 for none) and the kernel's own words, if any, of an NLMSG_ERROR or NLMSG_DONE."""
    number = -int.from_bytes(message.payload[:4], BYTE_ORDER, signed=True)
    if not message.flags & NLM_F_ACK_TLVS:
        return number, ""
    offset = 4
    if message.type == NLMSG_ERROR:  # the refused request follows, its header only where the kernel capped it
        offset += HEADER_SIZE if message.flags & NLM_F_CAPPED else aligned(integer(message.payload[4:8]))
    return number, text(attributes(message.payload, offset).get(NLMSGERR_ATTR_MSG, b""))
