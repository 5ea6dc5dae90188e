"""A text cut into sections, each of one format: told by headers and echoed commands, else by the shape of the lines."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from routewatch.host.macos import cells, rows
from routewatch.host.macos.columns import NONE
from routewatch.host.text import documents, ip_route, ip_rule, links, nettools, proc_net
from routewatch.host.text.echoes import Echo
from routewatch.host.text.prompts import echo, headed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# "bsd" is whatever isn't one of the others: netstat of macOS and the BSDs, and lines that nobody knows
Format = Literal["nettools", "route", "rule", "json", "links", "proc", "bsd"]

_BSD_HEADER = re.compile(
    r"Routing tables?\b.*|(?:Internet6?|Protocol Family \d+|Encap|MPLS):|Destination\s+Gateway\s.*"
)
_IPROUTE2 = re.compile(r"\s(?:dev|via|lookup|goto)\s")  # even a damaged line is none of netstat's with such a word


_SHAPES: dict[Format, Callable[[str], bool]] = {
    "rule": ip_rule.is_rule,
    "route": ip_route.is_route,
    "proc": proc_net.is_row,
}
_MOST_FAILURES = 100  # each costs the decoder a look at all that stands before it


class Section(Struct):
    """Lines of one format, with what was said of them before."""

    format: Format = "bsd"
    echo: Echo = Echo()
    layout: nettools.Layout | None = None
    headed: bool = False  # a header says what it is: then it is a table, be it empty
    whole: bool = True  # of a JSON document
    lines: list[str] = field(default_factory=list)
    objects: list[documents.Object] = field(default_factory=list)


def sections(lines: Sequence[str]) -> Iterator[Section]:
    """Cut the lines into sections, in order. Prompts, echoed commands and headers of Linux tables are left out."""
    lines = [part for line in lines for part in headed(line)]
    text = "\n".join(lines)
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    section, at, failed = Section(), 0, 0
    while at < len(lines):
        line = lines[at]
        if failed < _MOST_FAILURES and documents.begins(line):
            document, end = _document(text, starts[at], section.echo)
            if document is not None:
                yield section
                yield document
                section = Section(echo=section.echo)
                at = bisect_left(starts, end)  # the line after the document's last
                if rest := text[end : starts[at] - 1].strip():
                    section.lines.append(rest)
                continue
            failed += 1
        begun = _begun(line, section)
        if begun is not section:
            yield section
            section = begun
        at += 1
    yield section


def _document(text: str, start: int, told: Echo) -> tuple[Section | None, int]:
    objects, end, whole = documents.read_document(text, start)
    if not (objects or whole):
        return None, start
    return Section(format="json", echo=told, objects=objects, whole=whole), end


def _begun(line: str, section: Section) -> Section:
    """Return the section that a line belongs to, which may begin with it."""
    if not line:
        if section.format == "bsd":
            section.lines.append(line)
        # behind an empty line of a list of links nothing but another link belongs to it
        return Section(echo=section.echo) if section.format == "links" else section
    told = echo(line)
    if told is not None:
        return Section(echo=told)
    if links.is_header(line):
        section = section if section.format == "links" else Section(format="links")
        section.lines.append(line)
        return section
    if proc_net.is_header(line):
        return Section(format="proc", headed=True)
    layout = nettools.layout_of(line)
    if layout is not None or nettools.is_title(line):
        return Section(format="nettools", echo=section.echo, layout=layout, headed=True)
    if _BSD_HEADER.fullmatch(line) and "Genmask" not in line:
        section = section if section.format == "bsd" else Section(echo=section.echo)
        section.headed = True
    elif (found := _format(line, section)) != section.format:
        section = Section(format=found, echo=section.echo)
    section.lines.append(line)
    return section


def _format(line: str, section: Section) -> Format:
    known = next((name for name, is_one in _SHAPES.items() if is_one(line)), None)
    if known is not None:
        return known
    if section.headed or _goes_on(line, section):
        return section.format
    if _IPROUTE2.search(f" {line} "):
        return "route"
    if nettools.is_row(nettools.words_of(line)):
        return "nettools"
    return section.format


def _goes_on(line: str, section: Section) -> bool:
    """Tell whether a line that begins nothing belongs to the route or the link before."""
    if section.format == "links":
        row = rows.row(line, NONE)
        return row is None or not (row.destination == "default" or cells.family(row.destination))
    return section.format == "route" and ip_route.continues(line)
