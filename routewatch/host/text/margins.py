"""What programs and people put in front of each line of a table: times, numbers, bullets, bars.

A margin is taken off only where the lines around have it as well, and where what is left can be a table: "10 link#4" is
a row, "22:fe80::/64" may be one. Knows how tables begin, not how they are read.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIME = re.compile(
    r"^\[?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} +\d{1,2} )?\d\d:\d\d:\d\d"
    r"(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:?(?: |$)"
    r"(?: *[\w.-]+ [\w./-]+\[\d+\]:(?: |$))?",  # syslog's host and program
    re.ASCII | re.MULTILINE,
)
_NUMBER = re.compile(r"^\[?(\d{1,6})(\](?= |$)|:|[.)](?= |$)| *\|(?= |$)|(?= |$)) *", re.ASCII | re.MULTILINE)
# In /proc/net/route a star stands where a route has no interface
_BULLET = re.compile(r"^([-*\u2022])(?: (?! *[0-9A-F]{8} )|$)", re.MULTILINE)
_BAR = re.compile(r"^((?:[\w.-]+ +)?[|\u2502])(?: |$)", re.ASCII | re.MULTILINE)  # "app_1 | " of container logs
_TITLE = re.compile(r"(?:default|Destination|Routing|Internet6?:|Kernel)(?:\s|$)")
_NETWORK = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,3}/\d{1,2}|\d{1,10}:\s+(?:not )?from)\s", re.ASCII)
_NETWORK6 = re.compile(r"[0-9a-f:]*:[0-9a-f:]*/\d{1,3}\s", re.ASCII)
_HOST = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,3}\s", re.ASCII)
_FLAGS = re.compile(r"\s[U!][A-Za-z0-9]{0,9}(?:\s|$)", re.ASCII)  # netstat's
_LOCAL = re.compile(r"\stable 255\b")
_LEAST = 3  # lines that are numbered one by one
# ``ip -N route`` prints types as numbers, RTN_LOCAL to RTN_THROW of linux/rtnetlink.h, in the table's order: they look
# like numbers of lines, but none of such rows has a gateway.
_TYPES = frozenset(range(2, 10))


class _Numbered(NamedTuple):
    at: int  # the line
    number: int
    mark: str
    rest: str


def without_margins(lines: Sequence[str]) -> list[str]:
    """Return the lines without what stands in front of each of them."""
    found, text = list(lines), "\n".join(lines)  # one search tells that most texts have no margins
    for kind in (_BAR, _TIME, _BULLET):
        if not kind.search(text):
            continue
        for at, rest in _alike(kind, found):
            found[at] = rest
    for run in _runs(found) if _NUMBER.search("\n".join(found)) else ():
        if _is_numbering(run):
            for each in run:
                found[each.at] = each.rest
    return found


def _alike(kind: re.Pattern[str], lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that have such a margin where their neighbour has the same: its place and what is left of it."""
    shapes = [(at, kind.match(line)) for at, line in enumerate(lines) if line]
    marks = [None if shape is None else shape.groups() for _, shape in shapes]
    for place, (at, shape) in enumerate(shapes):
        if shape is not None and shape.groups() in {*marks[max(place - 1, 0) : place], *marks[place + 1 : place + 2]}:
            yield at, lines[at][shape.end() :].strip(" |\u2502" if kind is _BAR else None)


def _runs(lines: Sequence[str]) -> Iterator[list[_Numbered]]:
    """Yield the lines, one after the other, that begin with a number larger than the one before."""
    run: list[_Numbered] = []
    for at, line in enumerate(lines):
        if not line:
            continue
        shape = _NUMBER.match(line)
        each = None if shape is None else _Numbered(at, int(shape[1]), shape[2], line[shape.end() :])
        if run and (each is None or each.number <= run[-1].number or each.mark.strip() != run[-1].mark.strip()):
            yield run
            run = []
        run += [] if each is None else [each]
    if run:
        yield run


def _is_numbering(run: Sequence[_Numbered]) -> bool:
    """Tell whether the numbers count lines: what is behind one of them can't be what is behind a number in a row."""
    rests = [each.rest for each in run if each.rest]
    mark = run[0].mark.strip()
    if not mark and _may_be_types(run):
        return False
    if len(rests) > 1 and any(_TITLE.match(rest) or _NETWORK.match(rest) for rest in rests):
        return True
    if not mark:  # a number in a row may have a gateway behind it, but no network
        return len(rests) >= _LEAST and any(map(_NETWORK6.match, rests))
    one_by_one = run[0].number == 1 and all(after.number == before.number + 1 for before, after in pairwise(run))
    is_told = mark == "|" or all(_HOST.match(rest) or cells.prefix(rest.partition(" ")[0]) for rest in rests)
    return len(rests) >= _LEAST and one_by_one and is_told


def _may_be_types(run: Sequence[_Numbered]) -> bool:
    """Tell whether bare numbers may be the types of routes: such rows have no gateway, and netstat prints no types."""
    rests = [each.rest for each in run]
    counted = any(" via " in rest or _FLAGS.search(rest) for rest in rests)
    return any(map(_LOCAL.search, rests)) or ({each.number for each in run} <= _TYPES and not counted)
