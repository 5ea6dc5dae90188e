"""A plan and its outcome: as objects of the JSON, and as the numbered list that a person says yes or no to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from routewatch.core.volatile import is_lettered
from routewatch.render.command import command as ip_command
from routewatch.render.evidence import codes, explained
from routewatch.render.findings import row_object, row_text
from routewatch.render.folding import folded, rows_text, way
from routewatch.render.objects import Object, route_object
from routewatch.render.route_command import route_command

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from routewatch.core.plan import Plan
    from routewatch.core.refusals import Refusal
    from routewatch.core.steps import Status, Step, Taken

T = TypeVar("T")

SIGNS = {"delete": "-", "add": "+", "replace": "~"}


def command(step: Step) -> str:
    """Return the command of a step that a person would type on the system whose row it is about."""
    return route_command(step) if step.route is not None and is_lettered(step.route) else ip_command(step)


def step_object(number: int, step: Step, status: Status, detail: str = "") -> Object:
    """Return a step with its number in the plan and what became of it."""
    row = step.route or step.policy_rule
    return {
        "n": number,
        "group": step.group or None,
        "action": step.action,
        **(row_object(row) if row is not None else {}),
        "replaces": route_object(step.replaces) if step.replaces else None,
        "confidence": step.confidence,
        "rule": step.rule,
        "because": step.because,
        "evidence": list(step.evidence),
        "against": list(step.against),
        "command": command(step),
        "effect": step.effect,
        "undo": "conditional" if step.conditional else "exact",
        "status": status,
        "detail": detail or None,
    }


def refusal_object(refusal: Refusal) -> Object:
    """Return what will not be tried, and the rule that says so."""
    row = refusal.route or refusal.policy_rule
    return {**(row_object(row) if row is not None else {}), "rule": refusal.rule, "because": refusal.because}


def plan_text(plan: Plan, *, verbose: bool = False) -> str:
    """Return the plan as a person reads it; ``verbose`` lists each step, and says what each code of the evidence is."""
    numbered = list(enumerate(plan.steps, start=1))
    lines = [_steps_text(kin, verbose=verbose) for kin in _gathered(numbered, _alike, verbose=verbose)]
    return "\n".join(lines + refusals_text(plan.refused, verbose=verbose))


def _gathered(entries: Iterable[T], alike: Callable[[T], Hashable | None], *, verbose: bool) -> list[list[T]]:
    return [[entry] for entry in entries] if verbose else folded(entries, alike)


def _alike(numbered: tuple[int, Step]) -> Hashable | None:
    """Return what steps of one line have in common: their way, their group, their reason and what comes of them."""
    _, step = numbered
    leads = None if step.replaces is not None else way(step.route)
    if leads is None:
        return None
    why = (step.confidence, step.rule, step.because, step.evidence, step.against, step.conditional)
    return (leads, step.action, step.group, *why, _outcome(step))


def _outcome(step: Step) -> str:
    """Return where the traffic of a step goes afterwards, without the destination."""
    return step.effect.removeprefix(step.route.destination).strip() if step.route is not None else step.effect


def _steps_text(kin: Sequence[tuple[int, Step]], *, verbose: bool) -> str:
    step, many = kin[0][1], len(kin) > 1
    lines = [f"{_numbers(kin)}. {SIGNS[step.action]} {_rows_text([step for _, step in kin])}"]
    if step.replaces is not None:
        lines.append(f"       in place of {row_text(step.replaces)}")
    pieces = codes(step.evidence, step.against)
    lines.append(f"       {step.confidence}: {step.because} [{step.rule}{'; ' + pieces if pieces else ''}]")
    if verbose:
        lines += [f"         {line}" for line in explained(step.evidence, step.against)]
    if typed := command(step):
        lines.append(f"       $ {typed}" + (f"    # and so on, {len(kin)} in all: -v lists each" if many else ""))
    if step.effect:
        lines.append(f"       then: {'each ' + _outcome(step) if many else step.effect}")
    if step.conditional:
        lines.append("       undo is conditional: the kernel would not take it back before its next hop is in reach")
    return "\n".join(lines)


def _numbers(kin: Sequence[tuple[int, object]]) -> str:
    """Return the numbers of steps that are told together: one, or from where to where."""
    runs: list[list[int]] = []
    for number, _ in kin:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{said:>3}"


def _rows_text(steps: Sequence[Step]) -> str:
    """Return the row of one step; of several the way of their routes, and the session whose they are."""
    row, routes = steps[0].route or steps[0].policy_rule, [step.route for step in steps if step.route is not None]
    if len(steps) == 1:
        return row_text(row) if row is not None else ""
    whose, _, what = steps[0].group.partition(":")
    return rows_text(routes) + (f", {whose}" if what else "")


def taken_text(entries: Iterable[Taken], *, verbose: bool = False) -> list[str]:
    """Return the lines of the report: what was tried and what became of it."""
    return [_taken_lines(kin) for kin in _gathered(entries, _taken_alike, verbose=verbose)]


def _taken_alike(entry: Taken) -> Hashable | None:
    leads = None if entry.step.replaces is not None else way(entry.step.route)
    return None if leads is None else (leads, entry.step.action, entry.step.group, entry.status, entry.detail)


def _taken_lines(kin: Sequence[Taken]) -> str:
    entry = kin[0]
    detail = f": {entry.detail}" if entry.detail else ""
    said = _rows_text([each.step for each in kin])
    return f"{_numbers([(each.n, each) for each in kin])}. {SIGNS[entry.step.action]} {said}  {entry.status}{detail}"


def refusals_text(refused: Iterable[Refusal], *, verbose: bool = False) -> list[str]:
    """Return a line for each thing that will not be tried, or for many of one way and one reason."""
    return [_refusals_text(kin) for kin in _gathered(refused, _refused_alike, verbose=verbose)]


def _refused_alike(refusal: Refusal) -> Hashable | None:
    leads = way(refusal.route)
    return None if leads is None else (leads, refusal.rule, refusal.because)


def _refusals_text(kin: Sequence[Refusal]) -> str:
    refusal = kin[0]
    row = refusal.route or refusal.policy_rule
    said = row_text(row) if row is not None else ""
    if len(kin) > 1:
        said = rows_text([each.route for each in kin if each.route is not None])
    return f"  !  {said}\n       refused: {refusal.because} [{refusal.rule}]"
