"""A cleanup that ends before its end, or never begins: no privilege, no look, a signal, somebody else, no rest."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import ObservationError
from routewatch.store.locks import try_lock
from tests import build
from tests.commands.interference import AFTERWARDS, AGAIN, LEFT, before_look, before_step

if TYPE_CHECKING:
    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot
    from tests.commands.desk import Desk


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
