"""The one JSON document of each command: its keys are what programs rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.commands.desk import Desk

STEP = """
    n group action target route policy_rule replaces confidence rule because evidence against command effect undo
    status
"""
FINDING = "target route policy_rule verdict confidence rule because evidence against session author"
CLEANUP = "schema dry_run changed cleanup_id steps refused remaining remarks confirm_within confirm_by"
SESSION = "id client process tunnel opened closed ended baseline network added removed left lost cleaned"
EVENT = "id at kind session route before policy_rule author detail"
BASELINE = "schema id taken_at proven tainted reason routes policy_rules"
DOCUMENTS = {
    "run --once": "schema settled events findings",
    "cleanup": CLEANUP,
    "cleanup --dry-run": CLEANUP,
    "cleanup --yes": CLEANUP,
    "cleanup --unattended": CLEANUP,
    "undo --dry-run": CLEANUP,
    "keep 10.9.0.0/16": "schema changed kept",
    "status": "schema tunnels sessions findings remarks baseline interrupted unconfirmed daemon",
    "status --check": "schema tunnels sessions findings remarks baseline interrupted unconfirmed daemon",
    "baseline capture": BASELINE,
    "baseline show": BASELINE,
    "baseline forget": "schema forgotten",
    "snapshot": "schema taken_at platform complete routes policy_rules links unparsed",
    "diff": "schema baseline added removed changed",
    "sessions": "schema sessions",
    "log": "schema events",
    "config check": "schema path valid",
    "config show": "schema path settings sources",
    "--version": "schema version python platform backend",
}


def keys(names: str) -> set[str]:
    return set(names.split())


@pytest.fixture
def cleaned(desk: Desk) -> Desk:
    """A desk in the middle of things: one leftover was cleaned up, and put back by an undo half an hour ago."""
    desk.vpn_dies()
    desk.ask("cleanup", "--yes")
    desk.ask("undo")
    desk.ask("cleanup", "--yes")
    return desk


@pytest.mark.parametrize("command", DOCUMENTS)
def test_a_command_answers_with_one_document_of_these_keys(cleaned: Desk, command: str) -> None:
    answer = cleaned.ask(*command.split())

    assert set(answer.document) == keys(DOCUMENTS[command])
    assert answer.document["schema"] == "routewatch/1"


@pytest.mark.parametrize("command", DOCUMENTS)
def test_a_command_speaks_to_people_in_no_json(cleaned: Desk, command: str) -> None:
    answer = cleaned.say(*command.split())

    assert not answer.out.startswith("{")
    assert "Traceback" not in answer.err


def test_a_step_and_a_refusal_have_these_keys(desk: Desk) -> None:
    desk.vpn_dies()
    desk.configuration.write_text(desk.configuration.read_text() + "[protect]\ndestinations = ['203.0.113.0/24']")
    [refused] = desk.ask("cleanup", "--dry-run").document["refused"]
    assert set(refused) == keys("target route policy_rule rule because")
    assert refused["rule"] == "protected"

    desk.knows_the_machine()
    desk.configuration.write_text(desk.configuration.read_text().partition("[")[0])
    [step] = desk.ask("cleanup", "--dry-run").document["steps"]
    assert set(step) == keys(STEP) | {"detail"}
    assert (step["target"], step["policy_rule"], step["undo"]) == ("route", None, "exact")


def test_a_finding_a_session_and_an_event_have_these_keys(desk: Desk) -> None:
    desk.vpn_dies()

    [finding] = desk.ask("status").document["findings"]
    assert set(finding) == keys(FINDING)
    [added] = desk.ask("diff").document["added"]
    assert set(added) == keys(FINDING)
    [session] = desk.ask("sessions").document["sessions"]
    assert set(session) == keys(SESSION)
    for event in desk.ask("log").document["events"]:
        assert set(event) == keys(EVENT)


def test_a_changed_route_is_told_with_what_it_was(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.remove("10.50.0.0/16 via 192.168.77.5 dev eth0")
    desk.story.add("10.50.0.0/16 via 192.168.77.5 dev eth0 proto static")

    document: dict[str, Any] = desk.ask("diff").document
    [pair] = document["changed"]
    assert (pair["before"]["protocol"], pair["after"]["protocol"]) == ("boot", "static")
    assert set(pair["before"]) == set(pair["after"])


ERRORS = {
    "": ("usage", 2),
    "nosuch": ("usage", 2),
    "status --nosuch": ("usage", 2),
    "status --chec": ("usage", 2),
    "cleanup --yes --unattended": ("usage", 2),
    "cleanup --only nowhere": ("usage", 2),
    "cleanup --session 99": ("usage", 2),
    "cleanup --session x": ("usage", 2),
    "undo": ("usage", 2),
    "undo 99": ("usage", 2),
    "keep": ("usage", 2),
    "keep nowhere": ("usage", 2),
    "keep 10.0.0.1/8/8": ("usage", 2),
    "baseline": ("usage", 2),
    "baseline show": ("usage", 2),
    "baseline show 99": ("usage", 2),
    "baseline forget 99": ("usage", 2),
    "baseline forget 0": ("usage", 2),
    "keep fe80::1%eth0": ("usage", 2),
    "sessions --limit -1": ("usage", 2),
    "snapshot --table nosuch": ("usage", 2),
    "snapshot --interface nosuch": ("usage", 2),
    "snapshot -4 -6": ("usage", 2),
    "diff --interface nosuch": ("usage", 2),
    "log --session 99": ("usage", 2),
    "log --since yesterday": ("usage", 2),
    "log --since -5m": ("usage", 2),
    "config": ("usage", 2),
    "config nosuch": ("usage", 2),
    "status --color purple": ("usage", 2),
    "status -q -v": ("usage", 2),
    "status nosuch": ("usage", 2),
    "status \udcff": ("usage", 2),
    "status \x1b[2J": ("usage", 2),
}


@pytest.mark.parametrize("command", ERRORS)
def test_an_error_is_one_document_and_one_clear_line(desk: Desk, command: str) -> None:
    code, status = ERRORS[command]

    answer = desk.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (status, code)
    assert set(answer.document) == {"schema", "error"}
    assert set(answer.document["error"]) == {"code", "message", "hint"}

    told = desk.say(*command.split())
    assert (told.status, told.out) == (status, "")
    first, *hints = told.err.splitlines()
    assert first.startswith("routewatch: ")
    assert all(line.startswith("  ") for line in hints), told.err
    assert "\x1b" not in told.err
