"""``netstat -nr`` of macOS (10.5 to 26) and of the other BSDs, whole or in pieces: text → routes.

It reads line by line: what each line is, which section it stands in, and at the end what the sections tell about
rows that don't say it themselves. Lines that are not understood are returned, never dropped, and nothing raises.
Prompts and echoes are taken off before. Rows are told apart in ``rows``, cells in ``cells``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import MAIN_TABLE, Family, Route
from routewatch.host.macos import columns as widths
from routewatch.host.macos import rows
from routewatch.host.macos.rows import Row, Section
from routewatch.host.macos.torn import disagreements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TITLE = re.compile(r"Routing tables(?: \(fib: (\d{1,9})\))?", re.ASCII)  # FreeBSD names the table (-F)
_SECTIONS: dict[str, Family] = {"Internet:": "inet", "Internet6:": "inet6"}
_OTHER_SECTION = re.compile(r"(?:Protocol Family \d+|IPX|XNS|ISO|AppleTalk|X\.25|Netgraph|MPLS|Encap):", re.ASCII)
_NAME = re.compile(r"(?!default$)[A-Za-z][A-Za-z-]*(?:[.][\w.-]*)?", re.ASCII)  # of a host
_OTHER_HEADERS = ("Source ", "In label ")  # OpenBSD's sections Encap and MPLS


class Reading(NamedTuple):
    """What a text holds. ``torn``: sentences why the table can't be relied on. ``families``: which sections it had."""

    routes: tuple[Route, ...]
    unparsed: tuple[str, ...]
    torn: tuple[str, ...]
    families: frozenset[Family]


class _Piece:
    """The lines under one header or section line."""

    def __init__(self, section: Section, number: int) -> None:
        self.section = section
        self.number = number  # of the table in the text
        self.foreign = False  # neither IPv4 nor IPv6
        self.lines: list[str] = []


def parse(text: str) -> Reading:
    """Read one or more tables, or pieces of such."""
    pieces = list(_pieces(text))
    routes: list[Route] = []
    unparsed: list[str] = []
    tables: dict[int, list[Route]] = {}
    families: set[Family] = {piece.section.family for piece in pieces if piece.section.family is not None}
    for piece in pieces:
        for line, route in _read(piece):
            if route is None:
                unparsed.append(line)
                continue
            routes.append(route)
            families.add(route.family)
            tables.setdefault(piece.number, []).append(route)
    torn = [*_shape(text, pieces, routes), *(why for table in tables.values() for why in disagreements(table))]
    return Reading(tuple(routes), tuple(unparsed), tuple(torn), frozenset(families))


def _pieces(text: str) -> Iterator[_Piece]:
    piece = _Piece(Section(widths.NONE, None), 0)
    for raw in text.split("\n"):
        line = raw.rstrip()
        word = line.strip()
        if not word:
            continue
        following = _following(piece, line, word)
        if following is None:
            piece.lines.append(line)
            continue
        yield piece
        piece = following
    yield piece


def _following(piece: _Piece, line: str, word: str) -> _Piece | None:
    """Return the piece that a line begins; None for a line of this one."""
    if word in _SECTIONS:
        return _Piece(Section(widths.NONE, _SECTIONS[word], piece.section.table), piece.number)
    if word[0] == "R" and (title := _TITLE.fullmatch(word)):
        table = int(title[1]) if title[1] and title[1] != "0" else MAIN_TABLE
        return _Piece(Section(widths.NONE, None, table), piece.number + 1)
    if widths.is_header(line):
        columns = widths.columns(line)
        family = piece.section.family if not piece.lines else None
        following = _Piece(piece.section._replace(columns=columns, family=family), piece.number)
        following.foreign = piece.foreign
        return following
    if _OTHER_SECTION.fullmatch(word) or (piece.foreign and word.startswith(_OTHER_HEADERS)):
        following = _Piece(Section(widths.NONE, None, piece.section.table), piece.number)
        following.foreign = True
        return following
    return None


def _read(piece: _Piece) -> Iterator[tuple[str, Route | None]]:
    """Yield each line of a piece with the route it makes."""
    if piece.foreign:
        yield from ((line, None) for line in piece.lines)
        return
    found = [rows.row(line, piece.section.columns) for line in piece.lines]
    section = piece.section._replace(cut=_cut(found, piece.section))
    if section.family is not None and _foreign_to(section.family, found):
        section = section._replace(family=None)  # the next section's line and header were left out
    families = _families(found, section)
    for line, row, family in zip(piece.lines, found, families, strict=True):
        yield line, None if row is None else rows.route(row, family, section)


def _cut(found: Sequence[Row | None], section: Section) -> tuple[int, int] | None:
    """Tell how long cut IPv6 cells are: None for rows printed with -n, where nothing is cut.

    Networks without a length, or columns of 18, show that it was without.
    """
    inet6 = [row for row in found if row is not None and rows.family_of(row) == "inet6"]
    longest = max((max(len(row.destination), len(row.gateway)) for row in found if row is not None), default=0)
    if longest <= widths.NARROW and any(row is not None and _NAME.fullmatch(row.destination) for row in found):
        return (widths.NARROW, widths.NARROW)  # names are printed without -n only, whatever became of the columns
    if any(max(len(row.destination), len(row.gateway)) > widths.NARROW for row in inet6):
        narrow = False  # the header above is that of IPv4
        cut = (section.columns.destination_width or 39, section.columns.gateway_width or 31)  # -l without -n
    else:
        narrow = section.columns.narrow or any(widths.looks_narrow(row.line) for row in inet6)
        cut = (widths.NARROW, widths.NARROW)
    return cut if narrow or any(not row.host and "/" not in row.destination for row in inet6) else None


def _foreign_to(family: Family, found: Sequence[Row | None]) -> bool:
    """Tell whether rows of the other family stand in a section."""
    return any(rows.family_of(row) not in {family, None} for row in found if row is not None)


def _families(found: Sequence[Row | None], section: Section) -> list[Family]:
    """Tell the family of each row.

    A bare ``default`` has that of its section line. Without one its gateway tells, its layout, or the rows around it:
    those behind it first, for defaults lead a section.
    """
    told = [None if row is None else _told(row, section) for row in found]
    behind: Family | None = None
    after: list[Family | None] = []
    for family in reversed(told):
        behind = family or behind
        after.append(behind)
    families: list[Family] = []
    for family, following in zip(told, reversed(after), strict=True):
        before = families[-1] if families else None
        families.append(family or following or before or section.columns.family or "inet")
    return families


def _told(row: Row, section: Section) -> Family | None:
    family = rows.family_of(row)
    if family is not None:
        return family
    if rows.family_of_gateway(row) == "inet":
        return "inet"  # no IPv6 route has such a gateway
    if widths.looks_wide(row.line):
        return "inet6"
    known = section.family or section.columns.family or rows.family_of_gateway(row)
    if known is None and widths.looks_narrow(row.line) and section.cut is None:
        return "inet"  # with -n an IPv6 column is wider
    return known


def _shape(text: str, pieces: Sequence[_Piece], routes: Sequence[Route]) -> Iterator[str]:
    """Yield why the text as a whole can't be relied on."""
    if not routes:
        yield "no row could be read" if any(piece.lines for piece in pieces) else "the table is empty"
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        headed = following is not None and following.section.columns.names and following.number == piece.number
        if piece.section.family is not None and not piece.lines and not headed and routes:
            yield f"the {piece.section.family} section is empty"
    if text and not text.endswith("\n"):
        yield "the last line is not ended: the table may have been cut short"
