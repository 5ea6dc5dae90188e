"""The columns of one section of a BSD routing table, taken from its own header, or from a row where there is none.

netstat's widths tell the release that printed the table, and where a cell may have been cut. This module knows
headers and widths; it does not know what the cells mean. Source: WID_DST, WID_IF and pr_rthdr in netstat's route.c.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routewatch.core.model import Family

_WORD = re.compile(r"\S+")
NARROW = 18  # without -n every address column is this wide, and cut
# From the start of "Flags" to the end of "Netif", where nothing stands between them: the width of Netif.
# 13, 15, 16: FreeBSD and Mac OS X 10.5; 18, 19: up to macOS 11; 21: 12 and 13; 25: 14 and later
_NETIF_WIDTHS = {13: 6, 15: 8, 16: 8, 18: 7, 19: 8, 21: 10, 25: 14}
_LEAST_WIDE = 33  # FreeBSD's; NetBSD's is 34, macOS' 39
_FLAGS_WIDTH = 10
_ANY_NETIF_WIDTH = frozenset({7, 8, 10, 14})  # of the releases whose headers are not at hand
_LEAST_NETIF_WIDTH = 6
_COMPLETE_NAME = re.compile(r".*\D0", re.ASCII)


class Columns(NamedTuple):
    """What a header tells. Where there is none, as much of it is None or empty."""

    names: frozenset[str] = frozenset()
    destination_width: int | None = None
    gateway_width: int | None = None
    netif_width: int | None = None

    @property
    def narrow(self) -> bool:
        """Tell whether IPv6 addresses were cut to their column: a table made without -n."""
        return self.destination_width == NARROW

    @property
    def family(self) -> Family | None:
        """Guess the family by the width; None where both have this one."""
        return "inet6" if self.destination_width is not None and self.destination_width > NARROW else None

    @property
    def named_in_full(self) -> bool:
        """Tell whether interface names are never cut: NetBSD and OpenBSD print them last."""
        return "Interface" in self.names or "Iface" in self.names

    @property
    def beyond_expire(self) -> bool:
        """Tell whether further numbers may follow the expiry (-ll, -lll)."""
        return "rtt(ms)" in self.names


NONE = Columns()


def is_header(line: str) -> bool:
    """Tell whether a line is a header of columns."""
    begins = line.lstrip().startswith(("Destination", "Address")) and "Gateway" in line.split()
    return begins and not any(letter.isdigit() for letter in line)  # else rows follow without a line end


def columns(header: str) -> Columns:
    """Read a header. One whose blanks were squeezed tells the names, but no widths."""
    spans = {found[0]: found.span() for found in _WORD.finditer(header)}
    return Columns(frozenset(spans), _width(spans, "Destination"), _width(spans, "Gateway"), _netif_width(spans))


def may_be_cut(name: str, width: int | None) -> bool:
    """Tell whether an interface's name may be longer than what was printed.

    ``width`` is that of its column; where nobody knows it, a name as long as any release's column is suspect. A name
    is a word and a number without leading zeros (ifnet_attach), so a number that is 0 is all there is.
    """
    if _COMPLETE_NAME.fullmatch(name):
        return False
    return len(name) >= width if width is not None else len(name) in _ANY_NETIF_WIDTH


def measured_netif_width(row: str, flags: str, interface: str) -> int | None:
    """Measure the column of a row without header: None where its blanks tell nothing.

    An address that is longer than its column shifts all that follows, so only the distance from the flags counts.
    """
    words = [found.span() for found in _WORD.finditer(row) if found[0] in {flags, interface}]
    if len(words) < 2:  # noqa: PLR2004 - the flags and the interface
        return None
    width = words[-1][1] - words[-2][0] - _FLAGS_WIDTH - 1
    return width if width in _ANY_NETIF_WIDTH else None


def gateway_start(row: str) -> int | None:
    """Return where the second word of a row begins, counted from its first; None where the first fills its column."""
    first = row.split(None, 1)[0]
    padded = row.lstrip()[len(first) :]
    return len(first) + len(padded) - len(padded.lstrip()) if len(first) < NARROW else None


def looks_narrow(row: str) -> bool:
    """Tell by a row's own layout whether its first column is one of 18, padded."""
    return gateway_start(row) == NARROW + 1


def looks_wide(row: str) -> bool:
    """Tell by a row's own layout whether its first column is as wide as an IPv6 one."""
    return (gateway_start(row) or 0) > _LEAST_WIDE


def _width(spans: dict[str, tuple[int, int]], name: str) -> int | None:
    """Measure a column that is set left: up to where the next one begins."""
    start = spans.get(name, (0, 0))[0]
    following = min((span[0] for span in spans.values() if span[0] > start), default=start)
    width = following - start - 1
    return width if width >= NARROW else None


def _netif_width(spans: dict[str, tuple[int, int]]) -> int | None:
    if "Netif" not in spans or "Flags" not in spans:
        return None
    end = spans["Netif"][1]
    before = max((span for span in spans.values() if span[1] < end), default=None)
    if before is None:
        return None
    if before == spans["Flags"]:  # set left in its column
        return _NETIF_WIDTHS.get(end - before[0])
    width = end - before[1] - 1  # numbers are set right
    return width if width >= _LEAST_NETIF_WIDTH else None
