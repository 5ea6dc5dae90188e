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
