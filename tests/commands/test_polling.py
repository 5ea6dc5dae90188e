"""The daemon where no doorbell can be opened: it looks again and again, and misses nothing that lasts."""

from __future__ import annotations

import os
import signal
import time
from threading import Thread
from typing import TYPE_CHECKING

from routewatch.core.model import Moment
from routewatch.host.memory import MemoryHost
from tests import build
from tests.live.waiting import until
from tests.scenarios.story import HOME, KERNEL_RULES

if TYPE_CHECKING:
    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot
    from tests.commands.desk import Desk

CONFIGURATION = 'settle_quiet = "1ms"\nsettle_limit = "50ms"\ngrace = "10ms"\npoll_interval = "20ms"\n'


class DeafHost(MemoryHost):
    """A machine in memory without a doorbell, whose clocks run."""

    looks = 0

    def doorbell(self) -> None:  # type: ignore[override]  # as a real host may have none
        return None

    def now(self) -> Moment:
        at = time.monotonic()
        return Moment(wall=1_700_000_000.0 + at, boot=at, monotonic=at)

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        self._moment = self.now()
        seen = super().observe(also)
        self.looks += 1
        return seen


def test_without_a_doorbell_it_polls(desk: Desk) -> None:
    desk.configuration.write_text(CONFIGURATION)
    desk.host = host = DeafHost([build.route(line) for line in HOME], KERNEL_RULES, desk.host.links)

    def live() -> None:
        until(lambda: host.looks > 2)
        host.add(build.route("10.99.0.0/16 via 192.168.77.5 dev eth0"))
        looks = host.looks
        until(lambda: host.looks > looks + 2)
        os.kill(os.getpid(), signal.SIGTERM)

    life = Thread(target=live)
    life.start()
    answer = desk.ask("run")
    life.join()

    assert (answer.status, set(answer.document)) == (0, {"schema", "started", "stopped"})
    [event] = [event for event in desk.ask("log").document["events"] if event["kind"] == "route_added"]
    assert event["route"]["destination"] == "10.99.0.0/16"
