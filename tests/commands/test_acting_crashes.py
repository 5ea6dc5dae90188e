"""A cleanup or an undo that is killed: who comes next finds out what was done, and nothing is done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.interference import before_step

if TYPE_CHECKING:
    from routewatch.core.steps import Step
    from tests.commands.desk import Desk


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def killed() -> None:
    raise Killed


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_crash_before_a_step_is_told_and_nothing_done_twice(dead: Desk, step: int) -> None:
    before_step(dead, step, killed)
    with pytest.raises(Killed):
        dead.ask("cleanup", "--yes")
    del dead.host.apply

    assert dead.ask("status").document["interrupted"] == [1]
    answer = dead.ask("cleanup", "--yes")
    assert "cleanup 1 was interrupted" in answer.err
    assert answer.err.count("was not done, and is dropped") == 1
    assert answer.err.count("its turn had not come") == 3 - step
    assert len(answer.rows) == 4 - step
    assert set(answer.rows.values()) == {"done"}
    assert dead.ask("status").document["interrupted"] == []


def test_a_crash_after_a_step_finds_it_done(dead: Desk) -> None:
    apply = dead.host.apply

    def applied(step: Step) -> object:
        apply(step)
        raise Killed

    dead.host.apply = applied  # type: ignore[method-assign, assignment]  # the power goes right after the kernel's act
    with pytest.raises(Killed):
        dead.ask("cleanup", "--yes")
    del dead.host.apply

    answer = dead.ask("run", "--once")
    assert "was done" in answer.err
    undone = dead.ask("undo")
    assert len(undone.rows) == 1


def test_a_crash_in_an_undo_goes_on_where_it_was(dead: Desk) -> None:
    left = dead.story.rows()
    dead.ask("cleanup", "--yes")
    before_step(dead, 2, killed)
    with pytest.raises(Killed):
        dead.ask("undo")
    del dead.host.apply

    undone = dead.ask("undo")
    assert "undo 2 was interrupted" in undone.err
    assert dead.story.rows() == left or undone.document["remaining"] > 0
