"""The commands of routewatch on a Mac: real processes, on the stand-in's programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.live.waiting import until
from tests.macos.mac import Mac
from tests.macos.person import Person

if TYPE_CHECKING:
    from pathlib import Path

LEFT = "203.0.113.9/32"


@pytest.fixture
def person(mac: Mac) -> Person:
    mac.system_utuns(2)
    return Person(mac)


@pytest.fixture
def leftover(mac: Mac, person: Person) -> Person:
    """Somebody whose VPN client was killed, seen by three single looks."""
    person.vouches()
    vpn = mac.connect_utun(client="openvpn", routes=["0.0.0.0/1", "128.0.0.0/1"], server="203.0.113.9")
    person.looks()
    vpn.killed()
    person.looks()
    person.gives_grace()
    return person


SHOWING = ["status", "snapshot", "snapshot -4 --interface en0", "sessions", "log", "config show", "baseline show"]


@pytest.mark.parametrize("command", SHOWING)
def test_what_shows_answers_on_standard_output_alone(leftover: Person, command: str) -> None:
    told = leftover.say(*command.split())
    assert (told.status, told.err) == (0, "")
    assert told.out
    asked = leftover.ask(*command.split())
    assert (asked.status, asked.err, asked.document["schema"]) == (0, "", "routewatch/1")


@pytest.mark.parametrize("command", ["status --check", "diff", "cleanup --dry-run", "run --once", "cleanup"])
def test_what_finds_a_leftover_exits_with_1(leftover: Person, command: str) -> None:
    leftover.mac.forget_calls()
    assert leftover.say(*command.split()).status == 1
    assert leftover.mac.calls("route") == []


def test_a_snapshot_is_the_table_that_netstat_prints(mac: Mac, person: Person) -> None:
    document = person.ask("snapshot").document

    assert (document["platform"], document["complete"], document["unparsed"]) == ("macos", True, [])
    assert len(document["routes"]) == len([row for row in mac.table() if row.interface])
    assert {link["kind"] for link in document["links"]} == {"loopback", "ether", "awdl", "system"}
    assert document["policy_rules"] == []


def test_what_is_shown_can_be_read_back_as_a_saved_table(mac: Mac, person: Person) -> None:
    saved = mac.folder / "saved.txt"
    saved.write_text(mac.netstat())
    assert person.ask("snapshot", "--from", str(saved)).document["routes"] == person.ask("snapshot").document["routes"]


def test_a_cleanup_its_undo_and_what_is_kept(leftover: Person) -> None:
    mac = leftover.mac
    before = set(mac.table())
    assert leftover.ask("cleanup", "--unattended").document["steps"] == []  # nothing is certain without a daemon

    cleaned = leftover.say("cleanup", "--yes")
    assert cleaned.status == 0
    assert f"$ route -n delete -inet -net {LEFT}" in cleaned.out
    assert mac.rows(LEFT) == ()
    assert leftover.say("undo").status == 0
    assert set(mac.table()) == before
    assert leftover.say("status", "--check").status == 1  # it is that session's again

    assert leftover.say("keep", LEFT).status == 0
    assert leftover.say("status", "--check").status == 0
    assert leftover.ask("cleanup", "--yes").document["steps"] == []


def test_without_a_doorbell_the_daemon_polls_every_two_seconds_and_cleans_up_what_is_certain_or_tells(
    mac: Mac, person: Person
) -> None:
    with person.daemon():
        vpn = mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"], server="203.0.113.9")
        until(lambda: [each["closed"] for each in person.sessions()] == [None])
        vpn.killed()
        until(lambda: person.sessions()[0]["closed"] is not None)
        until(lambda: LEFT in person.say("status").out)
        mac.contacts("192.168.7.99")
        until(lambda: any(row.destination == "192.168.7.99/32" for row in mac.table()))
    kinds = [event["kind"] for event in person.ask("log").document["events"]]
    assert kinds.count("session_opened") == kinds.count("session_closed") == 1
    assert "192.168.7.99" not in person.say("log").out  # a neighbour is no event


def test_in_every_look_at_most_one_fork_of_each_program(mac: Mac, person: Person) -> None:
    mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"])
    mac.forget_calls()
    person.ask("status")
    assert [call[0] for call in mac.calls()] == ["netstat", "ifconfig", "lsof"]


# --------------------------------------------------------------------------------------------- programs misbehave


MODES = ["hang", "empty", "garbage", "cut", "fail"]
LOOKING = ["status", "diff", "run --once", "baseline capture"]


@pytest.mark.parametrize(
    ("command", "mode"), [*(("cleanup --dry-run", mode) for mode in MODES), *((each, "empty") for each in LOOKING)]
)
def test_a_table_that_can_not_be_had_is_exit_4_and_nothing_is_stored(leftover: Person, command: str, mode: str) -> None:
    before = leftover.ask("log").document["events"]
    if mode == "hang":
        leftover.gives_programs(0.3)
    leftover.mac.misbehaves("netstat", mode)

    answer = leftover.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (4, "unreadable")
    leftover.mac.behaves("netstat")
    assert leftover.ask("log").document["events"] == before


def test_a_missing_program_is_named_with_the_setting_that_names_it(mac: Mac, person: Person) -> None:
    mac.lacks("netstat")
    answer = person.ask("status")
    assert answer.status in {2, 4}
    assert "macos.netstat" in json.dumps(answer.document) or "[macos] netstat" in json.dumps(answer.document)


def test_who_is_not_root_may_look_and_is_told_before_anything_is_tried(mac: Mac, leftover: Person) -> None:
    mac.is_not_root()
    assert leftover.ask("cleanup", "--dry-run").status == 1

    answer = leftover.ask("cleanup", "--yes")
    assert answer.status == 3
    assert [step["status"] for step in answer.document["steps"]] == ["failed"]
    assert len(mac.rows(LEFT)) == 1


@pytest.mark.parametrize("release", ["10.14", "11.4", "13.0", "15.4", "26.3"])
def test_each_generation_of_macos_tells_the_same_story(tmp_path: Path, release: str) -> None:
    mac = Mac(tmp_path / "mac", release=release)
    mac.join_wifi("192.168.7.0/24")
    mac.system_utuns(3)
    person = Person(mac)
    person.vouches()
    vpn = mac.connect_utun(client="openvpn", routes=["0.0.0.0/1"], server="203.0.113.9", server_as_host=True)
    person.looks()
    vpn.killed()
    person.looks()
    person.gives_grace()

    assert person.ask("cleanup", "--yes").commands == ["route -n delete -inet -host 203.0.113.9"]
    assert mac.rows(LEFT) == ()
