"""How dear it is to start a command that only looks, beside `ip route`. Prints CPU times, wall times and their ratios.

Run as root: ``python -m tests.bench.bench_start [ROUNDS]``. The commands run one after the other in each round, in one
namespace of about 100 routes, so that a busy machine hits them alike; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.bench_snapshot import batch, prefixes, prepare
from tests.live.namespace import new_namespace, why_not
from tests.live.waiting import until

ROUTES = 80  # and the kernel's own for the links, about 100 in all
REFERENCE = "ip route show table all"
TARGET = 45.0  # times `ip route`


def spawned(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command with its output thrown away; return its CPU and wall seconds. It must end well."""
    silence = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=silence)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, f"{' '.join(command)}: ended with {os.waitstatus_to_exitcode(status)}"
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begun


def measure(folder: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Measure each command once a round; the first round warms up and is not counted."""
    environment = compiled_environment(folder)
    commands = commands_of(folder)
    spawned([*commands["routewatch status"][:-1], "run", "--once"], environment)  # a baseline to compare with
    all_rounds = [
        {name: spawned(command, environment) for name, command in commands.items()} for _ in range(rounds + 1)
    ]
    return {name: [figures[name] for figures in all_rounds[1:]] for name in commands}


def compiled_environment(folder: str) -> dict[str, str]:
    """Return an environment in which modules are compiled once, as pip does when it installs them.

    Where PYTHONDONTWRITEBYTECODE is set and nothing is compiled, each start would compile everything.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}


def commands_of(folder: str) -> dict[str, list[str]]:
    (configuration := Path(folder, "routewatch.toml")).write_text("")
    installed = str(Path(sys.executable).with_name("routewatch"))
    program = [installed, "--config", str(configuration), "--state-dir", f"{folder}/state"]
    return {
        REFERENCE: [str(shutil.which("ip")), *REFERENCE.split()[1:]],
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import msgspec'": [sys.executable, "-c", "import msgspec"],
        "routewatch --help": [*program, "--help"],
        "routewatch status": [*program, "status"],
        "routewatch cleanup --dry-run": [*program, "cleanup", "--dry-run"],
        "routewatch snapshot": [*program, "snapshot"],
    }


def show(figures: dict[str, list[tuple[float, float]]]) -> None:
    for name, spent in figures.items():
        ratios = [mine[0] / floor[0] for mine, floor in zip(spent, figures[REFERENCE], strict=True)]
        cpu, wall = (1000 * median(part) for part in zip(*spent, strict=True))
        print(f"  {name:32} {cpu:7.1f} ms CPU {wall:7.1f} ms wall {median(ratios):6.1f} x (target {TARGET:g})")


def main() -> None:
    reason = why_not()
    if reason:
        sys.exit(reason)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with new_namespace("rwbench") as namespace, tempfile.TemporaryDirectory() as folder:
        prepare(namespace)
        namespace.call(batch, "inet", [f"route add {line}" for line in prefixes("inet", ROUTES)])
        until(lambda: "tentative" not in namespace.run("ip address"))  # a link whose addresses change is no rest
        print("starting, in a namespace of about 100 routes")
        show(namespace.call(measure, folder, rounds))


if __name__ == "__main__":
    main()
