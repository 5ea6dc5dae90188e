"""The verdict on each row that is there: its evidence is weighed, and the first ruling that applies decides.

The rulings stand in rulings.py; here is what becomes of one that applied, and which rows are worth judging at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.attribution import is_client
from routewatch.core.case import Case
from routewatch.core.conditions import is_proven, relies_on_the_dead
from routewatch.core.diff import steady
from routewatch.core.evidence import weigh
from routewatch.core.model import LOCAL_TABLE, Author, PolicyRule, Route
from routewatch.core.rulings import RULINGS, STRONG, Ruling, Verdict
from routewatch.core.tunnels import doubt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.scene import Scene

__all__ = ["Confidence", "Finding", "Verdict", "case_of", "cases", "find_leftovers", "judge"]

Confidence = Literal["certain", "likely", "uncertain"]
CAPS = frozenset({"owner-may-return", "came-back", "network-daemon", "container", "in-baseline"})


class Finding(Struct, frozen=True, kw_only=True):
    """A route or rule with its verdict, the ruling that decided, and the evidence for and against."""

    verdict: Verdict
    rule: str
    because: str
    confidence: Confidence = "uncertain"
    route: Route | None = None
    policy_rule: PolicyRule | None = None
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    session: int | None = None
    author: Author | None = None

    @property
    def row(self) -> Route | PolicyRule:
        """Return the route or the rule."""
        row = self.route or self.policy_rule
        if row is None:  # pragma: no cover  # no finding is made without one
            raise ValueError("a finding without a row")
        return row


def _confidence(names: frozenset[str], case: Case) -> Confidence:
    """Certain: seen to come in a session by its link or its author, outlived it, one strong sign, nothing against."""
    seen = {"in-session", "second-look"} <= names and _is_surely_its(case)
    return "certain" if seen and names & STRONG and not names & CAPS else "likely"


def _is_surely_its(case: Case) -> bool:
    """Tell whether the row is its session's beyond doubt: not merely by time, and not made by somebody else."""
    session, trace = case.session, case.trace
    if session is None or trace is None or trace.tie == "time":
        return False
    return trace.tie == "author" or is_client(trace.author, session)


def judge(case: Case) -> Finding:
    """Weigh one case and decide it by the first ruling that applies."""
    pieces = weigh(case)
    names = frozenset(piece.name for piece in pieces)
    ruling = next(r for r in RULINGS if r.applies(names, case))
    return Finding(
        verdict=ruling.verdict,
        rule=ruling.name,
        because=_because(
            ruling, [p.sentence for p in pieces if p.code.startswith("E") and p.name not in {"new", "in-session"}]
        )
        if ruling.name != "owner-alive"
        else _who_holds(case) or ruling.sentence,
        confidence=_confidence(names, case) if ruling.verdict is Verdict.ORPHANED else "uncertain",
        route=case.route,
        policy_rule=case.policy_rule,
        evidence=tuple(p.code for p in pieces if p.code.startswith("E")),
        against=tuple(dict.fromkeys(p.code for p in pieces if p.code.startswith("C"))),
        session=case.session.id if case.session else None,
        author=case.trace.author if case.trace else None,
    )


def _because(ruling: Ruling, sentences: list[str]) -> str:
    if ruling.verdict is not Verdict.ORPHANED or not sentences:
        return ruling.sentence
    return f"{ruling.sentence}: {', '.join(sentences)}"


def _who_holds(case: Case) -> str:
    """Name who keeps the tunnel open that a row leads into, or that its session is of, where that proves little."""
    of_session = None if case.session is None else case.session.tunnel.name
    route = case.route
    names = (of_session,) if route is None else (*(leg.interface for leg in route.nexthops or (route,)), of_session)
    links = (case.scene.links.get(name or "") for name in names)
    return next((told for link in links if link is not None and (told := doubt(link))), "")


def find_leftovers(scene: Scene) -> tuple[Finding, ...]:
    """Judge every row that is there and may be somebody's leftover, in the order of the table."""
    return tuple(judge(case) for case in cases(scene))


def cases(scene: Scene) -> Iterator[Case]:
    """Return the rows worth judging, each with the first session it was seen in and the baseline from before that."""
    rows: tuple[Route | PolicyRule, ...] = (*_routes(scene), *scene.now.rules)
    return (case_of(row, scene) for row in rows)


def case_of(row: Route | PolicyRule, scene: Scene) -> Case:
    """Return the case of one row that is there, with the baseline it is measured against.

    That is the one from before its first session; or one that a person took by hand since then, where the row stood in
    it and relies on nothing that is dead.
    """
    session, trace = scene.first_session(row)
    case = Case(row=row, scene=scene, session=session, trace=trace, baseline=scene.memory.baseline_of(session))
    captured = scene.memory.captured_after(session)
    if captured is None or not scene.stood_in(captured, row):
        return case
    vouched = replace(case, baseline=captured)
    return case if relies_on_the_dead(frozenset(piece.name for piece in weigh(vouched)), vouched) else vouched


def _routes(scene: Scene) -> tuple[Route, ...]:
    """Return the routes to look at; beside a proven baseline only what it does not vouch for."""
    latest = scene.memory.latest
    if not is_proven(latest) or latest is None:
        return scene.rows.routes
    changes = scene.changes(latest)
    differing = dict.fromkeys((*changes.added, *(pair.after for pair in changes.changed)))
    known = {steady(route) for route in differing}
    came = [t.route for session in scene.memory.sessions for t in session.appeared if t.route is not None]
    came += latest.doubted.routes
    older = (scene.rows.by_steady.get(steady(route)) for route in came if steady(route) not in known)
    found = dict.fromkeys((*differing, *(route for route in older if route is not None)))
    return tuple(route for route in found if route.table != LOCAL_TABLE)
