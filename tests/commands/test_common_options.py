"""The options that every command takes, before it and after it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from routewatch.cli import main

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_the_common_options_are_taken_before_and_after_the_command(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--config", str(desk.configuration), "--state-dir", str(desk.state), "--json"]
    answers = []
    for words in ([*common, "config", "show"], ["config", *common, "show"], ["config", "show", *common]):
        assert main(words, host=desk.host) == 0
        answers.append(json.loads(capsys.readouterr().out))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["path"] == str(desk.configuration)


def test_options_may_stand_on_both_sides(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--json", "--config", str(desk.configuration), "status", "--state-dir", str(desk.state)]

    assert main(words, host=desk.host) == 0
    assert json.loads(capsys.readouterr().out)["daemon"]["state_dir"] == str(desk.state)


def test_an_option_of_the_same_name_as_a_command_is_no_command(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(desk.configuration), "--state-dir", str(desk.folder / "status"), "snapshot"]

    assert main(words, host=desk.host) == 0
    assert capsys.readouterr().out.startswith("default via 192.168.77.1")


@pytest.mark.parametrize("command", ["status", "snapshot", "diff", "log", "sessions", "config show"])
def test_quiet_hushes_remarks_and_not_what_was_asked_for(desk: Desk, command: str) -> None:
    desk.vpn_dies()

    assert desk.say(*command.split(), "-q").out == desk.say(*command.split()).out


def test_quiet_hushes_the_report_of_what_was_done(desk: Desk) -> None:
    desk.vpn_dies()

    answer = desk.say("cleanup", "--yes", "-q")
    assert (answer.status, answer.out, answer.err) == (0, "", "")


def test_without_a_command_help_is_named(desk: Desk) -> None:
    assert "routewatch --help" in desk.say().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    told = capsys.readouterr().out
    for name in ("run", "cleanup", "undo", "keep", "status", "baseline", "snapshot", "diff", "sessions", "log", "demo"):
        assert f"    {name} " in told


def test_the_help_of_a_command_has_the_common_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["cleanup", "--help"])

    assert "--state-dir" in capsys.readouterr().out


ACTIONS = {"baseline": ("capture", "show", "forget"), "config": ("check", "show")}


@pytest.mark.parametrize("command", ACTIONS)
def test_a_command_of_several_actions_names_them(desk: Desk, capsys: pytest.CaptureFixture[str], command: str) -> None:
    answer = desk.say(command)
    assert answer.status == 2
    assert answer.err.startswith(f"routewatch: the following arguments are required: {'|'.join(ACTIONS[command])}")

    with pytest.raises(SystemExit):
        main([command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    for action in ACTIONS[command]:
        assert any(line.startswith(f"    {action}  ") for line in lines)


@pytest.mark.parametrize(("action", "takes_one"), [("capture", False), ("show", True), ("forget", True)])
def test_a_number_is_taken_where_it_means_something(
    desk: Desk, capsys: pytest.CaptureFixture[str], action: str, *, takes_one: bool
) -> None:
    with pytest.raises(SystemExit):
        main(["baseline", action, "--help"])
    told = capsys.readouterr().out
    assert ("ID" in told.partition("--help")[0]) is takes_one
    assert "--state-dir" in told

    expected = "there is no baseline 7" if takes_one else "unrecognized arguments: 7"
    assert expected in desk.say("baseline", action, "7").err


@pytest.mark.parametrize("words", ["--cleanup status", "cleanup status", "--cleanup --dry-run status"])
def test_two_commands_at_once_are_a_question_which(desk: Desk, words: str) -> None:
    answer = desk.ask(*words.split())

    assert answer.status == 2
    assert answer.document["error"]["message"] == "unrecognized arguments: status"
    assert answer.document["error"]["hint"] == "one command at a time: routewatch cleanup, or routewatch status"
