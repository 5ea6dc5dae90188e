"""Lines of ``ip route`` and ``ip -6 route``: which of them make one route together, and of which family it is.

A route has lines of its own for its legs where it has several next hops, and more where somebody's window wrapped it.
What the words of a route say, ``ip_entry`` knows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from routewatch.host.text import cells
from routewatch.host.text.draft import Draft, NotUnderstoodError
from routewatch.host.text.ip_entry import draft_of, route_of
from routewatch.host.text.ip_words import FLAGS, KEYWORDS, kind_of
from routewatch.host.text.wrapped import unbroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routewatch.core.model import Family, Route
    from routewatch.host.text.echoes import Echo

_CONTINUES = frozenset({"nexthop", "nh_info", "cache"})
# What a line begins with that somebody's window wrapped
_WRAPPED = frozenset(
    {"via", "dev", "proto", "scope", "src", "metric", "mtu", "advmss", "hoplimit", "pref", "expires"}
    | {"onlink", "linkdown"}
)
_MOST_WRAPPED = 4  # lines of one route
_LEADS = frozenset({"via", "dev", "nexthop"})


def is_route(line: str) -> bool:
    """Tell by its first words whether a line is one of ``ip route``, be it damaged further on."""
    words = line.split(None, 3)
    first = 1 if words and kind_of(words[0]) else 0
    if len(words) <= first or not (words[first] == "default" or cells.prefix(words[first])):
        return False
    return len(words) == first + 1 or words[first + 1] in KEYWORDS or words[first + 1].startswith("\\")


def continues(line: str) -> bool:
    """Tell whether a line goes on with the route of the line before."""
    word = line.partition(" ")[0]
    return word in _CONTINUES or word in _WRAPPED


def read_routes(lines: Iterable[str], echo: Echo) -> tuple[list[Route], list[str]]:
    """Read the lines of one command's output: routes in order, and the lines that were not understood."""
    drafts: list[Draft] = []
    unparsed: list[str] = []
    for entry in _entries(unbroken(list(lines), lambda line: _is_whole([line], echo))):
        for part, draft in _parts(entry, echo):
            if draft is None:
                unparsed += part
            else:
                drafts.append(draft)
    return [route_of(draft, family) for draft, family in zip(drafts, _families(drafts, echo), strict=True)], unparsed


def _entries(lines: Iterable[str]) -> list[list[str]]:
    entries: list[list[str]] = []
    for line in lines:
        if entries and (continues(line) or (len(entries[-1]) < _MOST_WRAPPED and _ends_in(entries[-1][-1], line))):
            entries[-1].append(line)
        else:
            entries.append([line])
    return entries


def _parts(entry: list[str], echo: Echo) -> list[tuple[list[str], Draft | None]]:
    """Read an entry. Lines that don't make one route together were cut, not wrapped, and are read by themselves."""
    if any(_is_doubtful(before, line) for before, line in pairwise(entry)):
        return [(entry, None)]
    draft = _draft(entry, echo)
    seam = next((at for at, line in enumerate(entry[1:], start=1) if not continues(line)), None)
    if seam is None or (draft is not None and not draft.left):
        return [(entry, draft)]
    return [*_parts(entry[:seam], echo), *_parts(entry[seam:], echo)]


def _is_whole(entry: Sequence[str], echo: Echo) -> bool:
    draft = _draft(entry, echo)
    return draft is not None and not draft.left


def _draft(entry: Sequence[str], echo: Echo) -> Draft | None:
    try:
        return draft_of(entry, echo)
    except NotUnderstoodError:
        return None


def _ends_in(before: str, line: str) -> bool:
    """Tell whether a line before was wrapped behind a word whose value this one begins with, or may have been."""
    last = before.rpartition(" ")[2]
    if last not in _WRAPPED or last in FLAGS:
        return False
    return _is_doubtful(before, line) or not is_route(line) or _LEADS.isdisjoint(line.split())


def _is_doubtful(before: str, line: str) -> bool:
    """Tell whether an address behind "via" may be a gateway, or, where that was cut off, the next row's destination.

    "default via", "10.44.0.1 dev tun0" reads as well either way, and no window is so narrow: neither is believed.
    """
    return (
        before.rpartition(" ")[2] == "via" and cells.address(line.partition(" ")[0]) is not None and " via " not in line
    )


def _families(drafts: Sequence[Draft], echo: Echo) -> list[Family]:
    """Return the family of each: a default without an address is of the family of the rows around it."""
    told = [draft.family or echo.family for draft in drafts]
    before: Family | None = None
    known: list[Family | None] = [before := family or before for family in told]
    first: Family = next((family for family in known if family), "inet")
    return [family or first for family in known]
