"""A daemon on a Mac whose table does not rest, or can't be read for a while: it says nothing that is not so."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from routewatch.core.evidence_for import SECOND_LOOK
from tests.live.waiting import until
from tests.macos import kernel
from tests.macos.machine import Key, Row
from tests.macos.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.macos.mac import Mac

LEFT = "203.0.113.9/32"
AT_ONCE, PAUSE = 20, 0.01  # so many rows of the storm, two changes each hundredth of a second


@pytest.fixture
def person(mac: Mac) -> Person:
    mac.system_utuns(2)
    person = Person(mac)
    person.vouches()
    return person


def logged(person: Person, event: str) -> list[dict[str, Any]]:
    """Return what the daemon's log says of an event."""
    lines = (person.mac.folder / "run.log").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


@contextmanager
def storm(mac: Mac) -> Iterator[threading.Event]:
    """Let ever new routes over the router come and go; they are gone at the end. Give what is set then."""
    over = threading.Event()

    def blows() -> None:
        there: deque[Key] = deque()
        for number in count():
            there.append(Key("inet", f"11.{number // 256}.{number % 256}.0", 24, 0))
            with mac.state() as machine:
                uplink = machine.named("en0")
                assert uplink is not None
                kernel.add(machine, Row(*there[-1], uplink.ifindex, "192.168.7.1", flags="UGS"))
                while len(there) > (0 if over.is_set() else AT_ONCE):
                    kernel.delete(machine, there.popleft())
            if over.wait(PAUSE) and not there:
                return

    thread = threading.Thread(target=blows)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()


def test_in_a_storm_nothing_is_found_and_after_it_what_was_left(mac: Mac, person: Person) -> None:
    with person.daemon() as process:
        daemon, begun = psutil.Process(process.pid), time.monotonic()
        with storm(mac) as over:
            vpn = mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"], server="203.0.113.9")
            until(lambda: logged(person, "session_opened") != [])
            vpn.killed()
            until(lambda: logged(person, "session_closed") != [])
            over.wait(SECOND_LOOK + 2)
            assert [logged(person, event) for event in ("orphaned", "missing", "cleaned")] == [[], [], []]
            assert person.ask("cleanup", "--yes").document["steps"] == []  # no plan is made of a moving table
        used = daemon.cpu_times()
        assert used.user + used.system < (time.monotonic() - begun) / 2
        until(lambda: logged(person, "orphaned") != [])
        assert {entry["row"].split()[0] for entry in logged(person, "orphaned")} == {LEFT}
    assert [row["closed"] is None for row in person.sessions()] == [False]


@pytest.mark.parametrize("mode", ["garbage", "one family"])
def test_a_table_that_is_unreadable_during_a_session_ends_no_session_and_takes_no_row(
    mac: Mac, person: Person, mode: str
) -> None:
    with person.daemon():
        mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"], server="203.0.113.9")
        until(lambda: logged(person, "session_opened") != [])
        mac.misbehaves("netstat", mode)
        until(lambda: logged(person, "incomplete_snapshot") + logged(person, "not_observed") != [])
        assert person.ask("status").status == 4
        mac.behaves("netstat")
        mac.route("-n add -net 10.45.0.0/16 10.8.0.5")
        until(lambda: any("10.45.0.0/16" in entry["row"] for entry in logged(person, "route_added")))
        assert [logged(person, event) for event in ("route_removed", "session_closed", "orphaned", "missing")] == [
            []
        ] * 4
        assert len(person.sessions()) == 1
