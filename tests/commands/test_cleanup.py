"""``cleanup`` and ``undo`` as their user has them: what is done, what is said, and the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
