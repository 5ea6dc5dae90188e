"""The kernel's own files ``/proc/net/route`` and ``/proc/net/ipv6_route``: rows of hexadecimal numbers.

Written after fib_route_seq_show (net/ipv4/fib_trie.c) and rt6_info_route (net/ipv6/route.c), with the flags of
include/uapi/linux/route.h and ipv6_route.h. IPv4 addresses stand in the machine's own order of bytes: masks tell which
it is. They hold the main and local tables of IPv4 as one, and all tables of IPv6; of which a row is, they don't say.
"""

from __future__ import annotations

import re
from socket import AF_INET, AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Literal

from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, Route
from routewatch.host.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOUR = re.compile(
    r"(\S{1,15})\s+([0-9A-F]{8})\s+([0-9A-F]{8})\s+([0-9A-F]{4})\s+\d+\s+\d+\s+(-?\d{1,10})\s+([0-9A-F]{8})\s+\d+\s+\d+\s+\d+"
)
_SIX = re.compile(
    r"([0-9a-f]{32}) ([0-9a-f]{2}) ([0-9a-f]{32}) ([0-9a-f]{2}) ([0-9a-f]{32}) ([0-9a-f]{8}) [0-9a-f]{8} [0-9a-f]{8}"
    r" ([0-9a-f]{8}) +(\S{1,15})"
)
_LETTERS = {0x1: "U", 0x2: "G", 0x4: "H", 0x8: "R", 0x10: "D", 0x20: "M", 0x40000: "A"}
_REJECT = 0x200
_CACHE, _ANYCAST, _LOCAL = 0x01000000, 0x00100000, 0x80000000
_MULTICAST = "ff00::/8"
_NOTHING = "00000000"
_METRICS = 1 << 32
_HEADER = ["Iface", "Destination", "Gateway", "Flags"]

Order = Literal["little", "big"]


def is_header(line: str) -> bool:
    """Tell whether a line is the header of ``/proc/net/route``."""
    return line.split()[:4] == _HEADER and not any(letter.isdigit() for letter in line)


def is_row(line: str) -> bool:
    """Tell by its shape whether a line is a row of one of the two."""
    return _FOUR.fullmatch(line) is not None or _SIX.fullmatch(line) is not None


def read_routes(lines: Sequence[str]) -> tuple[list[Route], list[str]]:
    """Read rows: routes in order, and the lines that were not understood."""
    order = _order(lines)
    routes: list[Route] = []
    unparsed: list[str] = []
    for line in lines:
        four, six = _FOUR.fullmatch(line), _SIX.fullmatch(line)
        route = _four(four, order) if four else _six(six) if six else None
        if route is None:
            unparsed.append(line)
        else:
            routes.append(route)
    return routes, unparsed


def _order(lines: Sequence[str]) -> Order:
    """Tell the order of bytes: in the wrong one the ones of a mask are not all in front."""
    masks = {shape[6] for line in lines if (shape := _FOUR.fullmatch(line))}
    return "little" if all(cells.mask_length(_inet(mask, "little")) is not None for mask in masks) else "big"


def _inet(word: str, order: Order) -> str:
    return inet_ntop(AF_INET, int(word, 16).to_bytes(4, order))


def _four(shape: re.Match[str], order: Order) -> Route | None:
    name, flags = shape[1], int(shape[4], 16)
    length = cells.mask_length(_inet(shape[6], order))
    found = None if length is None else cells.prefix(f"{_inet(shape[2], order)}/{length}")
    if found is None or not (name == "*" or cells.is_name(name)):
        return None
    # A blackhole, or another that rejects, has no interface
    kind = "unreachable" if flags & _REJECT else "blackhole" if name == "*" else "unicast"
    return Route(
        family="inet",
        destination=found[1],
        gateway=None if shape[3] == _NOTHING else _inet(shape[3], order),
        interface=None if name == "*" else name,
        flags=_letters(flags),
        metric=int(shape[5]) % _METRICS,  # printed as a number with a sign
        type=kind,
        unwritable=() if kind == "unicast" else ("type not printed",),
    )


def _six(shape: re.Match[str]) -> Route | None:
    flags = int(shape[7], 16)
    destination, source = (_network(shape[at], shape[at + 1]) for at in (1, 3))
    if destination is None or source is None or flags & _CACHE or not cells.is_name(shape[8]):
        return None
    gateway = inet_ntop(AF_INET6, bytes.fromhex(shape[5]))
    kind, table = _kind(destination, flags)
    return Route(
        family="inet6",
        destination=destination,
        source=None if source == cells.EVERYTHING["inet6"] else source,
        gateway=None if gateway == "::" else gateway,
        interface=shape[8],
        flags=_letters(flags),
        metric=int(shape[6], 16),
        type=kind,
        table=table,
        protocol="kernel" if table == LOCAL_TABLE else None,
        unwritable=("type not printed",) if kind == "unreachable" else (),
    )


def _network(digits: str, length: str) -> str | None:
    found = cells.prefix(f"{inet_ntop(AF_INET6, bytes.fromhex(digits))}/{int(length, 16)}")
    return found and found[1]


def _kind(destination: str, flags: int) -> tuple[str, int]:
    if flags & _REJECT:
        return "unreachable", MAIN_TABLE
    if destination == _MULTICAST:
        return "multicast", LOCAL_TABLE
    if flags & _ANYCAST:
        return "anycast", LOCAL_TABLE
    return ("local", LOCAL_TABLE) if flags & _LOCAL else ("unicast", MAIN_TABLE)


def _letters(flags: int) -> str:
    """Return the flags in net-tools' letters."""
    return ("!" if flags & _REJECT else "") + "".join(letter for bit, letter in _LETTERS.items() if flags & bit)
