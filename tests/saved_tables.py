"""What the tests ask of saved tables: which rows are called orphaned, and which missing.

Tables are texts, one row a line: those of macOS as its netstat prints them, those of Linux as ``ip route`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.core.saved import Saved, judged
from routewatch.core.verdict import Finding, Verdict
from tests import build, build_macos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routewatch.core.model import Route
    from routewatch.core.snapshot import Snapshot


class Incident(NamedTuple):
    """A story in tables, with the right answer."""

    why: str  # what happened, and why that is the answer
    after: str
    during: str | None = None
    before: str | None = None
    orphans: str = ""
    missing: str = ""


def macos(incident: Incident) -> None:
    """Judge an incident on macOS, and compare with its answer."""
    _check(build_macos.saved(incident.after, during=incident.during, before=incident.before), incident, build_macos.row)


def linux(incident: Incident) -> None:
    """Judge an incident on Linux, and compare with its answer."""
    _check(saved(incident.after, during=incident.during, before=incident.before), incident, build.route)


def _check(tables: Saved, incident: Incident, read: Callable[[str], Route]) -> None:
    found = judged(tables)
    rows = {name: _rows(found, Verdict(name)) for name in ("orphaned", "missing")}
    wanted = {"orphaned": _lines(incident.orphans, read), "missing": _lines(incident.missing, read)}
    assert rows == wanted, "\n".join([incident.why, *map(_told, found)])


def _rows(found: Iterable[Finding], verdict: Verdict) -> set[Route]:
    return {finding.route for finding in found if finding.route is not None and finding.verdict is verdict}


def _told(finding: Finding) -> str:
    row = finding.route
    where = "" if row is None else f"{row.destination} {row.gateway or row.link or ''} {row.interface} {row.flags}"
    return f"  {finding.verdict} {where}: {finding.rule} {finding.evidence} {finding.against}"


def _lines(text: str, read: Callable[[str], Route]) -> set[Route]:
    return {read(line) for line in text.splitlines() if line.strip()}


def table(text: str) -> Snapshot:
    """Return a saved table of Linux."""
    routes = tuple(build.route(line.strip()) for line in text.splitlines() if line.strip())
    return replace(build.snapshot(routes=routes), processes_seen=False)


def saved(after: str, *, during: str | None = None, before: str | None = None) -> Saved:
    """Return what somebody saved on Linux."""
    return Saved(
        after=table(after),
        during=None if during is None else table(during),
        before=None if before is None else table(before),
    )
