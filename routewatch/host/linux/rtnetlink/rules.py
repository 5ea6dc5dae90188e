"""Policy rules: the payload of RTM_NEWRULE and RTM_DELRULE as a ``PolicyRule``.

Numbers are those of include/uapi/linux/fib_rules.h. As with routes, nothing raises and nothing is lost: what has no
field is named in ``PolicyRule.unwritable``.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import PolicyRule
from routewatch.host.linux.rtnetlink import hops, words
from routewatch.host.linux.rtnetlink.messages import AF_INET, AF_INET6, MALFORMED, attributes, integer, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routewatch.core.model import Family

FIB_RULE_PERMANENT = 0x1  # the kernel refuses to delete it
FIB_RULE_INVERT = 0x2
# What becomes of a rule whose goto target or interface is missing: state, which nobody can write
_STATES = 0x4 | 0x8 | 0x10

FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_PRIORITY, FRA_FWMARK = 1, 2, 3, 4, 6, 10
FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_FWMASK, FRA_OIFNAME = 13, 14, 15, 16, 17
FRA_PAD, FRA_L3MDEV, FRA_UID_RANGE, FRA_PROTOCOL, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE = range(18, 25)

FRA_SPORT_MASK, FRA_DPORT_MASK = 28, 29

_KNOWN = frozenset({FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_PRIORITY, FRA_FWMARK, *range(13, 25), MALFORMED})
_WITHOUT_FIELD = {
    11: "realms",
    12: "tun_id",
    25: "dscp",
    26: "flowlabel",
    27: "flowlabel mask",
    FRA_SPORT_MASK: "sport mask",
    FRA_DPORT_MASK: "dport mask",
    30: "dscp mask",
}
# Linux 6.15 gives each rule for a single port the mask that it would have without one
_WHOLE_PORT = 0xFFFF
_ALL_BITS = 0xFFFFFFFF  # -1: no suppressor; and a mask that covers the whole mark

_HEADER = Struct("=BBBBBBBBI")
_UIDS = Struct("=II")
_PORTS = Struct("=HH")  # struct fib_rule_port_range is in the machine's byte order, unlike the packet's


class _Header(NamedTuple):
    """struct fib_rule_hdr."""

    family: int
    destination_length: int
    source_length: int
    tos: int
    table: int
    reserved: int
    reserved_too: int
    action: int
    flags: int


def decode_rule(payload: bytes, names: Mapping[int, str]) -> PolicyRule:
    """Read the payload of one rule message (struct fib_rule_hdr and its attributes). Never raises.

    ``names`` is not needed: rules name their interfaces themselves, whether they exist or not.
    """
    del names
    header = _Header(*_HEADER.unpack(payload[:12].ljust(12, b"\0")))
    found = attributes(payload, _HEADER.size)
    left = ["malformed message"] if len(payload) < _HEADER.size else []
    if header.family not in {AF_INET, AF_INET6}:
        left.append(f"family {header.family}")
    mark, mask = _number(found, FRA_FWMARK), _number(found, FRA_FWMASK)
    family: Family = "inet6" if header.family == AF_INET6 else "inet"
    return PolicyRule(
        family=family,
        priority=integer(found.get(FRA_PRIORITY, b"")),
        inverted=bool(header.flags & FIB_RULE_INVERT),
        source=_prefix(found.get(FRA_SRC), header.source_length, family, left),
        destination=_prefix(found.get(FRA_DST), header.destination_length, family, left),
        iif=text(found[FRA_IIFNAME]) if FRA_IIFNAME in found else None,
        oif=text(found[FRA_OIFNAME]) if FRA_OIFNAME in found else None,
        # The kernel writes no FRA_FWMARK for 0, but its mask (net/core/fib_rules.c): "fwmark 0/0xff" has a mask only
        fwmark=0 if mark is None and mask else mark,
        fwmask=None if mask in {None, _ALL_BITS} else mask,
        tos=header.tos or None,
        uid_range=_range(_UIDS, found.get(FRA_UID_RANGE), left),
        ip_protocol=_number(found, FRA_IP_PROTO) or None,
        source_ports=_range(_PORTS, found.get(FRA_SPORT_RANGE), left),
        destination_ports=_range(_PORTS, found.get(FRA_DPORT_RANGE), left),
        action=words.word(words.RULE_ACTIONS, header.action),
        table=(_number(found, FRA_TABLE) or header.table) or None,
        goto=_number(found, FRA_GOTO),
        suppress_prefixlength=_suppressor(found, FRA_SUPPRESS_PREFIXLEN),
        suppress_ifgroup=_suppressor(found, FRA_SUPPRESS_IFGROUP),
        l3mdev=bool(_number(found, FRA_L3MDEV)),
        protocol=words.word(words.PROTOCOL_WORDS, integer(found[FRA_PROTOCOL])) if FRA_PROTOCOL in found else None,
        unwritable=_unwritable(found, header.flags, left),
    )


def _prefix(value: bytes | None, length: int, family: Family, left: list[str]) -> str | None:
    return hops.prefix(value, length, family, left) if length else None


def _number(found: Mapping[int, bytes], kind: int) -> int | None:
    return integer(found[kind]) if kind in found else None


def _suppressor(found: Mapping[int, bytes], kind: int) -> int | None:
    number = _number(found, kind)
    return None if number == _ALL_BITS else number


def _range(layout: Struct, value: bytes | None, left: list[str]) -> tuple[int, int] | None:
    if value is None:
        return None
    if len(value) != layout.size:
        left.append("malformed range")
        return None
    first, last = layout.unpack(value)
    return first, last


def _unwritable(found: Mapping[int, bytes], flags: int, left: list[str]) -> tuple[str, ...]:
    if flags & FIB_RULE_PERMANENT:
        left.append("permanent")
    if rest := flags & ~(FIB_RULE_PERMANENT | FIB_RULE_INVERT | _STATES):
        left.append(f"flags {rest:#x}")
    if MALFORMED in found:
        left.append("malformed attributes")
    left.extend(_WITHOUT_FIELD.get(kind, f"attribute {kind}") for kind in found if _is_left(kind, found[kind]))
    return tuple(left)


def _is_left(kind: int, value: bytes) -> bool:
    if kind in {FRA_SPORT_MASK, FRA_DPORT_MASK}:
        return integer(value) != _WHOLE_PORT
    return kind not in _KNOWN
