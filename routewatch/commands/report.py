"""Tells of a cleanup or an undo, planned or carried out: as the one JSON document or as text, with its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.core.remarks import Remark
from routewatch.core.steps import Taken
from routewatch.core.verdict import Finding
from routewatch.render.findings import findings_text
from routewatch.render.plan import plan_text, refusal_object, refusals_text, step_object, taken_text
from routewatch.render.remarks import remark_object, remark_text
from routewatch.render.times import span

if TYPE_CHECKING:
    from routewatch.commands.acting import Acted
    from routewatch.commands.context import Context
    from routewatch.core.plan import Plan
    from routewatch.core.refusals import Refusal


class Prospect(Struct, frozen=True, kw_only=True):
    """What is told of a plan beside its steps."""

    remaining: int
    settled: bool = True
    dry_run: bool = True
    cleanup: int | None = None
    within: float | None = None  # seconds in which it is to be confirmed
    remarks: tuple[Remark, ...] = ()
    left_alone: tuple[Finding, ...] = ()  # what was found or asked for, and is not in the plan


def show(context: Context, planned: Plan, prospect: Prospect, nothing: str) -> int:
    """Tell of a plan that is not carried out; ``nothing`` is said where there is none."""
    if context.json:
        taken = tuple(Taken(n=n, step=step, status="planned") for n, step in enumerate(planned.steps, start=1))
        more = {
            "dry_run": prospect.dry_run,
            "cleanup_id": prospect.cleanup,
            "confirm_within": prospect.within,
            "remaining": prospect.remaining,
        }
        context.emit(document(taken, planned.refused, more | {"remarks": objects(prospect.remarks)}))
    elif planned.steps or planned.refused:
        context.say(plan_text(planned, verbose=context.verbose))
        if planned.steps:
            context.say("\nnothing was changed" + ("" if prospect.dry_run else ": say --yes to take these steps"))
            if prospect.within is not None:
                context.say(f"they would be taken back after {span(prospect.within)} unless: routewatch confirm")
    elif prospect.settled:
        context.say(nothing)
    if prospect.left_alone:
        context.say("\n".join(["left alone:", *findings_text(prospect.left_alone, verbose=context.verbose)]))
    for remark in prospect.remarks:
        context.say(remark_text(remark))
    if not prospect.settled:
        context.note("the table does not come to rest, so nothing is done; try again when it has")
    return 1 if planned.steps or planned.refused or prospect.remaining or not prospect.settled else 0


def objects(remarks: tuple[Remark, ...]) -> list[dict[str, Any]]:
    """Return remarks as they stand in the JSON."""
    return [remark_object(remark) for remark in remarks]


def report(context: Context, acted: Acted, refused: tuple[Refusal, ...], more: dict[str, Any]) -> int:
    """Tell of steps that were taken, and why it ended before its end; return the exit status."""
    if context.json:
        context.emit(document(acted.taken, refused, {"cleanup_id": acted.cleanup, **more}))
    else:
        context.report(
            "\n".join(
                [*taken_text(acted.taken, verbose=context.verbose), *refusals_text(refused, verbose=context.verbose)]
            )
        )
    if acted.stopped is not None:
        hint = f" ({acted.stopped.hint})" if acted.stopped.hint else ""
        context.note(f"stopped: {acted.stopped.message}{hint}")
        return acted.stopped.exit_status
    failed = any(entry.status == "failed" for entry in acted.taken)
    return 1 if failed or refused or acted.unmet or more["remaining"] else 0


def document(taken: tuple[Taken, ...], refused: tuple[Refusal, ...], more: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a cleanup or undo, carried out or not."""
    return {
        "dry_run": False,
        "changed": any(entry.status == "done" for entry in taken),
        "cleanup_id": None,
        "confirm_within": None,
        "confirm_by": None,
        "steps": [step_object(entry.n, entry.step, entry.status, entry.detail) for entry in taken],
        "refused": [refusal_object(refusal) for refusal in refused],
        "remarks": [],
    } | more
