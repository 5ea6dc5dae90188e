"""A group whose taking, or taking back, ends in the middle: nothing half-done goes unreported, nobody is accused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.errors import KernelRefusedError, ObservationError
from tests.commands.test_group_of_rules import wireguard_dies

if TYPE_CHECKING:
    from routewatch.core.steps import Step
    from tests.commands.desk import Desk


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def at_step(desk: Desk, number: int, error: BaseException, *, afterwards: bool = False) -> None:
    """Let the nth request to the kernel end this way, before or after the kernel has done it."""
    apply = desk.host.apply
    asked: list[Step] = []

    def applied(step: Step) -> object:
        asked.append(step)
        if len(asked) == number and not afterwards:
            raise error
        outcome = apply(step)
        if len(asked) == number:
            raise error
        return outcome

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # the world interferes


def test_a_table_that_cannot_be_read_in_the_middle_is_a_failed_step_and_its_group_is_taken_back(desk: Desk) -> None:
    wireguard_dies(desk)
    left = desk.story.rows()
    at_step(desk, 3, ObservationError("the kernel did not finish a dump"))

    answer = desk.ask("cleanup", "--yes")
    assert answer.status == 4
    assert "stopped: the kernel did not finish a dump" in answer.err
    statuses = [step["status"] for step in answer.document["steps"]]
    assert statuses[:3] == ["undone", "undone", "failed"]
    assert "done" not in statuses
    assert desk.story.rows() == left
    del desk.host.apply
    assert desk.ask("status").document["interrupted"] == []
    assert desk.ask("cleanup", "--yes").status == 0


def test_a_step_of_unknown_outcome_that_the_table_shows_was_done_and_can_be_undone(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()
    at_step(desk, 1, ObservationError("the kernel did not answer"), afterwards=True)

    answer = desk.ask("cleanup", "--yes")
    assert answer.status == 4
    assert answer.document["steps"][0]["status"] == "done"
    assert "the table shows that it was done" in answer.document["steps"][0]["detail"]
    del desk.host.apply
    desk.ask("undo")
    assert desk.story.rows() == left


def test_a_step_of_unknown_outcome_is_found_out_by_the_next_command_that_can_read_the_table(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()
    apply = desk.host.apply

    def unreadable(*_: object) -> None:
        raise ObservationError("the kernel did not answer")

    def applied(step: Step) -> object:
        apply(step)
        desk.host.observe = unreadable  # type: ignore[method-assign, assignment]  # as above
        raise ObservationError("the kernel did not answer")

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # as above
    answer = desk.ask("cleanup", "--yes")
    assert (answer.status, answer.document["steps"][0]["status"]) == (4, "failed")
    del desk.host.apply, desk.host.observe

    assert "was done" in desk.ask("cleanup", "--yes").err
    while desk.ask("undo").status == 0:
        pass
    assert desk.story.rows() == left


@pytest.mark.parametrize("afterwards", [False, True])
def test_a_taking_back_of_unknown_outcome_is_told_as_the_table_shows_it(desk: Desk, *, afterwards: bool) -> None:
    wireguard_dies(desk)
    apply, asked = desk.host.apply, []

    def applied(step: Step) -> object:
        asked.append(step)
        if len(asked) == 2:
            raise KernelRefusedError("busy")
        outcome = apply(step) if afterwards or len(asked) != 3 else "done"
        if len(asked) == 3:
            raise ObservationError("the kernel did not answer")
        return outcome

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # as above
    first = desk.ask("cleanup", "--yes").document["steps"][0]
    assert first["status"] == ("undone" if afterwards else "done")
    assert "could not be taken back: the kernel did not answer" in first["detail"]
    assert first["detail"].endswith("the table shows that it was taken back") == afterwards


@pytest.mark.parametrize("afterwards", [False, True])
def test_a_crash_while_a_group_is_taken_back_accuses_nobody(desk: Desk, *, afterwards: bool) -> None:
    wireguard_dies(desk)
    refused = next(rule for rule in desk.host.rules if rule.fwmark and rule.family == "inet6")
    desk.host.refuse(refused, "busy")
    first = desk.ask("cleanup", "--dry-run").document["steps"]
    place = next(n for n, step in enumerate(first, 1) if step["policy_rule"]["family"] == "inet6" and _marks(step))
    at_step(desk, place + 1, Killed(), afterwards=afterwards)
    with pytest.raises(Killed):
        desk.ask("cleanup", "--yes")
    del desk.host.apply
    desk.host._refusals.clear()

    answer = desk.ask("cleanup", "--yes")
    assert "cleanup 1 was interrupted" in answer.err
    assert ("was done, and is taken back" in answer.err) == afterwards
    assert answer.refused == {}
    assert answer.status == 0


def _marks(step: dict[str, dict[str, object]]) -> bool:
    return "fwmark" in step["policy_rule"] and step["policy_rule"]["fwmark"] is not None


def test_a_done_step_that_the_table_does_not_show_accuses_nobody(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()
    at_step(desk, 1, Killed(), afterwards=True)
    with pytest.raises(Killed):
        desk.ask("cleanup", "--yes")
    del desk.host.apply
    desk.ask("run", "--once")  # finds it done
    assert desk.ask("undo").status == 0
    assert desk.story.rows() == left

    answer = desk.ask("cleanup", "--yes")
    assert "came-back" not in answer.refused.values()


def test_what_an_interrupted_undo_brought_back_is_not_held_against_anybody(desk: Desk) -> None:
    wireguard_dies(desk)
    assert desk.ask("cleanup", "--yes").status == 0
    at_step(desk, 2, Killed())
    with pytest.raises(Killed):
        desk.ask("undo")
    del desk.host.apply

    answer = desk.ask("cleanup", "--yes")
    assert "undo 2 was interrupted" in answer.err
    assert "routewatch undo 1 goes on with it" in answer.err
    assert "came-back" not in answer.refused.values()
