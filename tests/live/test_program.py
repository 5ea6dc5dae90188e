"""The real program, as a child process: streams, exit statuses, signals, terminals, privilege."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
from datetime import datetime
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from routewatch.render.times import clock
from tests.live.person import LAN, Person, Terminal, daemon
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LEFT = "203.0.113.10 via 192.168.77.1 dev eth0"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
INTERRUPT = "\x03"


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    return Person(namespace, tmp_path)


@pytest.fixture
def leftover(person: Person) -> Person:
    """A person whose VPN client died, seen by three single looks."""
    assert person.ask("baseline", "capture").status == 0
    with person.vpn():
        assert person.ask("run", "--once").status == 0
    until(lambda: "tun0" not in person.namespace.run("ip link"))
    person.ask("run", "--once")
    assert LEFT in person.routes()
    return person


SHOWING = [
    "status", "snapshot", "snapshot -4 --table main --interface eth0", "sessions", "log", "config show",
    "config check", "baseline show",
]  # fmt: skip


@pytest.mark.parametrize("command", SHOWING)
def test_what_shows_answers_on_standard_output_alone(leftover: Person, command: str) -> None:
    told = leftover.say(*command.split())
    assert (told.status, told.err) == (0, "")
    assert told.out

    asked = leftover.ask(*command.split())
    assert (asked.status, asked.err, asked.document["schema"]) == (0, "", "routewatch/1")


@pytest.mark.parametrize("command", ["status --check", "diff", "cleanup --dry-run", "run --once", "cleanup"])
def test_what_finds_a_leftover_exits_with_1(leftover: Person, command: str) -> None:
    assert leftover.say(*command.split()).status == 1
    assert leftover.ask(*command.split()).status == 1
    assert LEFT in leftover.routes()


def test_the_one_shot_cleanup_and_its_undo(leftover: Person) -> None:
    before = leftover.routes()

    dry = leftover.ask("--cleanup", "--dry-run").document
    assert [step["status"] for step in dry["steps"]] == ["planned"]

    cleaned = leftover.say("--cleanup", "--yes")
    assert cleaned.status == 0
    assert LEFT not in leftover.routes()
    assert "1 of 1 done, 0 remain" in cleaned.out

    assert leftover.say("undo").status == 0
    assert leftover.routes() == before
    assert leftover.say("undo").status == 2


def test_two_looks_around_a_vpn_find_its_leftover_as_likely(leftover: Person) -> None:
    [session] = leftover.sessions()
    assert (session["client"], session["tunnel"]["name"], session["closed"] is None) == ("openvpn", "tun0", False)

    [finding] = leftover.ask("status").document["findings"]
    assert (finding["verdict"], finding["confidence"]) == ("orphaned", "likely")
    assert leftover.ask("cleanup", "--unattended").document["steps"] == []


def test_without_a_daemon_status_says_since_when_nobody_looked(leftover: Person) -> None:
    daemon_of = leftover.ask("status").document["daemon"]
    assert (daemon_of["running"], daemon_of["last_snapshot"] is None) == (False, False)
    seen = datetime.fromisoformat(daemon_of["last_snapshot"]).timestamp()
    assert f"nobody has looked since {clock(seen)} (" in leftover.say("status").out


# ------------------------------------------------------------------------------------------------------- privilege


@pytest.fixture
def nobody(person: Person) -> Person:
    if shutil.which("setpriv") is None:
        pytest.skip("this test needs setpriv")
    person.prefix = NOBODY
    for folder in (person.folder, *person.folder.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return person


@pytest.mark.parametrize("command", ["cleanup", "cleanup --yes", "cleanup --unattended", "undo"])
def test_without_privilege_acting_is_refused_before_anything_is_touched(nobody: Person, command: str) -> None:
    before = nobody.routes()

    answer = nobody.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (3, "permission")
    assert not nobody.state.exists()
    assert nobody.routes() == before


def test_without_privilege_one_can_look(nobody: Person) -> None:
    for command in ("snapshot", "status", "diff", "cleanup --dry-run"):
        answer = nobody.ask(*command.split())
        assert answer.status == 0, answer


@pytest.mark.parametrize("command", ["status", "log", "sessions", "cleanup --dry-run", "run --once", "keep 10.0.0.0/8"])
def test_a_state_directory_that_may_not_be_read_is_exit_3_and_names_the_group(nobody: Person, command: str) -> None:
    nobody.state.mkdir(mode=0o700)

    answer = nobody.ask(*command.split())
    assert (answer.status, answer.document["error"]["code"]) == (3, "permission")
    assert "routewatch" in answer.document["error"]["hint"]


# ------------------------------------------------------------------------------------------------ pipes and signals


def test_a_reader_that_has_heard_enough_is_no_error(person: Person) -> None:
    lines = "\n".join(f"route add 10.{n >> 8}.{n & 255}.0/24 dev eth0" for n in range(5000))
    person.namespace.run("ip -batch -", stdin=lines)

    with person.started("snapshot") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(DEADLINE) == 0


def test_a_full_disk_behind_standard_output_is_told(person: Person) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(person.words("snapshot"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr == "routewatch: the output can't be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_bug(leftover: Person, closed: str) -> None:
    leftover.ask("cleanup", "--dry-run")  # waits until its client has had its time: nothing is said of that later
    for words, status in ((["status"], 0), (["cleanup"], 1), (["status", "--json"], 0)):
        line = f"{shlex.join(leftover.words(*words))} {closed}"
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=DEADLINE)
        assert (done.returncode, done.stderr) == (status, "")


def test_an_interrupted_stream_ends_quietly(leftover: Person) -> None:
    with leftover.started("log", "--follow", "--json") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith('{"schema":"routewatch/1"')
        said = leftover.end(process, signal.SIGINT)
    assert (said.status, said.err) == (130, "")
    assert all(line.startswith('{"schema":"routewatch/1","id"') for line in said.out.splitlines())


def test_an_interrupted_command_answers_a_program_with_its_document(leftover: Person) -> None:
    leftover.configuration.write_text(leftover.configuration.read_text().replace('"200ms"', '"1h"'))
    for words in (("--json",), ()):
        with leftover.started("cleanup", "--yes", *words) as process:
            assert process.stderr is not None
            assert "giving it" in process.stderr.readline()
            said = leftover.end(process, signal.SIGINT)
        assert (said.status, said.err) == (130, "")
        assert said.document["error"]["code"] == "interrupted" if words else said.out == ""
    assert LEFT in leftover.routes()


def test_a_follower_hears_what_happens_meanwhile(person: Person) -> None:
    with daemon(person), person.started("log", "--follow", "--json", "--since", "10m") as follower:
        assert follower.stdout is not None
        person.namespace.run("ip route add 10.99.0.0/16 dev eth0")
        impatient = Timer(DEADLINE, follower.kill)
        impatient.start()
        line = next((line for line in follower.stdout if "10.99.0.0/16" in line), "")
        impatient.cancel()
    assert '"kind":"route_added"' in line


# ----------------------------------------------------------------------------------------------------- the terminal


def test_at_a_terminal_the_plan_is_shown_and_no_does_nothing(leftover: Person) -> None:
    for answer in ("n\r", "\r", "maybe\r", "\x04"):
        terminal = Terminal(leftover, "cleanup")
        terminal.reads("[y/N] ")
        assert "$ ip route del 203.0.113.10/32" in terminal.shown
        terminal.types(answer)
        assert terminal.ends() == 1
        assert "nothing was changed" in terminal.shown
        assert terminal.shown.count("$ ip route del") == 1
    assert LEFT in leftover.routes()


def test_at_a_terminal_yes_takes_the_steps(leftover: Person) -> None:
    terminal = Terminal(leftover, "cleanup")
    terminal.reads("[y/N] ")
    assert leftover.ask("status").document["daemon"]["running"] is False
    terminal.types("y\r")
    assert terminal.ends() == 0
    assert LEFT not in leftover.routes()


def test_no_lock_is_held_while_a_person_thinks(leftover: Person) -> None:
    terminal = Terminal(leftover, "cleanup")
    terminal.reads("[y/N] ")
    assert leftover.say("cleanup", "--yes").status == 0
    terminal.types("y\r")
    assert terminal.ends() == 0
    assert "skipped" in terminal.shown


def test_an_interrupt_at_the_question_does_nothing_and_is_quiet(leftover: Person) -> None:
    terminal = Terminal(leftover, "cleanup")
    terminal.reads("[y/N] ")
    terminal.types(INTERRUPT)
    assert terminal.ends() == 130
    assert "Traceback" not in terminal.shown
    assert LEFT in leftover.routes()


def test_with_json_nobody_is_asked_even_at_a_terminal(leftover: Person) -> None:
    terminal = Terminal(leftover, "cleanup", "--json")
    assert terminal.ends() == 1
    assert '"status":"planned"' in terminal.shown


@pytest.mark.parametrize(
    ("environment", "words", "colored"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"TERM": "dumb"}, [], False),
        ({}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ],
)
def test_the_log_at_a_terminal_is_for_people(
    person: Person, environment: dict[str, str], words: list[str], *, colored: bool
) -> None:
    terminal = Terminal(person, "run", *words, **environment)
    terminal.reads("started")
    terminal.types(INTERRUPT)
    assert terminal.ends() == 0
    assert ("\x1b[" in terminal.shown) == colored
    assert "{" not in terminal.shown
    assert "Traceback" not in terminal.shown
