"""``kill -9`` in the middle of a cleanup and of its undo: the next start tells, nothing is done twice, all can go back.

The kernel itself says when: a listener in the namespace sees the first routes go, and the command is killed then.
Wherever that hits, between the journal and the act or between two steps, the same must hold.
"""

from __future__ import annotations

import select
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.person import LAN, Person, daemon
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

MANY = 24
LEFT = [f"203.0.113.{20 + n} via 192.168.77.1 dev eth0" for n in range(MANY)]


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    """A person whose VPN client died and left two dozen routes to its servers."""
    namespace.run_all(LAN)
    made = Person(namespace, tmp_path)
    with daemon(made) as running:
        with made.vpn(*LEFT):
            running.meets_the_vpn(*LEFT)
        running.hears(f"{MANY + 1} rows left over")
        running.end()
    return made


@contextmanager
def changes(person: Person) -> Iterator[subprocess.Popen[str]]:
    """Listen to what the kernel tells of routes."""
    argv = ["ip", "netns", "exec", person.namespace.name, "ip", "monitor", "route"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as monitor:
        try:
            until(lambda: listens(monitor.pid))
            yield monitor
        finally:
            monitor.kill()


def listens(pid: int) -> bool:
    """Tell whether a process has joined a multicast group of netlink: port id and groups are columns of that file."""
    sockets = [line.split() for line in Path(f"/proc/{pid}/net/netlink").read_text().splitlines()[1:]]
    return any(int(columns[2]) == pid and int(columns[3], 16) for columns in sockets)


def killed_after(person: Person, number: int, *words: str) -> None:
    """Start a command, and kill it when the kernel has told of so many changes.

    It gets less of a busy machine's time, so that whoever kills it is there long before its end.
    """
    person.prefix = ["nice", "-n", "5"]
    with changes(person) as monitor, person.started(*words) as process:
        assert monitor.stdout is not None
        for _ in range(number):
            assert select.select([monitor.stdout], [], [], DEADLINE)[0]
            assert monitor.stdout.readline()
        person.end(process, signal.SIGKILL)
    person.prefix = []


@pytest.mark.parametrize("number", [1, 3])
def test_a_cleanup_that_is_killed_is_told_and_finished_by_the_next(person: Person, number: int) -> None:
    before = person.routes()
    killed_after(person, number, "cleanup", "--yes")
    went = len(before) - len(person.routes())
    assert number <= went < MANY + 1

    assert person.ask("status").document["interrupted"] == [1]
    again = person.ask("cleanup", "--yes")
    assert again.status == 0, again
    assert "cleanup 1 was interrupted" in again.err
    assert again.err.count("was done") + again.err.count(": done") == went
    assert {step["status"] for step in again.document["steps"]} == {"done"}
    assert len(again.document["steps"]) == MANY + 1 - went

    # both are taken back, the newest first: all is as it was before the first
    assert person.ask("undo").status == 0
    assert person.ask("undo").status == 0
    assert sorted(person.routes()) == sorted(before)


def test_an_undo_that_is_killed_goes_on_where_it_was(person: Person) -> None:
    before = person.routes()
    assert person.ask("cleanup", "--yes").status == 0
    killed_after(person, 2, "undo")
    assert len(person.routes()) < len(before)

    again = person.ask("undo")
    assert again.status == 0, again
    assert "undo 2 was interrupted" in again.err
    assert sorted(person.routes()) == sorted(before)
    assert person.ask("undo").status == 2


def test_the_daemon_tells_of_a_killed_cleanup_when_it_starts(person: Person) -> None:
    killed_after(person, 1, "cleanup", "--yes")

    with daemon(person, "again") as running:
        running.logs("recovered")
        assert person.ask("status").document["interrupted"] == []
