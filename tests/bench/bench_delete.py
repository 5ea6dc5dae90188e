"""Deleting routes one by one, as a cleanup does, against one ``ip route del`` each.

Run as root: ``python -m tests.bench.bench_delete``. All of it happens in a network namespace of its own.
"""

from __future__ import annotations

import subprocess
from time import perf_counter

from routewatch.core.steps import Step
from routewatch.host.linux.kernel import LinuxHost
from tests import build
from tests.live.namespace import Namespace, new_namespace

COUNT = 1000
CROWDS = (0, 100_000)  # other routes in the same table
STAGE = "link add v0 type veth peer name v1\naddr add 10.1.0.1/16 dev v0\nlink set v0 up\nlink set v1 up\n"


def prefixes(first: int, count: int) -> list[str]:
    return [f"{first + number // 65536}.{number // 256 % 256}.{number % 256}.0/24" for number in range(count)]


def fill(namespace: Namespace, wanted: list[str]) -> None:
    namespace.run("ip -batch -", stdin="".join(f"route add {each} via 10.1.0.2 dev v0\n" for each in wanted))


def by_apply(wanted: list[str]) -> tuple[float, float]:
    """Return the seconds of the first delete, which loads pyroute2, and of all."""
    host = LinuxHost()
    steps = [Step(action="delete", route=build.route(f"{each} via 10.1.0.2 dev v0")) for each in wanted]
    begun = perf_counter()
    outcomes = {host.apply(steps[0])}
    first = perf_counter() - begun
    outcomes |= {host.apply(step) for step in steps[1:]}
    assert outcomes == {"done"}, outcomes
    taken = perf_counter() - begun
    host.close()
    return first, taken


def by_ip(wanted: list[str]) -> float:
    begun = perf_counter()
    for each in wanted:
        subprocess.run(["ip", "route", "del", each, "via", "10.1.0.2", "dev", "v0"], check=True)
    return perf_counter() - begun


def main() -> None:
    wanted = prefixes(20, COUNT)
    for crowd in CROWDS:
        with new_namespace("rwbench") as namespace:
            namespace.run("ip -batch -", stdin=STAGE)
            fill(namespace, prefixes(30, crowd))
            fill(namespace, wanted)
            first, ours = namespace.call(by_apply, wanted)
            fill(namespace, wanted)
            theirs = namespace.call(by_ip, wanted)
        print(
            f"{COUNT} deletes beside {crowd} routes: apply {ours:.2f} s (the first {first * 1000:.0f} ms), "
            f"ip route del {theirs:.2f} s: {theirs / ours:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
