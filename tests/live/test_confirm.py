"""``cleanup --confirm-within`` on a real machine: whatever dies meanwhile, what was not confirmed is undone exactly.

The routes are the kernel's, the terminal is a pseudo-terminal that is closed, and what is killed is killed by SIGKILL.
"""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routewatch.commands.arming import armed_lock
from routewatch.store.locks import holder
from tests.live.person import CONFIGURATION, LAN, Person, Terminal, daemon
from tests.live.test_crash import changes
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

MANY = 8
LEFT = [f"203.0.113.{20 + n}" for n in range(MANY)]
CLEANUP = ["cleanup", "--yes", *(word for left in LEFT for word in ("--only", left)), "--confirm-within"]
LONG = "10m"  # for what ends it sooner
OUTPUT_STOPS = "\x13"  # ^S, termios(3), IXON


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Iterator[Person]:
    """A person who finds routes to servers that were not there before, and names them."""
    namespace.run_all(LAN)
    made = Person(namespace, tmp_path)
    assert made.ask("baseline", "capture").status == 0
    batch = "".join(f"route add {left} via 192.168.77.1 dev eth0\n" for left in LEFT)
    namespace.run("ip -batch -", stdin=batch)
    yield made
    kill(waits(made))


def waits(person: Person) -> int | None:
    """Return the pid of the process that waits for the deadline of the first cleanup."""
    return holder(person.state, armed_lock(1))


def kill(pid: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    if pid is not None:
        os.kill(pid, number)


def runs(pid: int) -> bool:
    """Tell whether a process runs: whose parent has ended before it may stay a zombie in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def shut(terminal: Terminal) -> None:
    """Close a terminal as a login that breaks does: whoever has it is hung up."""
    os.close(terminal._terminal)
    os.waitpid(terminal._pid, 0)


def sees(monitor: subprocess.Popen[str], number: int) -> None:
    """Wait until the kernel has told of so many changes of what is cleaned up; it also tells of addresses of IPv6."""
    assert monitor.stdout is not None
    while number:
        assert select.select([monitor.stdout], [], [], DEADLINE)[0]
        number -= "203.0.113." in monitor.stdout.readline()


def is_undone(person: Person, before: list[str]) -> None:
    """Wait until the table is as it was, and nothing awaits a confirmation any more."""
    until(lambda: sorted(person.routes()) == sorted(before))
    until(lambda: person.ask("status").document["unconfirmed"] == [])
    assert sorted(person.routes()) == sorted(before)


def test_what_is_confirmed_in_time_stays_and_nobody_waits_any_more(person: Person) -> None:
    before = person.routes()
    assert person.ask(*CLEANUP, LONG).status == 0
    after = person.routes()
    assert len(after) == len(before) - MANY
    pid = waits(person)
    assert pid is not None
    [told] = person.ask("status").document["unconfirmed"]
    assert (told["cleanup_id"], told["armed"]) == (1, True)
    assert 500 < told["seconds_left"] <= 600

    assert person.ask("confirm").status == 0
    until(lambda: not runs(pid))
    assert person.routes() == after
    assert person.ask("status").document["unconfirmed"] == []


def test_it_is_armed_before_the_first_step_and_undoes_what_a_killed_cleanup_had_done(person: Person) -> None:
    before = person.routes()
    with changes(person) as monitor, person.started(*CLEANUP, "5s") as process:
        sees(monitor, 3)
        person.end(process, signal.SIGKILL)
    assert waits(person) is not None

    is_undone(person, before)
    assert "cleanup 1 was not confirmed in time, and was taken back, 0 steps" in str(person.ask("log").document)
    assert person.ask("status").document["interrupted"] == []


def test_it_is_undone_though_the_terminal_it_was_said_on_is_gone(person: Person) -> None:
    before = person.routes()
    terminal = Terminal(person, *CLEANUP, "6s")
    terminal.reads("unless: routewatch confirm 1")
    assert len(person.routes()) < len(before)
    pid = waits(person)
    assert pid is not None
    assert os.getsid(pid) == pid
    shut(terminal)

    for number in (signal.SIGHUP, signal.SIGINT):  # who hangs up all that a person has started
        kill(pid, number)
    (person.state / armed_lock(1)).unlink()  # and tidies up
    is_undone(person, before)


def test_a_terminal_that_takes_nothing_any_more_does_not_keep_the_undo_from_acting(person: Person) -> None:
    before = person.routes()
    terminal = Terminal(person, *(word for word in CLEANUP if word != "--yes"), "2s")
    terminal.reads("[y/N]")
    with changes(person) as monitor:
        terminal.types(f"y\n{OUTPUT_STOPS}")
        sees(monitor, 1)

    is_undone(person, before)
    shut(terminal)


def test_where_the_process_that_waits_is_killed_the_daemon_takes_it_back(person: Person) -> None:
    before = person.routes()
    assert person.ask(*CLEANUP, "6s").status == 0
    kill(waits(person))
    with daemon(person) as running:
        running.logs("taken_back")
        is_undone(person, before)


def test_where_it_is_killed_in_the_middle_of_the_undo_the_next_command_that_acts_goes_on(person: Person) -> None:
    before = person.routes()
    assert person.ask(*CLEANUP, "4s").status == 0
    with changes(person) as monitor:
        pid = waits(person)
        sees(monitor, 2)
        kill(pid)
    assert pid is not None
    until(lambda: not runs(pid))

    answer = person.ask(*CLEANUP, LONG)
    assert (answer.status, answer.document["error"]["code"]) == (1, "unconfirmed")
    is_undone(person, before)


def test_a_confirmation_that_is_killed_can_be_said_again(person: Person) -> None:
    assert person.ask(*CLEANUP, LONG).status == 0
    after = person.routes()
    for _ in range(2):
        with person.started("confirm", "1") as confirming:
            until(lambda: waits(person) is None or confirming.poll() is not None or holds_store(confirming.pid))
            person.end(confirming, signal.SIGKILL)

    assert person.ask("confirm", "1").status == 0
    until(lambda: waits(person) is None)
    assert person.routes() == after


def holds_store(pid: int) -> bool:
    """Tell whether a process, or what it was started as, has the store open."""
    try:
        return any("routewatch.db" in str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def test_an_undo_by_hand_ends_the_waiting(person: Person) -> None:
    before = person.routes()
    assert person.ask(*CLEANUP, LONG).status == 0
    pid = waits(person)
    assert pid is not None
    assert person.ask("undo").status == 0

    until(lambda: not runs(pid))
    is_undone(person, before)
    assert person.ask("confirm").status == 1


def test_what_a_daemon_would_clean_by_itself_it_leaves_once_that_was_not_confirmed(person: Person) -> None:
    person.configuration.write_text(CONFIGURATION)
    with daemon(person) as running:
        with person.vpn():
            running.hears("openvpn on tun0")
        running.hears("1 rows left over")
        before = person.routes()
        assert person.ask("cleanup", "--unattended", "--confirm-within", "1s").document["changed"] is True
        is_undone(person, before)

        person.configuration.write_text(CONFIGURATION + 'automatic = "certain"\n')
        running.logs("configuration_reloaded")
        running.hears("1 rows left over")
        running.hears("1 rows left over")
        assert "cleaned" not in running.events()
        assert [each["rule"] for each in person.ask("cleanup", "--unattended").document["refused"]] == ["taken-back"]
        is_undone(person, before)
