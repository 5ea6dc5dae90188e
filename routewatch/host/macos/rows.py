"""One row of a BSD routing table: its words told apart, and the route they make.

netstat leaves cells out instead of filling them, and moves the rest along where an address is too long. So a row is
read by what its words look like: destination, gateway, flags, then numbers, the interface, and its expiry. It does
not know its neighbours: the family of a bare ``default`` and whether its table was printed without -n come from there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import MAIN_TABLE, Route
from routewatch.host.macos import cells
from routewatch.host.macos.columns import Columns, may_be_cut, measured_netif_width

if TYPE_CHECKING:
    from routewatch.core.model import Family

# Letters of bits[] in netstat's route.c and show.c of all BSDs; the first is U but for OpenBSD's routes that are down
_FLAGS = re.compile(r"[UGHRBDMCLSb][UGHRDMmdCXLS12Wc3BbIiYrgPpJTnhlFaAx]*", re.ASCII)
# References, uses, MTU; OpenBSD and NetBSD write "-" for none and L for a locked one
_NUMBER = re.compile(r"\d+L?|-|\d+\.\d+", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z_][\w.:-]*", re.ASCII)
_MASK = re.compile(r"255\.[\d.]+|0\.0\.0\.0", re.ASCII)
_REMARK = (
    "<",
    "#",
    "(",
    "[",
    "*",
    "=>",
    "//",
    "--",
    '"',
    "\u2190",
    "\u2013",
    "\u2014",
)  # somebody's note behind a row, OpenBSD's label, 4.4BSD's "=>"
_FLAGS_WIDTH = 10
_LONGEST_ROW = 1000  # with -lll and -W it is less than 300; no cell of a longer line is worth looking at
_LONGEST_NUMBER = 10
_EXPIRE_WIDTH = 7
# What route(8) has no word for: a route with one of these could not be put back as it was
_NO_WORD_FOR = {"D": "made by a redirect", "M": "changed by a redirect", "Y": "proxy"}


class Row(NamedTuple):
    """The words of a row, told apart."""

    line: str
    destination: str
    gateway: str
    flags: str
    interface: str | None
    expires: int | str | None

    @property
    def host(self) -> bool:
        """Tell whether it leads to one address (RTF_HOST)."""
        return "H" in self.flags


class Section(NamedTuple):
    """What is known of the rows around a row."""

    columns: Columns
    family: Family | None  # of its section line, where there was one
    table: int = MAIN_TABLE
    cut: tuple[int, int] | None = None  # printed without -n: destinations and gateways this long are cut


def row(line: str, columns: Columns) -> Row | None:
    """Tell the words of a row apart; None for what is no row."""
    words = line.split() if len(line) < _LONGEST_ROW else []
    if "Address" in columns.names and len(words) > 3 and _FLAGS.fullmatch(words[3]):  # noqa: PLR2004 - 4.4BSD's -A
        words = words[1:]
    position = _flags_position(words)
    if position is None:
        return None
    rest = words[position + 1 :]
    named = next((n for n, word in enumerate(rest) if not _is_number(word, rest[n + 1 :])), len(rest))
    if position == 1 and "G" in words[1]:
        return None  # a gateway that is an address is never left out: somebody removed it
    interface, behind = (rest[named], rest[named + 1 :]) if named < len(rest) else (None, [])
    if interface == "!":  # the name is missing: its index had none, and there was no row before
        interface, behind = None, rest[named:]
    if interface is not None and not _INTERFACE.fullmatch(interface):
        return None
    if behind and not (_is_expiry(behind[0]) or _NUMBER.fullmatch(behind[0]) or behind[0].startswith(_REMARK)):
        return None
    expires = _expiry(line, interface, behind, columns)
    return Row(line, words[0], words[1] if position > 1 else "", words[position], interface, expires)


def route(row: Row, family: Family, section: Section) -> Route | None:
    """Make a route of a row; None where a cell can't be understood or may be cut."""
    if family == "inet":
        destination = cells.inet_destination(row.destination, host=row.host)
    else:
        if section.cut is not None and (len(row.destination) >= section.cut[0] or len(row.gateway) >= section.cut[1]):
            return None
        destination = cells.inet6_destination(row.destination, host=row.host)
    gateway = cells.gateway(row.gateway) if row.gateway else cells.Gateway()
    if destination is None or gateway is None or _is_host_name(row, gateway):
        return None
    if family == "inet6" and gateway.address is not None and ":" not in gateway.address:
        return None  # the other way round FreeBSD and Linux have such routes (RFC 5549)
    return Route(
        family=family,
        destination=destination.prefix,
        zone=destination.zone,
        gateway=gateway.address,
        gateway_zone=gateway.zone,
        link=gateway.link,
        interface=row.interface,
        flags=row.flags,
        scoped="I" in row.flags,
        expires=row.expires,
        table=section.table,
        type=_type(row.flags),
        unwritable=_unwritable(row, section.columns),
    )


def family_of(row: Row) -> Family | None:
    """Tell a row's family by its destination; None for a bare ``default``."""
    return cells.family(row.destination)


def family_of_gateway(row: Row) -> Family | None:
    """Tell a row's family by the address of its gateway; None where that is a link."""
    gateway = cells.gateway(row.gateway)
    if gateway is None or gateway.address is None:
        return None
    return "inet6" if ":" in gateway.address else "inet"


def _flags_position(words: list[str]) -> int | None:
    """Find the flags: the third word, or the fourth behind an interface address (RT_IFA of -l).

    They are the second where netstat printed a gateway of an Ethernet without address: as nothing.
    """
    if len(words) > 2 and _FLAGS.fullmatch(words[2]):  # noqa: PLR2004 - behind destination and gateway
        return 2
    if len(words) > 3 and _FLAGS.fullmatch(words[3]) and not _MASK.fullmatch(words[2]):  # noqa: PLR2004 - and RT_IFA
        return 3 if cells.gateway(words[2]) is not None else None
    return 1 if len(words) > 1 and _FLAGS.fullmatch(words[1]) else None


def _is_number(word: str, behind: list[str]) -> bool:
    if word == "L":  # OpenBSD's mark of a locked MTU stands by itself, before the priority and the interface
        return bool(behind)
    return _NUMBER.fullmatch(word) is not None


def _is_expiry(word: str) -> bool:
    return word == "!" or (word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER)


def _expiry(line: str, interface: str | None, behind: list[str], columns: Columns) -> int | str | None:
    if not behind or not _is_expiry(behind[0]) or columns.named_in_full:
        return None
    if columns.beyond_expire and interface is not None:
        # an empty Expire and an empty rtt leave a socket's buffer sizes next to the interface: their place tells
        _, _, after = line.rpartition(f" {interface} ")
        if after and behind[0] not in after[: _EXPIRE_WIDTH - 1]:
            return None
    return "!" if behind[0] == "!" else int(behind[0])


def _is_host_name(row: Row, gateway: cells.Gateway) -> bool:
    """Tell whether what looks like an interface's name is a host's: with G the gateway is an address."""
    return (
        gateway.link is not None
        and gateway.link == row.gateway
        and "G" in row.flags
        and not row.gateway.startswith("link#")
    )


def _type(flags: str) -> str:
    """Return what becomes of packets.

    R and B alone don't tell: the kernel sets R on ARP and ND entries that failed (L), and clones have their parent's.
    """
    if "S" not in flags or "L" in flags or "W" in flags:
        return "unicast"
    return "blackhole" if "B" in flags else "unreachable" if "R" in flags else "unicast"


def _unwritable(row: Row, columns: Columns) -> tuple[str, ...]:
    reasons = [_NO_WORD_FOR[letter] for letter in row.flags if letter in _NO_WORD_FOR]
    if not row.gateway:
        reasons.append("gateway not printed")
    if len(row.flags) >= _FLAGS_WIDTH:
        reasons.append("flags cut")
    if row.interface is not None and not columns.named_in_full and _may_be_cut(row.interface, row, columns):
        reasons.append("interface name cut")
    return tuple(reasons)


def _may_be_cut(interface: str, row: Row, columns: Columns) -> bool:
    if columns.netif_width is not None:
        return may_be_cut(interface, columns.netif_width)
    if not may_be_cut(interface, None):
        return False
    return may_be_cut(interface, measured_netif_width(row.line, row.flags, interface))
