"""A step: one change of one route or rule, the unit of plans, of the journal and of acting."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from routewatch.core.model import PolicyRule, Route

Action = Literal["add", "delete", "replace"]
Status = Literal["planned", "done", "failed", "undone", "skipped"]


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Delete, add or replace one route or one policy rule, with the reason."""

    action: Action
    route: Route | None = None
    policy_rule: PolicyRule | None = None
    replaces: Route | None = None  # the old route of a replace
    group: str = ""  # steps of one group are taken together or not at all
    confidence: Literal["certain", "likely", "uncertain"] = "likely"
    rule: str = ""  # the deciding rule of ours
    because: str = ""
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    effect: str = ""
    conditional: bool = False  # its undo must wait until the kernel accepts it: the next hop is unreachable now
    leading: bool = False  # IPv4: it stands before others of its prefix, type of service and metric, and hides them


class Taken(Struct, frozen=True, kw_only=True):
    """A step and what became of it."""

    n: int
    step: Step
    status: Status
    detail: str = ""


def inverse(step: Step) -> Step:
    """Return the step that takes this one back."""
    if step.action == "replace":
        return Step(action="replace", route=step.replaces, replaces=step.route, group=step.group)
    return Step(
        action="delete" if step.action == "add" else "add",
        route=step.route,
        policy_rule=step.policy_rule,
        group=step.group,
        leading=step.leading,
    )
