"""Rows that somebody's window or mail wrapped: made whole again, where they can only be one row.

``unbroken`` is for any format: a terminal breaks within words. ``unwrapped`` is for netstat of the BSDs, whose cells
tell where a row goes on; of one that was cut within a word, and whose rest fits nowhere, nothing is believed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.macos import cells, rows
from routewatch.host.macos.columns import NONE, is_header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = re.compile(r"[\w.:%/]")
_NARROWEST = 60  # columns of a terminal
_MOST = 4  # lines of one row
_FLAGS = 2  # its column
# Flags, numbers, interface, expiry, as far as they are there
_REST = re.compile(
    r"!|(?:\w{1,10} +)?(?:(?:(?:\d[\d.]*|-|L) +)+[A-Za-z][\w.]*|[A-Za-z]*[\w.]*\d)(?: +(?:!|\d+))?", re.ASCII
)
_ANY_REST = re.compile(
    rf"^(?:{_REST.pattern}|(?:Flags|Refs|Use|Mtu|Netif|Expire|Interface|Prio|Iface)\b.*)$", re.ASCII | re.MULTILINE
)
_HEADER = frozenset({"Flags", "Refs", "Use", "Mtu", "Netif", "Expire", "Interface", "Prio", "Iface", "Nhop#"})


def unbroken(lines: Sequence[str], is_row: Callable[[str], bool], *, expires: bool = False) -> list[str]:
    """Put together what a terminal broke at its width: the longest lines, where the next is no row by itself.

    One that is a row as it stands was broken only where others were, too. A number is not put to another, which may be
    whole, and to nothing where rows end in a number of their own (``expires``).
    """
    width = max(map(len, lines), default=0)
    if width < _NARROWEST:
        return list(lines)
    seams = {
        at
        for at, (line, following) in enumerate(pairwise(lines), start=1)
        if len(line) == width > len(following)
        and _WORD.match(following)
        and not following.endswith(":")  # the title of a section
        and not (following.isdigit() and (expires or line[-1].isdigit()))
        and not is_row(following)
        and is_row(line + following)
    }
    found: list[str] = []
    for at, line in enumerate(lines):
        if at in seams and (len(seams) > 1 or not is_row(found[-1])):
            found[-1] += line
        else:
            found.append(line)
    return found


class Unwrapped(NamedTuple):
    """The lines with rows made whole, and those that were cut off."""

    lines: list[str]
    cut: list[str]


def unwrapped(lines: Sequence[str]) -> Unwrapped:
    """Put together what was one row, and set apart what is left of rows that were cut off."""
    lines = unbroken([line for line in lines if line], _is_row, expires=True)
    found = Unwrapped([], [])
    if not _ANY_REST.search("\n".join(lines)):
        return Unwrapped(lines, [])
    at = 0
    while at < len(lines):
        size = _size(lines[at : at + _MOST])
        line = lines[at] if size == 1 else " ".join(" ".join(lines[at : at + size]).split())
        at += size
        (found.cut if _is_cut(line, lines[at] if at < len(lines) else "") else found.lines).append(line)
    return found


def _is_row(line: str) -> bool:
    words = line.split()
    return _begins(words) and _is_whole(rows.row(line, NONE), words)


def _is_cut(line: str, following: str) -> bool:
    if not _REST.fullmatch(following):
        return False
    row = rows.row(line, NONE)
    if row is None or row.interface is None:
        return row is not None
    return not (row.interface[-1].isdigit() or following.isdigit())


def _size(lines: Sequence[str]) -> int:
    """Return how many of the lines are one: a row that is whole with the last of them, and not without."""
    if is_header(lines[0]):
        following = (size for size, line in enumerate(lines[1:], 1) if not _HEADER.issuperset(line.split()))
        return next(following, len(lines))
    if len(lines) == 1 or not _REST.fullmatch(lines[1]) or not _begins(lines[0].split()):
        return 1
    row, size = rows.row(lines[0], NONE), 1
    words = lines[0].split()
    while not _is_whole(row, words) and _REST.fullmatch("".join(lines[size : size + 1])):
        words += lines[size].split()
        row, size = rows.row(" ".join(words), NONE), size + 1
    if not _is_whole(row, words):
        return 1
    return size + (lines[size : size + 1] == ["!"])


def _is_whole(row: rows.Row | None, words: Sequence[str]) -> bool:
    return row is not None and row.interface is not None and words[_FLAGS] == row.flags


def _begins(words: Sequence[str]) -> bool:
    """Tell whether a line has a row's first two cells."""
    if len(words) < _FLAGS or not (words[0] == "default" or cells.family(words[0])):
        return False
    return cells.gateway(words[1]) is not None
