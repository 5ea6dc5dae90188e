"""What can be wrong with machine, configuration and state: one clear error, the right status, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.model import Link
from tests import build

if TYPE_CHECKING:
    from tests.commands.desk import Desk

CONFIGURATIONS = {
    "grace = ": "not valid TOML",
    "gace = '1s'": "gace: there is no such key; did you mean grace?",
    "grace = 'soon'": "grace: ",
    "grace = 5": "grace: ",
    "max_routes = -1": "max_routes: ",
    "automatic = 'yes'": "automatic: ",
    "platform = 'plan9'": "platform: ",
    "state_dir = 'here'": "state_dir: ",
    "settle_quiet = '10s'": "settle_limit: must not be shorter",
    "protect = 'all'": "protect: must be a table",
    "[protect]\ndestinations = ['10.0.0.0/33']": "protect.destinations[0]: ",
    "[protect]\ntables = ['nosuch']": "protect.tables[0]: ",
    "[[vpn]]\ninterface = 'x*'": "vpn[0].name: is missing",
    "[hooks]\ncleaned = ['mail']": "hooks.cleaned: ",
    "[retention]\nage = '0s'": "retention.age: ",
}


@pytest.mark.parametrize("text", CONFIGURATIONS)
@pytest.mark.parametrize("command", ["config check", "cleanup --yes", "run --once"])
def test_a_malformed_configuration_is_refused_with_its_key(desk: Desk, text: str, command: str) -> None:
    desk.configuration.write_text(text + "\n")

    answer = desk.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (2, "configuration")
    assert CONFIGURATIONS[text] in answer.document["error"]["message"]
    assert not desk.state.exists()


def test_all_mistakes_of_a_configuration_are_told_at_once(desk: Desk) -> None:
    desk.configuration.write_text("gace = 1\nautomatic = 3\n[retention]\nage = 1\n")

    message = desk.ask("config", "check").document["error"]["message"]
    assert [line.split(": ")[1] for line in message.splitlines()] == ["gace", "automatic", "retention.age"]


def test_a_configuration_that_is_not_there_is_named(desk: Desk) -> None:
    desk.configuration.unlink()

    answer = desk.ask("status")
    assert answer.status == 2
    assert str(desk.configuration) in answer.document["error"]["message"]


@pytest.mark.parametrize("command", ["keep 10.9.0.1/8", "keep --forget 10.9.0.1/8", "cleanup --only 10.9.0.1/8"])
def test_a_prefix_with_host_bits_is_a_question_back(desk: Desk, command: str) -> None:
    answer = desk.ask(*command.split())

    assert answer.status == 2
    assert answer.document["error"] == {
        "code": "usage",
        "message": "10.9.0.1/8 has host bits set",
        "hint": "did you mean 10.0.0.0/8 or 10.9.0.1/32?",
    }


def test_what_config_show_prints_is_a_configuration_that_says_the_same(desk: Desk) -> None:
    desk.configuration.write_text(desk.configuration.read_text() + '[[vpn]]\nname = "ours"\ninterface = "corp*"\n')
    before, shown = desk.ask("config", "show").document["settings"], desk.say("config", "show").out

    desk.configuration.write_text(shown)

    assert desk.say("config", "check").status == 0
    assert desk.ask("config", "show").document["settings"] == before
    assert f'state_dir = "{desk.state}"  # --state-dir' in shown.splitlines()


@pytest.mark.parametrize("command", ["status", "cleanup --yes", "cleanup --dry-run", "run --once", "undo", "log"])
def test_a_state_directory_that_is_a_file_is_refused(desk: Desk, command: str) -> None:
    desk.state.write_text("mine")

    answer = desk.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (4, "state")
    assert str(desk.state) in answer.document["error"]["message"]
    assert desk.state.read_text() == "mine"


def test_a_damaged_store_is_set_aside_and_said(desk: Desk) -> None:
    desk.knows_the_machine()
    for path in desk.state.glob("routewatch.db*"):
        path.write_bytes(b"no database" * 1000)

    answer = desk.ask("run", "--once")
    assert answer.status == 0
    assert "set aside" in answer.err
    assert len(list(desk.state.glob("*corrupt*"))) > 0


def test_an_incomplete_table_is_exit_4_and_nothing_is_stored(desk: Desk) -> None:
    desk.vpn_dies()
    before = desk.ask("log").document, desk.ask("baseline", "show").document
    left = desk.story.rows()
    desk.host.complete = False

    for command in ("snapshot", "status", "diff", "cleanup --yes", "cleanup --dry-run", "undo", "baseline capture"):
        answer = desk.ask(*command.split())
        assert (answer.status, answer.document["error"]["code"]) == (4, "unreadable"), command
    assert desk.ask("run", "--once").status == 4
    assert (desk.ask("log").document, desk.ask("baseline", "show").document) == before
    assert desk.story.rows() == left


def test_without_privilege_nothing_is_touched_and_nothing_written(desk: Desk) -> None:
    desk.vpn_dies()
    left = desk.story.rows()
    desk.host.privileged = False

    for command in ("cleanup", "cleanup --yes", "cleanup --unattended", "undo"):
        answer = desk.ask(*command.split())
        assert (answer.status, answer.document["error"]["code"]) == (3, "permission"), command
    assert desk.story.rows() == left
    desk.host.privileged = True
    assert desk.ask("undo").status == 2  # there is nothing in the journal


def test_showing_takes_no_privilege(desk: Desk) -> None:
    desk.vpn_dies()
    desk.host.privileged = False

    assert desk.ask("cleanup", "--dry-run").rows == {"203.0.113.10/32": "planned"}
    assert desk.ask("status").status == 0


def test_what_a_name_says_never_steers_the_terminal(desk: Desk) -> None:
    evil = "a\x1b[2Jb"
    desk.host.link_up(Link(name=evil, index=9, kind="ether", up=True, carrier=True))
    desk.host.add(replace(build.route("10.78.0.0/16 dev eth0"), interface=evil))

    for command in ("snapshot", "diff", "status"):
        assert "\x1b" not in desk.say(command).out
