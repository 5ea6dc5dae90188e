"""Rows of the BSDs' netstat that somebody's window or mail wrapped: made whole again, where they can only be one row.

netstat itself prints a row without an interface only before the first one that has a name (np_rtentry in its route.c).
Any other such row was cut off, and it is not believed: its flags may be cut as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.macos import cells, rows
from routewatch.host.macos.columns import NONE, is_header

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 4  # lines of one row
_FLAGS = 2  # its column
_HEADER = frozenset({"Flags", "Refs", "Use", "Mtu", "Netif", "Expire", "Interface", "Prio", "Iface", "Nhop#"})


class Unwrapped(NamedTuple):
    """The lines with rows made whole, and those that were cut off."""

    lines: list[str]
    cut: list[str]


def unwrapped(lines: Sequence[str]) -> Unwrapped:
    """Put together what was one row, and set apart what is left of rows that were cut off."""
    found = Unwrapped([], [])
    named = False  # a row before has an interface
    at = 0
    while at < len(lines):
        size = _size(lines[at : at + _MOST])
        line = lines[at] if size == 1 else " ".join(" ".join(lines[at : at + size]).split())
        row = rows.row(line, NONE)
        following = lines[at + size] if at + size < len(lines) else ""
        nameless = row is not None and row.interface is None
        (found.cut if nameless and (named or _is_fragment(following)) else found.lines).append(line)
        named = named or (row is not None and not nameless)
        at += size
    return found


def _size(lines: Sequence[str]) -> int:
    """Return how many of the lines are one: a row that is whole with the last of them, and not without."""
    if is_header(lines[0]):
        return 1 + (len(lines) > 1 and bool(lines[1]) and _HEADER.issuperset(lines[1].split()))
    if not _begins(lines[0]):
        return 1
    for size in range(2, len(lines) + 1):
        if not _is_fragment(lines[size - 1]):
            break
        words = " ".join(lines[:size]).split()
        row = rows.row(" ".join(words), NONE)
        if row is not None and row.interface is not None and words[_FLAGS] == row.flags:
            return size
    return 1


def _begins(line: str) -> bool:
    """Tell whether a line has a row's first two cells, and no interface behind them."""
    words = line.split()
    if len(words) < _FLAGS or not (words[0] == "default" or cells.family(words[0])):
        return False
    row = rows.row(line, NONE)
    return cells.gateway(words[1]) is not None and (row is None or row.interface is None)


def _is_fragment(line: str) -> bool:
    """Tell whether a line may be the rest of a row: neither a row, nor a header, nor the title of a section."""
    return bool(line) and rows.row(line, NONE) is None and not is_header(line) and not line.endswith(":")
