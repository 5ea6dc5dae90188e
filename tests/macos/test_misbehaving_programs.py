"""Programs of a Mac that lie, ramble, die or don't end: each command names which one, changes nothing, and exits 4.

The story of each is told by a real command, on the stand-in with a script in one program's place.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.macos.person import PATIENCE, Person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.macos.mac import Mac

WAITING = ("status", "cleanup --dry-run", "run --once")
RAMBLES = "exec yes yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
TALKS, LATE = "said more than 64 MiB", "did not answer within"


@pytest.fixture
def person(mac: Mac) -> Person:
    mac.system_utuns(1)
    mac.connect_utun(routes=["10.9.0.0/16"], server="203.0.113.9")
    return Person(mac)


def put(mac: Mac, program: str, script: str) -> Path:
    """Put a script in a program's place; "$0.real" is the stand-in's."""
    path = mac.folder / program
    path.rename(mac.folder / f"{program}.real")
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def complaint(person: Person, command: str, program: str, patience: tuple[float, ...]) -> str:
    """Return what a command complains of; on a busy machine the other programs may be the late ones at first."""
    said = ""
    for seconds in patience:
        person.gives_programs(seconds)
        answer = person.ask(*command.split())
        assert (answer.status, answer.document["error"]["code"]) == (4, "unreadable")
        said = answer.document["error"]["message"]
        if f"{program} " in said:
            break
    return said


@pytest.mark.parametrize("program", ["netstat", "ifconfig", "lsof"])
@pytest.mark.parametrize(
    ("script", "told"),
    [
        (RAMBLES, TALKS),
        (f"{RAMBLES} >&2", TALKS),
        ("while :; do echo y; sleep 0.05; done", LATE),
        ('"$0.real" "$@"; exec >&- 2>&-; sleep 600', LATE),
        ('sleep 600 & "$0.real" "$@"', LATE),
    ],
    ids=["rambles", "complains for ever", "trickles", "closes its output and lives", "has a child with its output"],
)
def test_who_can_not_be_heard_out_is_named(person: Person, program: str, script: str, told: str) -> None:
    put(person.mac, program, script)
    for command in WAITING if program == "netstat" else WAITING[:1]:
        assert f"{program} {told}" in complaint(
            person, command, program, (PATIENCE,) if told == TALKS else (0.7, 5, 40)
        )
    assert person.mac.calls("route") == []
    assert person.say("baseline", "show").status == 2  # nothing was stored


@pytest.mark.parametrize("program", ["netstat", "ifconfig"])
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("kill -9 $$", "signal 9 ended it"),
        ("exit 3", "exit status 3"),
        ("printf '\\033[31mred\\033]0;title\\007\\n' >&2; exit 1", "?[31mred?]0;title?"),
    ],
    ids=["killed", "silent", "escapes"],
)
def test_who_fails_is_named_with_what_he_said(person: Person, program: str, script: str, told: str) -> None:
    put(person.mac, program, script)
    said = person.say("status")
    assert (said.status, said.err.splitlines()[0]) == (4, f"routewatch: {program} failed: {told}")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("printf 'a\\377\\376b\\033[31mred\\n'", "no row could be read"),
        (":", "the table is empty"),
        ('"$0.real" "$@" | head -c 500', "the last line is not ended: the table may have been cut short"),
    ],
    ids=["garbage", "nothing", "cut"],
)
def test_a_table_that_is_none_says_what_is_wrong_with_it(mac: Mac, person: Person, script: str, told: str) -> None:
    put(mac, "netstat", script)
    said = person.say("status")
    assert (said.status, said.out) == (4, "")
    assert said.err.startswith(f"routewatch: the routing table could not be read completely: {told}\n")


def test_who_waits_for_words_gets_none_and_goes_on(mac: Mac, person: Person) -> None:
    put(mac, "netstat", 'cat >/dev/null; "$0.real" "$@"')
    assert person.say("status").status == 0


@pytest.mark.parametrize("program", ["netstat", "route", "ifconfig", "scutil", "lsof"])
def test_a_directory_in_a_programs_place_is_a_mistake_of_the_configuration(
    mac: Mac, person: Person, program: str
) -> None:
    (mac.folder / program).unlink()
    (mac.folder / program).mkdir()
    said = person.say("config", "check")
    assert said.status == 2
    assert f"macos.{program}: {mac.folder / program} is no program that can be run" in said.err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_root_runs_no_program_that_somebody_else_could_have_written(mac: Mac, person: Person) -> None:
    os.chown(mac.folder / "netstat", 1000, 1000)
    for command in WAITING:
        said = person.say(*command.split())
        assert said.status == 2
        assert "macos.netstat: root must not run it" in said.err
    assert mac.calls() == []


def test_what_a_client_calls_itself_never_reaches_the_terminal_as_it_is(mac: Mac, person: Person) -> None:
    put(
        mac,
        "lsof",
        r"""
"$0.real" "$@" | sed "s/^openvpn/$(printf 'op\\033[31mvpn')/" """,
    )
    person.looks()
    for command in ("status", "sessions", "log", "diff"):
        said = person.say(*command.split())
        assert "\033" not in said.out + said.err
    assert "31mvpn" in person.say("status").out
