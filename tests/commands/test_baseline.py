"""A baseline that a person captures: what it vouches for, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.clients import dies, openvpn_connects

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_a_baseline_captured_under_a_vpn_is_tainted_and_said_to_be(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.runs("openvpn[1234]")
    desk.story.up("tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]", "10.8.0.6/24")

    answer = desk.ask("baseline", "capture")
    assert (answer.status, answer.document["tainted"]) == (0, True)
    assert "warning: tun0 is up" in answer.err


def test_a_baseline_captured_after_a_session_makes_its_leftovers_a_persons_own(desk: Desk) -> None:
    desk.vpn_dies()
    assert desk.say("status", "--check").status == 1

    told = desk.say("baseline", "capture")
    assert told.status == 0
    words = "1 row in it is what a VPN left behind: it counts as yours from now on:\n  203.0.113.10 via 192.168.77.1"
    assert words in told.err
    assert desk.say("status", "--check").status == 0
    assert desk.ask("cleanup", "--yes", "--only", "203.0.113.10").rows == {}
    told = desk.say("diff")
    assert (told.status, told.out) == (0, "the table is as it was in the baseline\n")
    assert told.err.startswith("compared with baseline 3 of ")
    assert told.err.endswith(" (by hand)\n")
    assert desk.say("baseline", "capture").err == ""
    for number in (3, 4):
        desk.ask("baseline", "forget", str(number))
    assert desk.say("status", "--check").status == 1


def test_a_baseline_captured_right_after_the_end_vouches_though_nobody_saw_the_end(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story)
    desk.ask("run", "--once")
    dies(desk.story)

    assert "1 row in it is what a VPN left behind" in desk.say("baseline", "capture").err
    assert desk.ask("status").document["findings"] == []


def test_a_captured_baseline_does_not_vouch_for_what_is_dead(desk: Desk) -> None:
    desk.persistent_tun_is_left()

    told = desk.say("baseline", "capture")
    assert "1 row in it is what a VPN left behind: it counts as yours from now on" in told.err
    assert "rows in it are what a VPN left behind, and stay leftovers" in told.err
    assert "203.0.113.10/32" not in {f["route"]["destination"] for f in desk.ask("status").document["findings"]}


def test_a_baseline_is_shown_and_forgotten_by_its_number(desk: Desk) -> None:
    desk.knows_the_machine()
    newest = desk.ask("baseline", "show").document["id"]

    assert desk.ask("baseline", "show", str(newest)).document["id"] == newest
    assert desk.ask("baseline", "forget", str(newest)).document == {"schema": "routewatch/1", "forgotten": newest}
    assert desk.ask("baseline", "show", str(newest)).status == 2
