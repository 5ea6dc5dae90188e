"""``undo`` without a number, after a cleanup or an undo was killed: it never takes an older cleanup back instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.store.locks import try_lock
from tests.scenarios.clients import openvpn_connects
from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from routewatch.core.steps import Step
    from tests.commands.desk import Desk

LEFT = "203.0.113.10/32"
PUSHED = ("10.60.0.0/16 via 10.8.0.1 dev tun0", "10.61.0.0/16 via 10.8.0.1 dev tun0")
TOLD = "cleanup 2 had done nothing: nothing to take back"


class Killed(BaseException):
    """The power goes."""


def killed_at(desk: Desk, number: int, *words: str) -> None:
    """Say a command, and let the power go right before its nth step is taken."""
    apply, asked = desk.host.apply, []

    def applied(step: Step) -> object:
        asked.append(step)
        if len(asked) == number:
            raise Killed
        return apply(step)

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # the power goes
    with pytest.raises(Killed):
        desk.ask(*words)
    del desk.host.apply


@pytest.fixture
def twice(desk: Desk) -> Desk:
    """A desk with one cleanup that was done, and a second one that was killed before its first step."""
    desk.knows_the_machine()
    openvpn_connects(desk.story, adds=(SERVER, *PUSHED))
    desk.ask("run", "--once")
    desk.story.runs()
    desk.story.die("tun0")
    desk.ask("run", "--once")
    desk.host.advance(30)
    assert desk.ask("cleanup", "--only", LEFT, "--yes").rows == {LEFT: "done"}
    killed_at(desk, 1, "cleanup", "--yes")
    return desk


def test_one_that_had_done_nothing_is_told_and_the_one_before_stays(twice: Desk) -> None:
    rows = twice.story.rows()

    first = twice.say("undo")
    assert "cleanup 2 was interrupted" in first.err
    for answer in (first, twice.say("undo")):
        assert (answer.status, answer.out) == (0, f"{TOLD} (routewatch undo 1 takes back the one before)\n")
    assert twice.story.rows() == rows

    assert twice.ask("undo", "1").rows == {LEFT: "done"}


def test_it_is_the_same_where_another_command_has_told_of_the_interruption_before(twice: Desk) -> None:
    assert "cleanup 2 was interrupted" in twice.say("run", "--once").err

    assert TOLD in twice.say("undo").out
    undone = twice.ask("undo")
    assert (undone.status, undone.rows, undone.document["changed"]) == (0, {}, False)


def test_a_dry_run_foresees_it_and_changes_nothing_in_the_journal(twice: Desk) -> None:
    assert twice.say("undo", "--dry-run").out == f"{TOLD} (routewatch undo 1 takes back the one before)\n"
    assert twice.ask("undo", "--dry-run").document["dry_run"] is True
    assert twice.ask("status").document["interrupted"] == [2]

    shown = twice.say("undo", "1", "--dry-run")
    assert shown.out.startswith("to take back cleanup 1:\n")
    assert twice.ask("undo", "1", "--dry-run").rows == {LEFT: "planned"}


def test_a_dry_run_counts_what_a_killed_cleanup_had_done(twice: Desk) -> None:
    killed_at(twice, 2, "cleanup", "--yes")

    assert twice.say("undo", "--dry-run").out.startswith("to take back cleanup 3:\n")


def test_beside_a_cleanup_that_goes_on_nothing_counts_as_interrupted(twice: Desk) -> None:
    lock = try_lock(twice.state, "act.lock")
    assert lock is not None
    with lock:
        assert twice.say("undo", "--dry-run").out.startswith("to take back cleanup 1:\n")


def test_where_there_is_none_before_none_is_named(desk: Desk) -> None:
    desk.vpn_dies()
    killed_at(desk, 1, "cleanup", "--yes")

    answer = desk.say("undo")
    assert (answer.status, answer.out) == (0, "cleanup 1 had done nothing: nothing to take back\n")


def test_an_undo_that_was_killed_after_its_last_step_is_done(twice: Desk) -> None:
    assert twice.ask("cleanup", "--yes").status == 0
    steps, apply = len(twice.ask("undo", "--dry-run").rows), twice.host.apply
    done: list[Step] = []

    def applied(step: Step) -> object:
        apply(step)
        done.append(step)
        if len(done) == steps:
            raise Killed
        return None

    twice.host.apply = applied  # type: ignore[method-assign, assignment]  # the power goes after the kernel's act
    with pytest.raises(Killed):
        twice.ask("undo")
    del twice.host.apply
    rows = twice.story.rows()

    answer = twice.say("undo")
    assert "undo 4 was interrupted" in answer.err
    assert answer.status == 0
    assert answer.out.startswith("cleanup 3 is taken back already: nothing more to take back")
    assert twice.story.rows() == rows


def test_after_a_later_cleanup_was_taken_back_the_one_before_is_the_latest(twice: Desk) -> None:
    assert twice.ask("cleanup", "--yes").status == 0
    assert twice.say("undo").out.endswith("cleanup 3 is taken back\n")

    assert "cleanup 1 is taken back\n" in twice.say("undo").out
