"""A Mac's programs fail in the middle of a cleanup: it stops, says why, and what it did can be told and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.interposed import INSTEAD, interpose, withdraw
from tests.macos.leavings import LEFT, lasting, left_behind, left_there

if TYPE_CHECKING:
    from tests.macos.mac import Mac
    from tests.macos.person import Answer, Person

HANGS = "exec sleep 600"
GARBAGE = r"printf '\000\033[2Jdefault\377 10.8/24 \200 utun9\nInternet:\n'; exit 0"
UNREADABLE = {
    "hangs": (HANGS, "did not answer within 3 s"),
    "is empty": ('echo "Routing tables"; exit 0', "the table is empty"),
    "lacks IPv6": ("$REAL -rn -f inet; exit 0", "no route of inet6 at all"),
}
UNACTING = {
    "finds nothing in the table": (
        'echo "delete net x: not in table"; echo "route: writing to routing socket: not in table" >&2; exit 0',
        "the table does not show it",
    ),
    "is ended by a signal": ("kill -9 $$", "signal 9 ended route"),
}


@pytest.fixture
def person(mac: Mac) -> Person:
    person = left_behind(mac)
    person.gives_programs(3)
    return person


def cleaned_with(person: Person, **scripts: str) -> Answer:
    """Clean up while scripts are in these programs' places; nothing of them is left afterwards."""
    for program in ("netstat", "route"):
        interpose(person.mac, program, *([scripts[program]] if program in scripts else []))
    answer = person.ask("cleanup", "--yes")
    withdraw(person.mac, "netstat", "route")
    return answer


def what_became(answer: Answer) -> list[str]:
    return [step["status"] for step in answer.document["steps"]]


def finishes_and_takes_all_back(person: Person, left: set[tuple[str, ...]]) -> None:
    assert person.ask("cleanup", "--yes").status == 0
    assert left_there(person.mac) == set()
    assert person.ask("status", "--check").status == 0
    while person.ask("undo").status == 0:
        pass
    assert lasting(person.mac) == left


# ------------------------------------------------------------------------------------------------- netstat


@pytest.mark.parametrize("way", UNREADABLE)
def test_a_table_that_can_not_be_read_any_more_after_the_last_step_loses_nothing(
    mac: Mac, person: Person, way: str
) -> None:
    """The step's own proof fails, and the look at the end: the next command decides, by the table."""
    left = lasting(mac)
    what, why = UNREADABLE[way]
    answer = cleaned_with(person, netstat=INSTEAD.format(when="test $ROUTED -ge 3", what=what))

    assert answer.status == 4
    assert why in answer.err
    assert what_became(answer) == ["done", "done", "failed"]
    assert left_there(mac) == set()
    assert person.ask("status").document["interrupted"] == [1]
    assert "route_removed" not in {event["kind"] for event in person.ask("log", "--since", "1s").document["events"]}
    finishes_and_takes_all_back(person, left)


@pytest.mark.parametrize("way", ["hangs", "lacks IPv6"])
def test_a_table_that_can_not_be_read_between_two_steps_stops_the_cleanup(mac: Mac, person: Person, way: str) -> None:
    left = lasting(mac)
    what, why = UNREADABLE[way]
    answer = cleaned_with(person, netstat=INSTEAD.format(when="test $ROUTED -eq 2", what=what))

    assert answer.status == 4
    assert why in answer.err
    assert answer.document["steps"][2]["status"] in {"failed", "skipped"}
    assert "2001:db8:77::/48" in left_there(mac)  # nothing was done blindly
    assert {row[0] for row in left - lasting(mac)} <= LEFT
    finishes_and_takes_all_back(person, left)


def test_a_table_that_is_unreadable_once_is_read_again(person: Person) -> None:
    once = "test $ROUTED -eq 1 -a ! -e $REAL.told && touch $REAL.told"
    answer = cleaned_with(person, netstat=INSTEAD.format(when=once, what=GARBAGE))
    assert (answer.status, what_became(answer)) == (0, ["done"] * 3)


def test_a_table_that_can_not_be_read_at_the_very_end_is_no_failure_of_a_step(mac: Mac, person: Person) -> None:
    """All was proven step by step; only how much remains could not be seen."""
    when = "test $ROUTED -eq 3 && test -e $REAL.proven || { test $ROUTED -eq 3 && touch $REAL.proven && false; }"
    answer = cleaned_with(person, netstat=INSTEAD.format(when=when, what=UNREADABLE["is empty"][0]))

    assert (answer.status, what_became(answer)) == (4, ["done"] * 3)
    assert "what was done could not be verified" in answer.err
    assert "nothing was changed" not in answer.err
    assert left_there(mac) == set()


# --------------------------------------------------------------------------------------------------- route


@pytest.mark.parametrize("way", UNACTING)
def test_a_route_that_does_not_act_fails_its_step_and_takes_its_group_back(mac: Mac, person: Person, way: str) -> None:
    left = lasting(mac)
    what, why = UNACTING[way]
    answer = cleaned_with(person, route=INSTEAD.format(when="test $CALL -eq 2", what=what))

    assert (answer.status, what_became(answer)) == (1, ["undone", "failed", "done"])
    assert why in answer.document["steps"][1]["detail"]
    assert left - lasting(mac) == {row for row in left if row[0] == "2001:db8:77::/48"}


def test_a_route_that_is_gone_in_the_middle_stops_it_and_the_setting_is_named(mac: Mac, person: Person) -> None:
    left = lasting(mac)
    gone = f'if test $CALL -eq 1; then $REAL "$@"; mv {mac.folder}/route {mac.folder}/route.gone; exit 0; fi'
    interpose(mac, "route", gone)
    answer = person.ask("cleanup", "--yes")
    (mac.folder / "route.gone").rename(mac.folder / "route")
    withdraw(mac, "route")

    assert answer.status == 4
    assert "can't be run: No such file or directory (set [macos] route to its absolute path)" in answer.err
    assert what_became(answer) == ["done", "failed", "skipped"]
    assert "could not be taken back" in answer.document["steps"][0]["detail"]
    finishes_and_takes_all_back(person, left)


def test_a_route_that_lost_its_privilege_in_the_middle_stops_it_with_3(mac: Mac, person: Person) -> None:
    left = lasting(mac)
    refused = 'echo "route: must be root to alter routing table" >&2; exit 77'
    answer = cleaned_with(person, route=INSTEAD.format(when="test $CALL -ge 2", what=refused))

    assert (answer.status, what_became(answer)) == (3, ["done", "failed", "skipped"])
    assert len(left - lasting(mac)) == 1
