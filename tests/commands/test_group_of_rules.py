"""Rules and routes of one kill-switch-less WireGuard: taken together, put back together, whatever the kernel says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.clients import WG_RULES, wireguard_up

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def wireguard_dies(desk: Desk) -> None:
    desk.knows_the_machine()
    wireguard_up(desk.story)
    desk.ask("run", "--once")
    desk.story.gone("wg0")
    desk.ask("run", "--once")
    desk.host.advance(30)


def test_the_rules_go_first_and_come_back_exactly(desk: Desk) -> None:
    wireguard_dies(desk)
    left = desk.story.rows()

    cleaned = desk.ask("cleanup", "--yes")
    assert cleaned.status == 0, cleaned
    rules = [step for step in cleaned.document["steps"] if step["target"] == "policy_rule"]
    assert len(rules) == len(WG_RULES)
    assert len({step["group"] for step in rules}) == 1
    assert all(step["command"].startswith(("ip rule del", "ip -6 rule del")) for step in rules)

    assert desk.ask("undo").status == 0
    assert desk.story.rows() == left


def test_one_rule_that_stays_keeps_the_others(desk: Desk) -> None:
    wireguard_dies(desk)
    left = desk.story.rows()
    desk.host.refuse(next(rule for rule in desk.host.rules if rule.fwmark and rule.family == "inet6"), "busy")

    cleaned = desk.ask("cleanup", "--yes")
    assert cleaned.status == 1
    assert "done" not in cleaned.rows.values()
    assert desk.story.rows() == left
    text = desk.say("cleanup", "--yes")
    assert "its group failed, so it was taken back" in text.out or "an earlier step of its group failed" in text.out
