"""A plan and its outcome: as objects of the JSON, and as the numbered list that a person says yes or no to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.volatile import is_lettered
from routewatch.render.command import command as ip_command
from routewatch.render.evidence import codes, explained
from routewatch.render.findings import row_object, row_text
from routewatch.render.objects import Object, route_object
from routewatch.render.route_command import route_command

if TYPE_CHECKING:
    from routewatch.core.model import Route
    from routewatch.core.plan import Plan
    from routewatch.core.refusals import Refusal
    from routewatch.core.steps import Status, Step, Taken

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
    """Return the plan as a person reads it; ``verbose`` says what each code of the evidence stands for."""
    lines = [_step_text(number, step, verbose=verbose) for number, step in enumerate(plan.steps, start=1)]
    return "\n".join(lines + refusals_text(plan.refused))


def _step_text(number: int, step: Step, *, verbose: bool) -> str:
    row = step.route or step.policy_rule
    said = row_text(row) if row is not None else ""
    lines = [f"{number:>3}. {SIGNS[step.action]} {said}"]
    if step.replaces is not None:
        lines.append(f"       in place of {row_text(step.replaces)}")
    pieces = codes(step.evidence, step.against)
    lines.append(f"       {step.confidence}: {step.because} [{step.rule}{'; ' + pieces if pieces else ''}]")
    if verbose:
        lines += [f"         {line}" for line in explained(step.evidence, step.against)]
    if typed := command(step):
        lines.append(f"       $ {typed}")
    if step.effect:
        lines.append(f"       then: {step.effect}")
    if step.conditional:
        lines.append("       undo is conditional: the kernel would not take it back before its next hop is in reach")
    return "\n".join(lines)


def taken_text(entry: Taken) -> str:
    """Return a line of the report: what was tried and what became of it."""
    row = entry.step.route or entry.step.policy_rule
    detail = f": {entry.detail}" if entry.detail else ""
    return (
        f"{entry.n:>3}. {SIGNS[entry.step.action]} {row_text(row) if row is not None else ''}  {entry.status}{detail}"
    )


def refusals_text(refused: tuple[Refusal, ...]) -> list[str]:
    """Return a line for each thing that will not be tried."""
    lines = []
    for refusal in refused:
        row: Route | object | None = refusal.route or refusal.policy_rule
        said = row_text(row) if row is not None else ""  # type: ignore[arg-type]  # one of the two
        lines.append(f"  !  {said}\n       refused: {refusal.because} [{refusal.rule}]")
    return lines
