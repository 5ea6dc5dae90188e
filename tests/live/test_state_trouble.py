"""A disk that is full, a store that is locked, a state that is removed: the daemon goes on, and says so once.

Each lies on a small disk in a mount namespace of its own, which ``ip netns exec`` has made: nobody else sees it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routewatch.store.locks import try_lock
from tests.live.person import CONFIGURATION, LAN, Daemon, Person, daemon
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LEFT = "203.0.113.10 via 192.168.77.1 dev eth0"
HOLD_A_LOCK = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
MANY = [f"203.0.113.{20 + n} via 192.168.77.1 dev eth0" for n in range(24)]
# What lies on the disk at the end is kept, so that it can be looked at with room around it
ON_A_SMALL_DISK = """
cp -a "$1" "$1.before" && mount -t tmpfs -o size="$2" tmpfs "$1" && cp -a "$1.before/." "$1" || exit 99
state=$1; shift 2
"$@"; status=$?
cp -a "$state" "$state.after"
exit $status
"""


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    made = Person(namespace, tmp_path)
    made.configuration.write_text(CONFIGURATION + 'automatic = "certain"\n')
    return made


@contextmanager
def daemon_on_a_disk(person: Person, size: str) -> Iterator[tuple[Daemon, Path]]:
    """Run the daemon on a disk of this size; yield it and its disk as it is seen from outside."""
    person.state.mkdir()
    person.prefix = ["sh", "-c", f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"', str(person.state)]
    with daemon(person) as running:
        pid = running.process.pid
        person.prefix = ["nsenter", "-t", str(pid), "-m", f"--wd={Path.cwd()}"]
        yield running, Path(f"/proc/{pid}/root{person.state}")
        running.end()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    with (disk / "filling").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    yield
    (disk / "filling").unlink()


@contextmanager
def locked(person: Person) -> Iterator[None]:
    argv = [*person.prefix, sys.executable, "-c", HOLD_A_LOCK, str(person.state / "routewatch.db")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate()


@pytest.mark.parametrize("kind", ["full", "locked"])
def test_it_watches_and_judges_on_refuses_to_act_and_makes_up_for_it_when_that_is_over(
    person: Person, kind: str
) -> None:
    with daemon_on_a_disk(person, "400k") as (running, disk):
        running.hears("rows left over")
        with full(disk) if kind == "full" else locked(person):
            with person.vpn():
                running.meets_the_vpn()
            running.hears("1 rows left over")
            running.logs("acting_refused")
            for _ in range(3):  # the poll
                running.hears("1 rows left over")
            assert LEFT in person.routes()
            assert running.events().count("not_stored") == 1
            assert running.events().count("acting_refused") == 1
            [told] = [line for line in running.log() if line["event"] == "acting_refused"]
            assert told["rule"] == "state-unusable"
        running.logs("stored_again")
        running.logs("cleaned")
        assert LEFT not in person.routes()
        assert running.events().count("stored_again") == 1
        kinds = person.kinds()
        assert [kinds.count(kind) for kind in ("session_opened", "session_closed", "orphans_found")] == [1, 1, 1]
        [session] = person.sessions()
        assert (session["left"], session["cleaned"]) == (0, 1)


@pytest.mark.parametrize("what", ["routewatch.db", "all of it"])
def test_state_that_is_removed_under_it_is_begun_anew_once(person: Person, what: str) -> None:
    with daemon(person) as running:
        shutil.rmtree(person.state) if what == "all of it" else (person.state / what).unlink()
        running.logs("state_removed")
        until(lambda: person.ask("baseline", "show").status == 0)
        with person.vpn():
            running.meets_the_vpn()
        running.logs("cleaned")
        assert LEFT not in person.routes()
        assert len(person.sessions()) == 1
        assert person.ask("status").document["daemon"]["pid"] == running.process.pid

        shutil.rmtree(person.state)
        person.namespace.run("ip route add 10.99.0.0/24 dev eth0")
        assert running.process.wait(DEADLINE) == 4
    assert "somebody removes it again and again" in (person.folder / "run.log").read_text()


def test_state_that_another_has_taken_in_its_place_is_left_to_him(person: Person) -> None:
    with daemon(person) as running:
        lock = try_lock(person.folder / "other", "observe.lock")
        assert lock is not None
        with lock:
            person.state.rename(person.folder / "moved")
            (person.folder / "other").rename(person.state)
            assert running.process.wait(DEADLINE) == 4
    assert "another routewatch observes in its place" in (person.folder / "run.log").read_text()


@pytest.mark.parametrize("spare", [200, 260])
def test_a_disk_that_fills_up_in_the_middle_of_a_cleanup_ends_it_there_and_all_can_be_taken_back(
    person: Person, spare: int
) -> None:
    person.configuration.write_text(CONFIGURATION)
    with daemon(person) as running:
        with person.vpn(*MANY):
            running.meets_the_vpn(*MANY)
        running.hears(f"{len(MANY) + 1} rows left over")
        running.end()
    before = person.routes()
    used = sum(-(-path.stat().st_size // 4096) * 4 for path in person.state.iterdir())

    person.prefix = ["sh", "-c", ON_A_SMALL_DISK, "sh", str(person.state), f"{used + spare}k"]
    answer = person.ask("cleanup", "--yes")
    person.prefix = []
    shutil.rmtree(person.state)
    Path(f"{person.state}.after").rename(person.state)

    assert answer.status == 4, answer
    assert "is full" in answer.err
    done = [step for step in answer.document["steps"] if step["status"] == "done"]
    assert len(before) - len(person.routes()) == len(done) < len(MANY)
    assert person.ask("undo").status == 0 or not done
    assert sorted(person.routes()) == sorted(before)
    assert person.ask("cleanup", "--yes").status == 0
    assert LEFT not in person.routes()
