"""How soon the doorbell tells of a change, and how many a second it follows.

Run as root: ``python -m tests.bench.bench_doorbell``. Everything happens in a network namespace of its own.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import statistics
import struct
import time

from routewatch.host.linux.rtnetlink import messages
from tests.live.bells import opened_doorbell
from tests.live.namespace import new_namespace

CREATE_EXCLUSIVE = 0x600  # NLM_F_CREATE | NLM_F_EXCL, include/uapi/linux/netlink.h
ALONE, PAUSE = 500, 0.0015  # changes one by one, and seconds between them
RATES = (20_000, 50_000, 100_000)  # changes a second
LASTING = 1.0  # seconds


def addition(number: int, index: int) -> bytes:
    header = struct.pack("=8BI", socket.AF_INET, 32, 0, 0, 254, 3, 253, 1, 0)
    destination = messages.attribute(1, struct.pack("!I", 0x0A000000 + number))
    body = header + destination + messages.attribute(4, struct.pack("=I", index))
    return messages.request(messages.RTM_NEWROUTE, CREATE_EXCLUSIVE, number, body)


def sender(sent: multiprocessing.SimpleQueue[float], count: int, rate: float, first: int) -> None:
    """Add routes at a rate and put the moment of each, or of every hundredth, into the queue."""
    index = socket.if_nametoindex("lan0")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        began = time.monotonic()
        for number in range(count):
            while time.monotonic() < began + number / rate:
                if rate < 1 / PAUSE * 2:
                    select.select([], [], [], PAUSE / 2)
            moment = time.monotonic()
            kernel.send(addition(first + number, index))
            if rate < 1 / PAUSE * 2:
                sent.put(moment)


def lone() -> list[float]:
    """Return the seconds from the send of each of a number of lone changes until it was read."""
    doorbell = opened_doorbell()
    context = multiprocessing.get_context("fork")
    sent: multiprocessing.SimpleQueue[float] = context.SimpleQueue()
    child = context.Process(target=sender, args=(sent, ALONE, 1 / PAUSE, 0))
    child.start()
    told: list[float] = []
    while len(told) < ALONE and select.select([doorbell], [], [], 2)[0]:
        told += [time.monotonic()] * len(doorbell.read().changes)
    child.join()
    return [there - here for here, there in zip([sent.get() for _ in range(ALONE)], told, strict=False)]


def followed(rate: int) -> tuple[int, int, bool]:
    """Return how many of how many changes were told at this rate, and whether any was lost."""
    doorbell = opened_doorbell()
    count = int(rate * LASTING)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=sender, args=(context.SimpleQueue(), count, float(rate), rate << 8))
    child.start()
    told, lost = 0, False
    while select.select([doorbell], [], [], 1)[0]:
        rings = doorbell.read()
        told, lost = told + len(rings.changes), lost or rings.lost
    child.join()
    return told, count, lost


def main() -> None:
    with new_namespace("rwbell") as namespace:
        namespace.run("ip link add lan0 type veth peer name lan1")
        namespace.run("ip link set lan0 up")
        median = statistics.median(namespace.call(lone)) * 1e6
        print(f"a lone change, from its send until it is told with its author: {median:.0f} µs (median)")
        for rate in RATES:
            told, count, lost = namespace.call(followed, rate)
            print(f"{rate} changes a second: {told} of {count} told{', lost' if lost else ''}")


if __name__ == "__main__":
    main()
