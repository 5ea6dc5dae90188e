"""Findings: as objects of the JSON, and as lines that give each row its verdict and its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.model import Route
from routewatch.core.verdict import Finding, Verdict
from routewatch.render.evidence import codes, explained
from routewatch.render.folding import folded, rows_text, way
from routewatch.render.objects import Object, process_text, route_object, rule_object
from routewatch.render.routes import printable, rule_text, text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from routewatch.core.model import Author, PolicyRule

MARKS = {Verdict.ORPHANED: "-", Verdict.MISSING: "+", Verdict.UNCERTAIN: "?", Verdict.EXPECTED: " "}


def finding_object(finding: Finding) -> Object:
    """Return a finding; ``confidence`` is null where the verdict carries none."""
    carries = finding.verdict in {Verdict.ORPHANED, Verdict.MISSING}
    return {
        **row_object(finding.row),
        "verdict": str(finding.verdict),
        "confidence": finding.confidence if carries else None,
        "rule": finding.rule,
        "because": finding.because,
        "evidence": list(finding.evidence),
        "against": list(finding.against),
        "session": finding.session,
        "author": author_object(finding.author),
    }


def row_object(row: Route | PolicyRule) -> Object:
    """Return a route or a rule under the keys ``target``, ``route`` and ``policy_rule``."""
    if isinstance(row, Route):
        return {"target": "route", "route": route_object(row), "policy_rule": None}
    return {"target": "policy_rule", "route": None, "policy_rule": rule_object(row)}


def author_object(author: Author | None) -> Object | None:
    """Return who asked for a change: the process and those that started it, nearest first."""
    if author is None or author.kind == "unknown":
        return None
    return {
        "kind": author.kind,
        "process": process_text(author.process) if author.process else None,
        "ancestors": [process_text(process) for process in author.ancestors],
    }


def author_text(author: Author | None) -> str:
    """Return who asked for a change in a few words: "by ip[812] of openvpn[790]"."""
    if author is None or author.kind == "unknown":
        return ""
    if author.process is None:
        return f"by {author.kind}"
    parents = [process_text(process) for process in author.ancestors[:1]]
    return printable(" of ".join([f"by {process_text(author.process)}", *parents]))


def row_text(row: Route | PolicyRule) -> str:
    """Return a row in ip's words, with the family where the words don't tell it."""
    if isinstance(row, Route):
        return text(row)
    return f"rule {rule_text(row)}" + (" (IPv6)" if row.family == "inet6" else "")


def finding_text(finding: Finding, *, verbose: bool = False) -> str:
    """Return the lines of one finding: the row, and below it why; ``verbose`` says what each code stands for."""
    return _lines(finding, row_text(finding.row), verbose=verbose)


def _lines(finding: Finding, said: str, *, verbose: bool) -> str:
    confidence = f", {finding.confidence}" if finding.verdict in {Verdict.ORPHANED, Verdict.MISSING} else ""
    pieces = codes(finding.evidence, finding.against)
    whose = f", session {finding.session}" if finding.session else ""
    ruling = f"{finding.rule}{whose}{'; ' + pieces if pieces else ''}"
    lines = [f"{MARKS[finding.verdict]} {said}", f"    {finding.verdict}{confidence}: {finding.because} [{ruling}]"]
    if verbose:
        lines += [f"      {line}" for line in explained(finding.evidence, finding.against)]
    return "\n".join(lines)


def findings_text(findings: Iterable[Finding], *, verbose: bool = False) -> list[str]:
    """Return the lines of each finding; of many that are one but for their destinations, those of one."""
    found = [[finding] for finding in findings] if verbose else gathered(findings)
    return [_lines(kin[0], kin_text(kin), verbose=verbose) for kin in found]


def gathered(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Gather the findings that are one but for their destinations: of one session, one way and one reason."""
    return folded(findings, _kind)


def _kind(finding: Finding) -> Hashable | None:
    leads = way(finding.row)
    if leads is None:
        return None
    why = (finding.rule, finding.because, finding.evidence, finding.against)
    return (leads, finding.verdict, finding.confidence, finding.session, *why)


def kin_text(kin: Sequence[Finding]) -> str:
    """Return the row of one finding, or one line for the rows of several that are gathered."""
    routes = [finding.route for finding in kin if finding.route is not None]
    return row_text(kin[0].row) if len(kin) == 1 else rows_text(routes)
