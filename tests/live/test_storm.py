"""A storm of changes: the doorbell may lose count, but never grows without bound, and a fresh look is exact."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from routewatch.host.linux.doorbell import READ_AT_ONCE
from routewatch.host.linux.kernel import LinuxHost
from tests.live.bells import opened_doorbell

if TYPE_CHECKING:
    from routewatch.host.linux.doorbell import LinuxDoorbell
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

ADDED, KEPT = 60_000, 20_000  # and the difference deleted again: 100,000 changes
SOON = 0.2  # seconds after which it is asked again whether the storm goes on
MEBIBYTE = 1 << 20


class Weathered(NamedTuple):
    messages: int
    changes: int
    largest: int  # changes of one reading
    lost: bool
    growth: int  # bytes of memory
    told: set[str]  # destinations of the fresh look
    complete: bool


def destination(number: int) -> str:
    return f"10.{number >> 8}.{number & 255}.0/24"


@pytest.fixture
def lan(namespace: Namespace) -> Namespace:
    namespace.run("ip link add lan0 type veth peer name lan1")
    namespace.run("ip link set lan0 up")
    namespace.run("ip link set lan1 up")
    return namespace


def weather(buffer: int) -> Weathered:
    host = LinuxHost()
    doorbell = opened_doorbell(buffer)
    doorbell.read()
    with subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE) as storm:
        blowing = threading.Thread(target=feed, args=(storm, words()))  # words that take no memory while it blows
        before = memory()
        blowing.start()
        messages, sizes, lost = listen(doorbell, storm)
        blowing.join()
    assert storm.returncode == 0
    growth = memory() - before
    look = host.observe()
    told = {route.destination for route in look.routes.values() if route.table == 254 and route.family == "inet"}
    return Weathered(messages, sum(sizes), max(sizes), lost, growth, told, look.complete and not look.unsure)


def feed(storm: subprocess.Popen[bytes], text: bytes) -> None:
    assert storm.stdin is not None
    with storm.stdin:
        storm.stdin.write(text)


def words() -> bytes:
    lines = [f"route add {destination(number)} dev lan0" for number in range(ADDED)]
    lines += [f"route del {destination(number)} dev lan0" for number in range(KEPT, ADDED)]
    return "\n".join(lines).encode()


def listen(doorbell: LinuxDoorbell, storm: subprocess.Popen[bytes]) -> tuple[int, list[int], bool]:
    """Read until the storm is over and all that it left in the queue is read."""
    messages, sizes, lost, over = 0, [0], False, False
    while not over or select.select([doorbell], [], [], 0)[0]:
        over = storm.poll() is not None
        select.select([doorbell], [], [], SOON)
        rings = doorbell.read()
        messages += rings.messages
        sizes.append(len(rings.changes))
        lost = lost or rings.lost
    return messages, sizes, lost


def memory() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])  # resident, proc_pid_statm(5)
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_storm_is_heard_to_its_end_with_a_large_buffer(lan: Namespace) -> None:
    weathered = lan.call(weather, 64 * MEBIBYTE)

    assert weathered.messages >= 2 * ADDED - KEPT  # and a few of the link itself
    assert weathered.lost or weathered.changes >= 2 * ADDED - KEPT
    assert weathered.told == {destination(number) for number in range(KEPT)}
    assert weathered.complete


def test_a_storm_that_overruns_a_small_buffer_is_said_to_be_lost(lan: Namespace) -> None:
    weathered = lan.call(weather, 4096)

    assert weathered.lost
    assert weathered.told == {destination(number) for number in range(KEPT)}
    assert weathered.complete


def test_memory_stays_bounded_in_a_storm(lan: Namespace) -> None:
    weathered = lan.call(weather, 64 * MEBIBYTE)

    assert weathered.largest <= READ_AT_ONCE
    assert weathered.growth < 32 * MEBIBYTE
