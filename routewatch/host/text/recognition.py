"""A saved text read by what it says: which formats it holds, and what each of them tells.

Names of files and the machine we run on play no part. Nothing raises, and nothing is lost: each line that is no header,
prompt or echoed command is a route, a rule, a link, or in ``unparsed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.macos import netstat
from routewatch.host.text import ip_json, ip_route, ip_rule, links, nettools, own_json, proc_net
from routewatch.host.text.cleaning import lines_of
from routewatch.host.text.draft import NotUnderstoodError
from routewatch.host.text.saved import Found, Saved
from routewatch.host.text.sections import Section, sections
from routewatch.host.text.wrapped import unbroken, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routewatch.host.text.documents import Object


def read(text: str) -> Saved:
    """Read a text of any format, or of several one after the other."""
    found = Found()
    for section in sections(lines_of(text)):
        _READERS[section.format](section, found)
    return found.whole()


def _bsd(section: Section, found: Found) -> None:
    if not any(section.lines):
        return
    lines, cut = unwrapped(section.lines)
    # A text that people saved may lack its last line end: nothing was cut for that
    reading = netstat.parse("\n".join(lines) + "\n")
    found.unparsed += [*cut, *reading.unparsed]
    if section.headed or reading.routes:
        found.routes += reading.routes
        found.problems += reading.torn
        found.families |= reading.families
        found.platforms.append("macos")


def _nettools(section: Section, found: Found) -> None:
    for line in unbroken(section.lines, lambda line: nettools.row(line, section.layout) is not None):
        route = nettools.row(line, section.layout)
        if route is None:
            found.unparsed.append(line)
        else:
            found.routes.append(route)
    found.platforms.append("linux")
    if section.layout not in {None, "cache"}:
        found.families.add("inet6" if section.layout == "inet6" else "inet")


def _route(section: Section, found: Found) -> None:
    routes, unparsed = ip_route.read_routes(section.lines, section.echo)
    found.routes += routes
    found.unparsed += unparsed
    found.platforms += ["linux"] if routes else []


def _rule(section: Section, found: Found) -> None:
    rules, unparsed = ip_rule.read_rules(section.lines, section.echo)
    found.rules += rules
    found.unparsed += unparsed
    found.platforms += ["linux"] if rules else []


def _links(section: Section, found: Found) -> None:
    read, unparsed = links.read_links(section.lines)
    found.links += read
    found.unparsed += unparsed


def _proc(section: Section, found: Found) -> None:
    routes, unparsed = proc_net.read_routes(section.lines)
    found.routes += routes
    found.unparsed += unparsed
    found.families |= {"inet"} if section.headed else set()
    found.platforms.append("linux")


def _json(section: Section, found: Found) -> None:
    routes: list[Object] = []
    rules: list[Object] = []
    for each in section.objects:
        if own_json.is_snapshot(each):
            own_json.read_snapshot(each, found)
        elif ip_json.is_rule(each):
            rules.append(each)
        elif ip_json.is_route(each):
            routes.append(each)
        elif ip_json.is_link(each) and (link := ip_json.link(each)) is not None:
            found.links.append(link)
        elif each.pairs:  # ``ip -j`` prints {} for a row that a filter left out
            found.unparsed.append(each.text())
    if routes:
        _route(Section(echo=section.echo, lines=_said(routes, ip_json.route_line, found)), found)
    if rules:
        _rule(Section(echo=section.echo, lines=_said(rules, ip_json.rule_line, found)), found)
    found.platforms += [] if section.objects else ["linux"]
    if not section.whole:
        found.problems.append("a JSON document ends before its end")


def _said(objects: Sequence[Object], say: Callable[[Object], str], found: Found) -> list[str]:
    lines: list[str] = []
    for each in objects:
        try:
            lines.append(say(each))
        except NotUnderstoodError:
            found.unparsed.append(each.text())
    return lines


_READERS: dict[str, Callable[[Section, Found], None]] = {
    "bsd": _bsd,
    "nettools": _nettools,
    "route": _route,
    "rule": _rule,
    "json": _json,
    "links": _links,
    "proc": _proc,
}
