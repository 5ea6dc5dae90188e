"""``cleanup --confirm-within`` and ``confirm``: armed before the first step, and undone unless it is confirmed."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.commands.arming import armed_lock
from routewatch.core.model import Login
from routewatch.errors import StateError
from routewatch.store.database import open_store
from routewatch.store.locks import try_lock
from tests import build
from tests.commands.test_undo_after_interruption import Killed, killed_at
from tests.scenarios.clients import openvpn_connects
from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.steps import Step
    from routewatch.store.confirmations import ConfirmationRow
    from tests.commands.desk import Answer, Desk

LEFT = "203.0.113.10/32"
WAITER = ("undo", "1", "--unless-confirmed")


@pytest.fixture
def left(desk: Desk) -> Desk:
    """A desk whose OpenVPN was killed and left the route to its server."""
    desk.vpn_dies()
    return desk


@pytest.fixture
def armed(left: Desk) -> Desk:
    """The same once that was cleaned up, to be confirmed within a minute."""
    assert left.ask("cleanup", "--yes", "--confirm-within", "60s").rows == {LEFT: "done"}
    return left


@pytest.fixture
def awaited(armed: Desk) -> Iterator[Desk]:
    """The same while a process waits for the deadline."""
    lock = try_lock(armed.state, armed_lock(1))
    assert lock is not None
    with lock:
        yield armed


def is_there(desk: Desk) -> bool:
    return any(route.destination == LEFT for route in desk.host.routes)


def stored(desk: Desk) -> ConfirmationRow | None:
    with open_store(desk.state, now=0.0, readonly=True) as store:
        return store.confirmations.get(1)


def unconfirmed(answer: Answer) -> str:
    """Return the sentence of a command that was refused as a cleanup is to be confirmed."""
    assert answer.status == 1
    assert answer.document["error"]["code"] == "unconfirmed"
    return str(answer.document["error"]["message"])


# ------------------------------------------------------------------------------------------------------------- arming


def test_it_is_armed_on_disk_and_in_a_process_before_the_first_step(left: Desk) -> None:
    seen = []
    apply = left.host.apply

    def applied(step: Step) -> object:
        row = stored(left)
        seen.append((row is not None and row.state, len(left.host.started)))
        return apply(step)

    left.host.apply = applied  # type: ignore[method-assign, assignment]  # to look at that very moment
    left.ask("cleanup", "--yes", "--confirm-within", "60s")

    assert seen == [("unconfirmed", 1)]
    [words] = left.host.started
    assert words[:3] == WAITER
    assert words[words.index("--state-dir") + 1] == str(left.state)
    assert words[words.index("--config") + 1] == str(left.configuration)


def test_the_answer_says_until_when_it_is_to_be_confirmed(left: Desk) -> None:
    document = left.ask("cleanup", "--yes", "--confirm-within", "2m").document

    assert document["confirm_within"] == 120.0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", document["confirm_by"])
    assert left.ask("undo").document["confirm_by"] is None


def test_a_person_reads_how_it_is_confirmed(left: Desk) -> None:
    out = left.say("cleanup", "--yes", "--confirm-within", "5min").out

    assert "routewatch undo 1 takes it back\n" in out
    assert "cleanup 1 will be undone in 5 m 0 s unless: routewatch confirm 1" in out


def test_where_no_process_can_be_started_nothing_is_done(left: Desk) -> None:
    left.host.unstartable = StateError("no memory is left")

    answer = left.ask("cleanup", "--yes", "--confirm-within", "60s")
    assert (answer.status, answer.rows, answer.document["changed"]) == (4, {LEFT: "skipped"}, False)
    assert "the automatic undo could not be armed: no memory is left" in answer.err
    assert is_there(left)

    left.host.unstartable = None
    assert left.ask("status").document["unconfirmed"] == []
    assert left.ask("cleanup", "--yes").rows == {LEFT: "done"}


def test_a_dry_run_and_a_plan_without_an_answer_arm_nothing_and_say_what_would_be(left: Desk) -> None:
    for words in (["--dry-run"], []):
        answer = left.say("cleanup", *words, "--confirm-within", "90s")
        assert answer.status == 1
        assert "they would be taken back after 1 m 30 s unless: routewatch confirm" in answer.out
        document = left.ask("cleanup", *words, "--confirm-within", "90s").document
        assert (document["confirm_within"], document["confirm_by"]) == (90.0, None)
    assert left.host.started == []


def test_where_there_is_nothing_to_do_nothing_is_armed(desk: Desk) -> None:
    desk.knows_the_machine()

    assert desk.ask("cleanup", "--yes", "--confirm-within", "60s").status == 0
    assert desk.host.started == []
    assert desk.ask("confirm").status == 1


def test_what_did_nothing_needs_no_confirmation(left: Desk) -> None:
    [server] = [route for route in left.host.routes if route.destination == LEFT]
    left.host.refuse(server, "busy")

    answer = left.say("cleanup", "--yes", "--confirm-within", "60s")
    assert answer.status == 1
    assert "confirm" not in answer.out
    assert left.ask("status").document["unconfirmed"] == []


@pytest.mark.parametrize("time", ["60", "soon", "-5s", "0s", "500ms", "2d", "", "1e9s", "nan s"])
def test_a_time_that_is_none_or_out_of_bounds_is_a_usage_error(left: Desk, time: str) -> None:
    answer = left.ask("cleanup", "--yes", f"--confirm-within={time}")

    assert (answer.status, answer.document["error"]["code"]) == (2, "usage")
    assert "--confirm-within" in answer.document["error"]["message"]
    assert is_there(left)


# --------------------------------------------------------------------------------------------------------- confirming


def test_what_is_confirmed_stays(armed: Desk) -> None:
    answer = armed.ask("confirm")
    assert answer.status == 0
    assert set(answer.document) == {"schema", "cleanup_id", "state", "at"}
    assert (answer.document["cleanup_id"], answer.document["state"]) == (1, "confirmed")
    armed.host.advance(61)

    assert armed.ask(*WAITER).status == 1
    assert armed.ask("run", "--once").status == 0
    assert not is_there(armed)


def test_confirming_lets_the_process_go_that_waits_for_the_deadline(awaited: Desk) -> None:
    assert awaited.say("confirm", "1").out == "cleanup 1 is confirmed: it stays\n"

    assert not (awaited.state / armed_lock(1)).exists()


def test_where_nothing_is_pending_confirm_says_why(armed: Desk) -> None:
    assert armed.ask("confirm").status == 0

    again = armed.ask("confirm")
    assert (again.status, again.document["error"]["code"]) == (1, "not-pending")
    assert "there is no cleanup to confirm: cleanup 1 was confirmed already at" in again.document["error"]["message"]
    assert armed.ask("confirm", "1").status == 0  # what was asked for is so


def test_without_any_cleanup_there_is_none_to_confirm(desk: Desk) -> None:
    answer = desk.ask("confirm")

    assert (answer.status, answer.document["error"]["message"]) == (1, "there is no cleanup to confirm")


def test_a_cleanup_that_was_made_without_a_time_needs_no_confirmation(left: Desk) -> None:
    left.ask("cleanup", "--yes")

    answer = left.ask("confirm", "1")
    assert answer.status == 1
    assert "needs no confirmation" in answer.document["error"]["message"]


@pytest.mark.parametrize("number", ["2", "7"])
def test_what_is_no_cleanup_is_a_usage_error(armed: Desk, number: str) -> None:
    armed.ask("undo")

    assert armed.ask("confirm", number).status == 2


def test_after_the_deadline_it_is_told_that_it_was_taken_back(armed: Desk) -> None:
    armed.host.advance(60)
    assert armed.say(*WAITER).status == 0
    assert is_there(armed)

    for words in (["confirm"], ["confirm", "1"]):
        answer = armed.ask(*words)
        assert answer.status == 1
        assert "cleanup 1 was taken back at" in answer.document["error"]["message"]


def test_it_is_too_late_once_it_is_being_taken_back(armed: Desk) -> None:
    with open_store(armed.state, now=0.0) as store:
        assert store.confirmations.claim(1)

    answer = armed.ask("confirm")
    assert answer.status == 1
    assert "too late: cleanup 1 was not confirmed in time" in answer.document["error"]["message"]


def test_what_is_still_at_work_can_not_be_confirmed_yet(left: Desk) -> None:
    killed_at(left, 1, "cleanup", "--yes", "--confirm-within", "60s")
    lock = try_lock(left.state, "act.lock")
    assert lock is not None
    with lock:
        assert "cleanup 1 is still at work" in left.ask("confirm").document["error"]["message"]

    assert left.ask("confirm").status == 0  # it was killed


def test_of_two_places_each_confirms_its_own(armed: Desk) -> None:
    home = armed.host.here
    armed.host.here = replace(home, namespace="elsewhere")
    assert armed.ask("confirm").status == 1
    assert armed.ask("confirm", "1").status == 2

    armed.host.here = home
    assert armed.ask("confirm").status == 0


def test_after_a_reboot_nothing_is_pending(armed: Desk) -> None:
    armed.host.here = replace(armed.host.here, boot="the next")
    armed.host.advance(120)

    assert armed.ask("status").document["unconfirmed"] == []
    assert armed.ask("run", "--once").status == 0
    assert not is_there(armed)


# ------------------------------------------------------------------------------------------------------- taking back


def test_the_process_that_waits_takes_it_back_at_the_deadline(armed: Desk) -> None:
    armed.host.advance(60)

    answer = armed.say(*WAITER)
    assert (answer.status, answer.out) == (0, "ready\n")
    assert is_there(armed)
    assert "cleanup 1 was not confirmed in time, and was taken back" in str(armed.ask("log").document)
    assert armed.ask("status").document["unconfirmed"] == []
    assert not (armed.state / armed_lock(1)).exists()


def test_time_asleep_counts(armed: Desk) -> None:
    armed.host.sleep(3600)

    assert armed.say(*WAITER).status == 0
    assert is_there(armed)


def test_a_remote_login_and_a_vpn_that_connects_do_not_hold_up_the_rescue(armed: Desk) -> None:
    # the peer is the very one whose way the undo gives another route
    armed.host.logins = (Login(peer="203.0.113.10", local="192.168.77.2"),)
    armed.host.advance(60)
    openvpn_connects(armed.story, adds=())

    assert armed.say(*WAITER).status == 0
    assert is_there(armed)


def test_what_is_armed_twice_is_waited_for_once(awaited: Desk) -> None:
    answer = awaited.ask(*WAITER)

    assert answer.status == 4
    assert "another routewatch waits for the deadline of cleanup 1" in answer.document["error"]["message"]


def test_a_cleanup_that_was_killed_in_the_middle_is_taken_back_as_far_as_it_came(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story, adds=(SERVER, "10.60.0.0/16 via 10.8.0.1 dev tun0"))
    desk.ask("run", "--once")
    desk.story.runs()
    desk.story.die("tun0")
    desk.ask("run", "--once")
    desk.host.advance(30)
    before = desk.story.rows()
    killed_at(desk, 2, "cleanup", "--yes", "--confirm-within", "60s")
    assert desk.story.rows() != before

    desk.host.advance(60)
    assert desk.say(*WAITER).status == 0
    assert Counter(desk.story.rows()) == Counter(before)
    assert desk.ask("status").document["interrupted"] == []


def test_a_cleanup_that_was_killed_before_its_first_step_leaves_nothing_to_wait_for(left: Desk) -> None:
    killed_at(left, 1, "cleanup", "--yes", "--confirm-within", "60s")
    left.host.advance(60)

    assert left.say(*WAITER).status == 0
    assert is_there(left)
    assert left.ask("status").document["unconfirmed"] == []


def test_a_cleanup_that_was_killed_before_its_first_step_is_in_nobodys_way(left: Desk) -> None:
    killed_at(left, 1, "cleanup", "--yes", "--confirm-within", "60s")

    again = left.ask("cleanup", "--yes")
    assert (again.status, again.rows) == (0, {LEFT: "done"})
    assert left.ask("confirm").status == 1


def test_an_undo_by_hand_that_was_killed_after_its_last_step_ends_the_waiting(armed: Desk) -> None:
    apply = armed.host.apply

    def applied(step: Step) -> None:
        apply(step)
        raise Killed

    armed.host.apply = applied  # type: ignore[method-assign, assignment]  # the power goes after the kernel's act
    with pytest.raises(Killed):
        armed.ask("undo")
    del armed.host.apply
    armed.ask("run", "--once")

    assert armed.ask("status").document["unconfirmed"] == []
    assert "cleanup 1 was taken back" in armed.ask("confirm").document["error"]["message"]


def test_a_table_that_never_rests_is_waited_for_and_then_taken_as_it_was_read(armed: Desk) -> None:
    observe = armed.host.observe

    def unsure(also: tuple[Process, ...] = ()) -> Snapshot:
        armed.host.advance(4)
        return replace(observe(also), unsure=("inet", "inet6"))

    armed.host.observe = unsure  # type: ignore[method-assign]  # the table changes at each look
    armed.host.advance(60)

    assert armed.say(*WAITER).status == 0
    del armed.host.observe
    assert is_there(armed)
    assert armed.host.now().boot >= stored_deadline(armed) + 10


def stored_deadline(desk: Desk) -> float:
    row = stored(desk)
    assert row is not None
    return row.deadline


def test_an_undo_at_the_deadline_that_is_killed_is_gone_on_with_by_the_next(armed: Desk) -> None:
    armed.host.advance(60)
    killed_at(armed, 1, *WAITER)
    assert not is_there(armed)

    assert "cleanup 1 was not confirmed in time, and was taken back" in armed.say("run", "--once").err
    assert is_there(armed)


def test_an_undo_by_hand_ends_the_waiting(awaited: Desk) -> None:
    assert awaited.ask("undo").status == 0

    assert not (awaited.state / armed_lock(1)).exists()
    assert awaited.ask("status").document["unconfirmed"] == []
    assert "cleanup 1 was taken back" in awaited.ask("confirm").document["error"]["message"]


def test_an_undo_by_hand_that_is_refused_leaves_it_armed(awaited: Desk) -> None:
    awaited.host.refuse(build.route(SERVER), "busy")

    answer = awaited.say("undo")
    assert answer.status == 1
    assert "cleanup 1 will be undone in 1 m 0 s unless: routewatch confirm 1" in answer.err
    assert (awaited.state / armed_lock(1)).exists()


# ----------------------------------------------------------------------------------- where the process that waits ended


def test_status_says_how_long_it_can_be_confirmed_and_who_waits(awaited: Desk) -> None:
    awaited.host.advance(18)

    [told] = awaited.ask("status").document["unconfirmed"]
    assert (told["cleanup_id"], told["seconds_left"], told["armed"]) == (1, 42.0, True)
    assert "cleanup 1 will be undone in 42 s unless: routewatch confirm 1\n" in awaited.say("status").out
    assert awaited.ask("cleanup", "--dry-run").status == 0
    assert "cleanup 1 will be undone in 42 s" in awaited.say("cleanup", "--dry-run").err


def test_status_says_when_nobody_waits_any_more(armed: Desk) -> None:
    assert "the process that would do it was ended" in armed.say("status").out
    armed.host.advance(60)

    assert "was not confirmed in time: the daemon, or the next cleanup, takes it back" in armed.say("status").out


def test_an_observation_takes_back_what_nobody_waits_for(armed: Desk) -> None:
    assert armed.ask("run", "--once").status == 0
    assert not is_there(armed)
    armed.host.advance(61)

    answer = armed.ask("run", "--once")
    assert "cleanup 1 was not confirmed in time, and was taken back" in answer.err
    assert is_there(armed)


def test_what_a_process_waits_for_is_left_to_it_unless_it_is_far_too_late(awaited: Desk) -> None:
    awaited.host.advance(70)
    awaited.ask("run", "--once")
    assert "is being taken back" in unconfirmed(awaited.ask("cleanup", "--yes"))
    assert not is_there(awaited)

    awaited.host.advance(30)
    awaited.ask("run", "--once")
    assert is_there(awaited)


def test_the_next_cleanup_takes_it_back_and_does_nothing_else(armed: Desk) -> None:
    armed.host.advance(61)

    told = unconfirmed(armed.ask("cleanup", "--yes"))
    assert told == "cleanup 1 was not confirmed in time, and is taken back now; nothing else was done"
    assert is_there(armed)
    assert armed.ask("cleanup", "--yes").rows == {LEFT: "done"}  # a person says so anew


def test_a_late_confirmation_holds_where_nobody_has_taken_it_back(armed: Desk) -> None:
    armed.host.advance(600)

    assert armed.ask("confirm").status == 0
    armed.ask("run", "--once")
    assert not is_there(armed)


def test_a_second_cleanup_is_refused_by_name_until_the_first_is_confirmed(awaited: Desk) -> None:
    for words in (["--yes"], ["--unattended"], ["--yes", "--confirm-within", "60s"]):
        told = unconfirmed(awaited.ask("cleanup", *words))
        assert told == "cleanup 1 is to be confirmed first: it is undone in 1 m 0 s otherwise"

    awaited.ask("confirm")
    assert awaited.ask("cleanup", "--yes").status == 0


def test_without_privilege_an_observation_says_that_it_can_not_take_it_back(armed: Desk) -> None:
    armed.host.advance(61)
    armed.host.privileged = False

    assert armed.ask("run", "--once").status == 3
    assert not is_there(armed)
