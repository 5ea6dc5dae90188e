"""``kill -9`` in the middle of a cleanup and of its undo on a Mac: the next command tells, and all can go back.

Who acts is killed by the very programs that he runs: before route has acted, right after, and while he looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.interposed import INSTEAD, KILLED, THEN, interpose, withdraw
from tests.macos.leavings import lasting, left_behind

if TYPE_CHECKING:
    from tests.macos.mac import Mac
    from tests.macos.person import Answer, Person

POINTS = {
    "right after its first act": ("route", THEN, "test $CALL -eq 1"),
    "while it looks whether its second act was done": ("netstat", INSTEAD, "test $ROUTED -eq 2"),
    "before its last act": ("route", INSTEAD, "test $CALL -eq 3"),
    "right after its last act": ("route", THEN, "test $CALL -eq 3"),
}


@pytest.fixture
def person(mac: Mac) -> Person:
    return left_behind(mac)


@pytest.fixture(params=POINTS, ids=[name.replace(" ", "-") for name in POINTS])
def point(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return POINTS[request.param]


def killed(person: Person, point: tuple[str, str, str], *words: str) -> None:
    """Say a command, and let it be killed at this point."""
    program, script, when = point
    for each in ("netstat", "route"):
        interpose(person.mac, each, *([script.format(when=when, what=KILLED)] if each == program else []))
    assert person.ask(*words).status == -9
    withdraw(person.mac, "netstat", "route")


def undone(person: Person) -> list[Answer]:
    """Undo until there is nothing more to take back."""
    answers = [person.ask("undo")]
    while answers[-1].status == 0:
        answers.append(person.ask("undo"))
    return answers


def test_a_cleanup_is_told_finished_by_the_next_and_both_can_be_taken_back(
    mac: Mac, person: Person, point: tuple[str, str, str]
) -> None:
    left = lasting(mac)
    killed(person, point, "cleanup", "--yes")
    went = len(left - lasting(mac))
    assert person.ask("status").document["interrupted"] == [1]

    again = person.ask("cleanup", "--yes")
    assert (again.status, len(again.commands)) == (0, 3 - went)
    assert "cleanup 1 was interrupted" in again.err
    assert again.err.count("was done") == went
    assert person.ask("status", "--check").status == 0

    assert undone(person)[-1].status == 2
    assert lasting(mac) == left


@pytest.mark.parametrize("where", ["right after its first act", "before its last act"])
def test_an_undo_is_told_and_goes_on_where_it_was(mac: Mac, person: Person, where: str) -> None:
    left = lasting(mac)
    assert person.ask("cleanup", "--yes").status == 0
    clean = lasting(mac)
    killed(person, POINTS[where], "undo")

    again = person.ask("undo")
    assert again.status == 0, again
    assert "undo 2 was interrupted" in again.err
    assert lasting(mac) == left
    assert person.ask("cleanup", "--yes").status == 0
    assert lasting(mac) == clean
