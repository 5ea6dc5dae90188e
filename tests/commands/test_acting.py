"""A cleanup whose world does not keep still: rows change under it, the kernel refuses, what is gone comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import build
from tests.commands.interference import AFTERWARDS, AGAIN, LEFT, PUSHED_V4, before_look, before_step
from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_all_that_a_dead_vpn_left_is_cleaned(dead: Desk) -> None:
    answer = dead.ask("cleanup", "--yes")

    assert answer.rows == {LEFT: "done", "10.60.0.0/16": "done", "10.61.0.0/16": "done"}
    assert (answer.status, answer.document["changed"], answer.document["remaining"]) == (0, True, 0)
    again = dead.ask("cleanup", "--yes")
    assert (again.status, again.rows, again.document["changed"]) == (0, {}, False)


def test_a_row_that_goes_while_the_plan_is_read_is_skipped(dead: Desk) -> None:
    before_look(dead, AGAIN, lambda: dead.story.remove(SERVER))

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows == {LEFT: "skipped", "10.60.0.0/16": "done", "10.61.0.0/16": "done"}
    assert answer.status == 0


def test_a_row_that_changes_while_the_plan_is_read_takes_its_whole_group_with_it(dead: Desk) -> None:
    def changed() -> None:
        dead.host.remove(next(r for r in dead.host.routes if r.destination == "10.60.0.0/16"))
        dead.story.add("10.60.0.0/16 via 192.168.77.5 dev eth0")

    before_look(dead, AGAIN, changed)

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows == {LEFT: "done", "10.60.0.0/16": "skipped", "10.61.0.0/16": "skipped"}
    told = {step["route"]["destination"]: step["detail"] for step in answer.document["steps"]}
    assert "the table has changed since it was planned" in told["10.60.0.0/16"]
    assert "another step of its group is not right any more" in told["10.61.0.0/16"]
    assert answer.status == 1


def test_what_was_agreed_to_and_is_not_taken_as_it_has_an_owner_again_is_no_success(dead: Desk) -> None:
    def kept() -> None:
        dead.ask("keep", "203.0.113.10")

    before_look(dead, AGAIN, kept)

    answer = dead.ask("cleanup", "--yes", "--only", "203.0.113.10")
    assert answer.rows == {LEFT: "skipped"}
    assert answer.status == 1


def test_a_row_that_goes_right_before_its_step_is_skipped(dead: Desk) -> None:
    before_step(dead, 1, lambda: dead.story.remove(SERVER))

    answer = dead.ask("cleanup", "--yes")
    assert set(answer.rows.values()) == {"skipped", "done"}
    assert (answer.status, answer.document["remaining"]) == (0, 0)


def test_a_row_that_becomes_another_one_right_before_its_step_stays(dead: Desk) -> None:
    another = "203.0.113.10 via 192.168.77.9 dev eth0 proto static"

    def replaced() -> None:
        dead.story.remove(SERVER)
        dead.story.add(another)

    before_step(dead, 1, replaced)

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows[LEFT] == "skipped"
    assert build.route(another) in dead.host.routes


def test_a_step_the_kernel_refuses_has_failed_and_the_rest_is_done(dead: Desk) -> None:
    dead.host.refuse(build.route(SERVER), "Device or resource busy")

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows == {LEFT: "failed", "10.60.0.0/16": "done", "10.61.0.0/16": "done"}
    assert (answer.status, answer.document["remaining"]) == (1, 1)
    [failed] = [step for step in answer.document["steps"] if step["status"] == "failed"]
    assert "Device or resource busy" in failed["detail"]


def test_a_group_of_which_one_fails_is_taken_back(dead: Desk) -> None:
    left = dead.story.rows()
    second = build.route(PUSHED_V4[1])
    dead.host.refuse(next(r for r in dead.host.routes if r.destination == second.destination), "busy")

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows["10.61.0.0/16"] == "failed"
    assert answer.rows["10.60.0.0/16"] in {"undone", "done"}
    assert answer.status == 1
    told = {step["route"]["destination"]: step for step in answer.document["steps"]}
    if told["10.60.0.0/16"]["status"] == "done":  # it could not be put back: its link is down
        assert "could not be taken back" in told["10.60.0.0/16"]["detail"]
    assert len(left) - len(dead.story.rows()) == list(answer.rows.values()).count("done")


def test_what_comes_back_at_once_has_failed(dead: Desk) -> None:
    before_look(dead, AFTERWARDS, lambda: dead.story.add(SERVER))

    answer = dead.ask("cleanup", "--yes")
    assert (answer.rows[LEFT], answer.status) == ("failed", 1)

    del dead.host.observe  # and nobody fights for it
    assert dead.ask("cleanup", "--yes").rows == {}
    assert dead.ask("cleanup", "--yes", "--only", LEFT).refused == {LEFT: "came-back"}


def test_an_undo_whose_step_is_refused_says_so_and_can_go_on_later(dead: Desk) -> None:
    dead.story.up("tun0 kind tun index 7 up carrier point_to_point", "10.8.0.6/24")
    dead.story.die("tun0")
    assert dead.ask("cleanup", "--yes").status == 0
    before_step(dead, 1, lambda: None)
    dead.host.refuse(build.route(SERVER), "busy")

    undone = dead.ask("undo")
    assert undone.status == 1
    assert undone.rows[LEFT] == "failed"

    dead.host._refusals.clear()
    again = dead.ask("undo")
    assert again.rows[LEFT] == "done"
