"""The table against the baseline: judged, filtered, and shown as ip(8) would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_without_a_baseline_the_difference_is_judged_by_the_table_itself(desk: Desk) -> None:
    told = desk.say("diff")
    assert (told.status, told.out) == (0, "nothing is left over or missing\n")
    assert "there is no baseline" in told.err
    assert desk.ask("diff").document["baseline"] is None


def test_a_difference_is_shown_with_its_verdict_and_can_be_filtered(desk: Desk) -> None:
    desk.vpn_dies()

    told = desk.say("diff")
    assert told.status == 1
    assert "orphaned, likely" in told.out or "orphaned, certain" in told.out
    assert desk.ask("diff", "-6").status == 0
    assert desk.ask("diff", "--interface", "eth0").status == 1
    assert desk.ask("diff", "--table", "52").status == 0


@pytest.mark.parametrize("command", ["snapshot", "diff"])
def test_an_unknown_interface_names_those_there_are(desk: Desk, command: str) -> None:
    answer = desk.ask(command, "--interface", "eht0")

    assert answer.document["error"]["message"] == "there is no interface eht0"
    assert answer.document["error"]["hint"] == "there are br-lab, eth0, lo"


def test_an_interface_that_has_gone_is_still_known_by_its_lost_routes(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.gone("br-lab")

    answer = desk.ask("diff", "--interface", "br-lab")
    assert answer.status == 1
    assert [row["route"]["destination"] for row in answer.document["removed"]] == ["172.18.0.0/16"]


@pytest.mark.parametrize("command", ["snapshot", "baseline show"])
def test_rules_of_both_families_are_told_apart(desk: Desk, command: str) -> None:
    desk.knows_the_machine()

    told = [line.strip() for line in desk.say(*command.split()).out.splitlines()]
    assert told.count("rule 0: from all lookup local") == 1
    assert told.count("rule 0: from all lookup local (IPv6)") == 1
