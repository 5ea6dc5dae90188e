"""A daemon that is stopped in mid-session, as by a debugger: what happened meanwhile is told for what it is."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.person import LAN, Person, daemon
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LEFT = "203.0.113.10 via 192.168.77.1 dev eth0"
STRANGER = "10.66.0.0/16 via 192.168.77.1 dev eth0"
STOPPED = 12.0  # seconds: 5 s too late with a poll every 2 s, also where a slow look puts off the next to seven


def test_one_that_was_stopped_tells_it_and_judges_rightly(namespace: Namespace, tmp_path: Path) -> None:
    namespace.run_all(LAN)
    person = Person(namespace, tmp_path)
    with daemon(person) as running:
        with person.vpn():
            running.meets_the_vpn()
            running.process.send_signal(signal.SIGSTOP)
            until(lambda: stopped(running.process.pid))
            began = time.monotonic()
            namespace.run(f"ip route add {STRANGER}")
        until(lambda: time.monotonic() - began > STOPPED)  # what is waited for is the time itself
        told = person.ask("status").document["daemon"]
        assert (told["running"], told["stalled"]) == (True, True)
        assert "but no look of it was stored for" in person.say("status").out
        running.process.send_signal(signal.SIGCONT)

        running.hears("STATUS=no VPN session; 1 rows left over")
        [gap] = [line for line in running.log() if line["event"] == "gap"]
        assert (gap["level"], gap["detail"].startswith("did not look for ")) == ("warning", True)
        told = person.ask("status").document["daemon"]
        assert (told["stalled"], told["gaps"]) == (False, 1)
        [session] = person.sessions()
        assert (session["ended"], session["left"]) == ("the link is gone", 1)

        cleaned = person.ask("cleanup", "--yes")
        assert [step["route"]["destination"] for step in cleaned.document["steps"]] == ["203.0.113.10/32"]
        assert STRANGER in person.routes()
        assert person.ask("undo").status == 0
        until(lambda: person.sessions()[0]["left"] == 1)  # the daemon sees whose the row is
    assert LEFT in person.routes()
    assert person.kinds().count("gap") == 1


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
