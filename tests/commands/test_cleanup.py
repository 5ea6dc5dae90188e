"""``cleanup`` and ``undo`` as their user has them: what is done, what is said, and the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.desk import Desk

SERVER = "203.0.113.10/32"


def test_a_killed_vpn_is_cleaned_up_and_the_cleanup_is_taken_back(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()

    cleaned = desk.ask("cleanup", "--yes")
    assert (cleaned.status, cleaned.rows, cleaned.document["remaining"]) == (0, {SERVER: "done"}, 0)

    undone = desk.ask("undo")
    assert (undone.status, undone.rows) == (0, {SERVER: "done"})
    assert desk.story.rows() == left


def test_without_a_terminal_and_without_yes_the_plan_is_shown_and_nothing_done(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()

    shown = desk.ask("cleanup")
    assert (shown.status, shown.rows, shown.document["dry_run"]) == (1, {SERVER: "planned"}, False)
    assert desk.story.rows() == left


def test_cleanup_may_be_said_as_an_option(desk: Desk) -> None:
    desk.vpn_dies()

    assert desk.ask("--cleanup", "--dry-run").rows == {SERVER: "planned"}


def test_what_nothing_ties_to_a_vpn_is_told_and_left_alone(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.add("10.99.0.0/16 via 192.168.77.9 dev eth0")

    told = desk.say("cleanup", "--dry-run")
    assert told.status == 0
    assert "there is nothing to clean up" in told.out
    assert "left alone:\n? 10.99.0.0/16 via 192.168.77.9 dev eth0" in told.out
    assert "nothing ties it to a VPN" in told.out

    asked = desk.ask("cleanup", "--dry-run", "--only", "10.99.0.0/16")
    assert asked.rows == {"10.99.0.0/16": "planned"}


def test_who_names_a_good_route_is_told_why_it_stays(desk: Desk) -> None:
    desk.knows_the_machine()

    told = desk.say("cleanup", "--dry-run", "--only", "172.18.0.0/16")
    assert told.status == 0
    assert "left alone:\n  172.18.0.0/16 dev br-lab" in told.out
    assert "the kernel made it" in told.out


def test_who_names_what_was_not_found_is_told_so_and_how_much_else_there_is(desk: Desk) -> None:
    desk.vpn_dies()

    other = desk.say("cleanup", "--only", "9.9.9.9", "--yes")
    assert other.status == 1
    assert other.out == "nothing found for 9.9.9.9; 1 other finding (routewatch cleanup --dry-run)\n"

    desk.ask("cleanup", "--yes")
    none = desk.say("cleanup", "--only", "9.9.9.9", "--session", "1", "--yes")
    assert (none.status, none.out) == (0, "nothing found for 9.9.9.9 of session 1\n")
    assert desk.say("cleanup", "--yes").out == "there is nothing to clean up\n"


def test_unattended_says_that_what_there_is_is_not_certain(desk: Desk) -> None:
    desk.vpn_dies()
    [finding] = desk.ask("status").document["findings"]
    assert finding["confidence"] == "likely"

    told = desk.say("cleanup", "--unattended")
    assert told.out == "nothing that is certain found; 1 other finding (routewatch cleanup --dry-run)\n"


def test_an_undo_tells_its_own_number(desk: Desk) -> None:
    desk.vpn_dies()

    assert "cleanup 1: 1 of 1 done" in desk.say("cleanup", "--yes").out
    assert desk.say("undo").out.endswith("\nundo 2: cleanup 1 is taken back\n")
    assert "cleanup 3: 1 of 1 done" in desk.say("cleanup", "--yes").out


def test_the_plan_shows_the_evidence_for_and_against_as_status_does(desk: Desk) -> None:
    desk.vpn_dies()
    [finding] = desk.ask("status").document["findings"]
    pieces = " ".join([*finding["evidence"], *(f"({code})" for code in finding["against"])])
    assert f"; {pieces}]" in desk.say("status").out
    assert f"[{finding['rule']}; {pieces}]" in desk.say("cleanup", "--dry-run").out


@pytest.mark.parametrize("command", ["status", "diff", "cleanup --dry-run"])
def test_verbose_says_what_each_code_of_the_evidence_stands_for(desk: Desk, command: str) -> None:
    desk.vpn_dies()
    [finding] = desk.ask("status").document["findings"]
    terse, told = desk.say(*command.split()).out, desk.say(*command.split(), "-v").out
    assert ": it was not there before\n" not in terse

    lines = [line.strip() for line in told.splitlines()]
    assert "E1: it was not there before" in lines
    assert all(any(line.startswith(f"{code}: ") for line in lines) for code in finding["evidence"])
    assert all(any(line.startswith(f"({code}) against it: ") for line in lines) for code in finding["against"])
