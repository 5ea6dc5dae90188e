"""A cleanup whose world does not keep still: the kernel refuses, rows change under it, privilege goes, it crashes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import ObservationError
from routewatch.store.locks import holder, try_lock
from tests import build
from tests.scenarios.clients import openvpn_connects
from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.steps import Step
    from tests.commands.desk import Desk

LEFT = "203.0.113.10/32"
AGAIN, AFTERWARDS = 1, 2  # the looks while the lock is held: right before the first step, and after the last
PUSHED_V4 = ("10.60.0.0/16 via 10.8.0.1 dev tun0", "10.61.0.0/16 via 10.8.0.1 dev tun0")


@pytest.fixture
def dead(desk: Desk) -> Desk:
    """A desk whose OpenVPN was killed; its persistent tun holds on to two routes and the server's is left."""
    desk.knows_the_machine()
    openvpn_connects(desk.story, adds=(SERVER, *PUSHED_V4))
    desk.ask("run", "--once")
    desk.story.runs()
    desk.story.die("tun0")
    desk.ask("run", "--once")
    desk.host.advance(30)
    return desk


def before_step(desk: Desk, number: int, deed: Callable[[], None]) -> None:
    """Let something happen in the world right before the kernel is asked for the nth step."""
    apply = desk.host.apply
    asked = []

    def applied(step: Step) -> object:
        asked.append(step)
        if len(asked) == number:
            deed()
        return apply(step)

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # the world interferes


def before_look(desk: Desk, number: int, deed: Callable[[], None]) -> None:
    """Let something happen in the world right before the nth look of the one who acts."""
    observe = desk.host.observe
    looks = []

    def observed(also: tuple[Process, ...] = ()) -> Snapshot:
        if holder(desk.state, "act.lock") is not None:
            looks.append(also)
            if len(looks) == number:
                deed()
        return observe(also)

    desk.host.observe = observed  # type: ignore[method-assign]  # the world interferes


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


def test_the_loss_of_privilege_ends_it_at_once_with_a_whole_report(dead: Desk) -> None:
    def dropped() -> None:
        dead.host.privileged = False

    before_step(dead, 2, dropped)

    answer = dead.ask("cleanup", "--yes")
    assert answer.status == 3
    assert [step["status"] for step in answer.document["steps"]] == ["done", "failed", "skipped"]
    assert "stopped: Operation not permitted" in answer.err
    assert answer.document["remaining"] == 2


def test_a_failed_look_afterwards_does_not_swallow_the_report(dead: Desk) -> None:
    def unreadable() -> None:
        raise ObservationError("the kernel does not answer")

    before_look(dead, AFTERWARDS, unreadable)

    answer = dead.ask("cleanup", "--yes")
    assert answer.status == 4
    assert set(answer.rows.values()) == {"done"}
    assert "the kernel does not answer" in answer.err


def test_a_look_that_fails_before_acting_changes_nothing(dead: Desk) -> None:
    left = dead.story.rows()

    def unreadable() -> None:
        raise ObservationError("the kernel does not answer")

    before_look(dead, AGAIN, unreadable)

    answer = dead.ask("cleanup", "--yes")
    assert (answer.status, answer.document["error"]["code"]) == (4, "unreadable")
    assert dead.story.rows() == left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_between_two_steps_with_a_whole_report(dead: Desk, number: signal.Signals) -> None:
    before_step(dead, 1, lambda: os.kill(os.getpid(), number))

    answer = dead.ask("cleanup", "--yes")
    assert answer.status == 130
    assert answer.rows == {LEFT: "done", "10.60.0.0/16": "skipped", "10.61.0.0/16": "skipped"}
    assert "stopped: interrupted by a signal" in answer.err
    assert dead.ask("cleanup", "--yes").status == 0


def test_a_signal_leaves_no_group_half_done(dead: Desk) -> None:
    before_step(dead, 2, lambda: os.kill(os.getpid(), signal.SIGINT))

    answer = dead.ask("cleanup", "--yes")
    assert answer.rows == {LEFT: "done", "10.60.0.0/16": "done", "10.61.0.0/16": "done"}
    assert answer.status == 0
    assert [step["group"] for step in answer.document["steps"]][1:] == ["session 1: routes via 10.8.0.1 dev tun0"] * 2


def test_what_comes_back_at_once_has_failed(dead: Desk) -> None:
    before_look(dead, AFTERWARDS, lambda: dead.story.add(SERVER))

    answer = dead.ask("cleanup", "--yes")
    assert (answer.rows[LEFT], answer.status) == ("failed", 1)


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


def test_two_do_not_act_at_once(dead: Desk) -> None:
    lock = try_lock(dead.state, "act.lock")
    assert lock is not None
    with lock:
        answer = dead.ask("cleanup", "--yes")
    assert (answer.status, answer.document["error"]["code"]) == (4, "state")
    assert "another cleanup is acting" in answer.document["error"]["message"]


def test_a_table_that_does_not_come_to_rest_is_refused(dead: Desk) -> None:
    dead.host.link_up(build.link("veth9"))
    observe = dead.host.observe

    def observed(also: tuple[Process, ...] = ()) -> Snapshot:
        seen = observe(also)
        dead.host.link_up(build.link("veth9 up carrier"))
        dead.host.advance(0.04)
        return seen

    dead.host.observe = observed  # type: ignore[method-assign]  # a restless machine
    for words in (["cleanup", "--yes"], ["cleanup", "--dry-run"]):
        answer = dead.ask(*words)
        assert (answer.status, answer.rows) == (1, {})
        assert set(answer.refused.values()) == {"unsettled"}
