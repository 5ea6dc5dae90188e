"""How dear a look at the routes is, beside the kernel's floor and beside what others do. Prints ratios of CPU time.

Run as root: ``python -m tests.bench.bench_snapshot [ROUTES [ROUNDS]]``. Each round runs all candidates one after the
other in one namespace, so that a busy machine hits them alike; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from routewatch.core.diff import diff
from routewatch.host.linux.dumps import RequestSocket
from routewatch.host.linux.kernel import LinuxHost
from routewatch.host.linux.reading import read_tables
from routewatch.host.linux.rtnetlink import messages
from tests.live.namespace import new_namespace, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routewatch.core.diff import Changes
    from routewatch.core.model import Family, Route
    from routewatch.core.table import Table
    from routewatch.host.linux.dumps import Dump
    from tests.live.namespace import Namespace

NUMBERS: dict[Family, int] = {"inet": messages.AF_INET, "inet6": messages.AF_INET6}
PYROUTE2_ROUTES = 10_000
PYROUTE2_ROUNDS = 2
REPEATED = 20  # short work is measured that many times over
FLOOR = "drain"


def prefixes(family: Family, count: int) -> Iterator[str]:
    for i in range(count):
        if family == "inet":
            yield f"{11 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24 via 10.0.0.{2 + i % 4}"
        else:
            yield f"2001:db8:{1 + i // 65536:x}:{i % 65536:x}::/64 via fd00::{2 + i % 4:x}"


def batch(family: Family, lines: list[str]) -> None:
    option = "-6" if family == "inet6" else "-4"
    subprocess.run(["ip", option, "-batch", "-"], input="\n".join(lines), text=True, check=True)


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of some work, those of the children it waits for included."""
    before = spent()
    work()
    return spent() - before


def spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def drained(requests: RequestSocket, family: Family, program: str | None) -> float:
    """Return the floor: the C program's own measure, or a dump by our socket where there is no compiler."""
    if program is None:
        return cpu(lambda: requests.dump(messages.RTM_GETROUTE, NUMBERS[family]))
    done = subprocess.run([program, str(NUMBERS[family])], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def ip_json(family: Family) -> None:
    option = "-6" if family == "inet6" else "-4"
    done = subprocess.run(["ip", "-j", option, "route", "show", "table", "all"], capture_output=True, check=True)
    json.loads(done.stdout)


def pyroute2_routes(family: Family) -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415 - heavy, and only some benches want it

    with IPRoute() as ipr:
        for _ in ipr.get_routes(family=NUMBERS[family]):
            pass


def measure(family: Family, count: int, rounds: int, program: str | None) -> dict[str, list[float]]:
    """Measure in this namespace, which holds ``count`` routes of the family."""
    figures: dict[str, list[float]] = defaultdict(list)
    every = list(prefixes(family, count))
    with RequestSocket() as requests:
        for _ in range(rounds):
            figures[FLOOR].append(drained(requests, family, program))
            figures["dump, kept as it came"].append(cpu(partial(requests.dump, messages.RTM_GETROUTE, NUMBERS[family])))
            kept = read_tables(requests).routes
            figures["snapshot + diff, nothing changed"].append(cpu(partial(look, requests, kept)))
            assert len(kept) >= count  # splits the kept one, as a daemon has it from an earlier diff
            for changed in (10, 1000):
                some = every[:: max(1, count // changed)][:changed]
                batch(family, [f"route del {line}" for line in some])
                figures[f"snapshot + diff, {changed} changed"].append(cpu(partial(look, requests, kept)))
                batch(family, [f"route add {line}" for line in some])
            figures["snapshot, every route decoded"].append(cpu(partial(decode_all, requests)))
            figures["ip -j route + json.loads"].append(cpu(partial(ip_json, family)))
    return dict(figures)


def look(requests: RequestSocket, kept: Table) -> Changes:
    return diff(kept, read_tables(requests).routes)


def routes_of(requests: RequestSocket) -> list[Dump]:
    """Dump the routes of both families: all that netstat and get_routes() look at."""
    return [requests.dump(messages.RTM_GETROUTE, number) for number in NUMBERS.values()]


def decode_all(requests: RequestSocket) -> list[Route]:
    return list(read_tables(requests).routes.values())


def measure_pyroute2(family: Family) -> dict[str, list[float]]:
    """Measure in this namespace, which holds few enough routes for it."""
    figures: dict[str, list[float]] = defaultdict(list)
    with RequestSocket() as requests:
        for _ in range(PYROUTE2_ROUNDS):
            kept = read_tables(requests).routes
            figures["snapshot + diff"].append(cpu(partial(look, requests, kept)))
            figures["pyroute2 get_routes()"].append(cpu(partial(pyroute2_routes, family)))
    return dict(figures)


def measure_poll(rounds: int) -> dict[str, list[float]]:
    """Measure one poll of a small table by a program that is already running."""
    from pyroute2 import IPRoute  # noqa: PLC0415 - see above

    figures: dict[str, list[float]] = defaultdict(list)
    spawned = partial(subprocess.run, ["netstat", "-nr"], capture_output=True, check=True)
    host = LinuxHost()
    with RequestSocket() as requests, IPRoute() as ipr:
        kept = read_tables(requests).routes
        for _ in range(rounds):
            figures["poll"].append(cpu(lambda: [look(requests, kept) for _ in range(REPEATED)]) / REPEATED)
            figures["the same, with processes"].append(
                cpu(lambda: [host.observe() for _ in range(REPEATED)]) / REPEATED
            )
            figures["the routes alone"].append(cpu(lambda: [routes_of(requests) for _ in range(REPEATED)]) / REPEATED)
            if shutil.which("netstat"):
                figures["netstat -nr spawned"].append(cpu(lambda: [spawned() for _ in range(REPEATED)]) / REPEATED)
            figures["pyroute2, socket kept open"].append(cpu(lambda: list(ipr.get_routes())))
    return dict(figures)


def compiled(folder: str) -> str | None:
    """Compile the floor; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = str(Path(folder, "drain"))
    subprocess.run([compiler, "-O2", "-o", program, str(Path(__file__).with_name("drain.c"))], check=True)
    return program


def show(title: str, figures: dict[str, list[float]], reference: str) -> None:
    print(f"\n{title}")
    for name, seconds in figures.items():
        ratios = [mine / floor for mine, floor in zip(seconds, figures[reference], strict=True)]
        print(f"  {name:36} {1000 * median(seconds):10.2f} ms CPU   {median(ratios):8.2f} x {reference}")


def prepare(namespace: Namespace) -> None:
    namespace.run_all(
        """
        ip link add v0 type veth peer name v1
        ip link set v0 up
        ip link set v1 up
        ip addr add 10.0.0.1/24 dev v0
        ip addr add fd00::1/64 dev v0 nodad
        """
    )


def main() -> None:
    reason = why_not()
    if reason:
        sys.exit(reason)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        for family in NUMBERS:
            with new_namespace("rwbench") as namespace:
                prepare(namespace)
                namespace.call(batch, family, [f"route add {line}" for line in prefixes(family, count)])
                show(f"{count} routes, {family}", namespace.call(measure, family, count, rounds, program), FLOOR)
            with new_namespace("rwbench") as namespace:
                prepare(namespace)
                lines = [f"route add {line}" for line in prefixes(family, PYROUTE2_ROUTES)]
                namespace.call(batch, family, lines)
                show(f"{PYROUTE2_ROUTES} routes, {family}", namespace.call(measure_pyroute2, family), "snapshot + diff")
    with new_namespace("rwbench") as namespace:
        prepare(namespace)
        namespace.call(batch, "inet", [f"route add {line}" for line in prefixes("inet", 80)])
        show("one poll of about 100 routes", namespace.call(measure_poll, 5), "poll")


if __name__ == "__main__":
    main()
