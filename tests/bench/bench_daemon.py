"""What the daemon costs while nothing happens: memory, and CPU at each pace of polling.

Run as root: ``python -m tests.bench.bench_daemon [SECONDS]``. One daemon for each pace, all at once in one namespace of
about 100 routes; what they spend while they start and settle is not counted. The CPU is the kernel's own count of
nanoseconds on a processor (/proc/PID/schedstat), as clock ticks are too coarse for it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tests.bench.bench_snapshot import batch, prefixes, prepare
from tests.bench.bench_start import compiled_environment, spawned
from tests.live.namespace import new_namespace, why_not
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PACES = ("30s", "2s")
ROUTES = 80  # and the kernel's own for the links, about 100 in all
SETTLING = 5.0  # seconds until a daemon has taken its first looks and stored its first baseline
MOST_MEMORY = 40.0  # MB
MOST_CPU = {"30s": 0.01}  # percent of one core


@contextmanager
def daemon(folder: Path, pace: str) -> Iterator[int]:
    """Run a daemon in the namespace we are in; yield its pid, and end it."""
    folder.mkdir()
    (configuration := folder / "routewatch.toml").write_text(f'poll_interval = "{pace}"\n')
    installed = str(Path(sys.executable).with_name("routewatch"))
    program = [installed, "--config", str(configuration), "--state-dir", str(folder / "state")]
    environment = compiled_environment(str(folder.parent))
    spawned([*program, "baseline", "capture"], environment)  # a proven one, as stands after the first minutes
    log = (os.POSIX_SPAWN_OPEN, 2, str(folder / "log"), os.O_WRONLY | os.O_CREAT, 0o600)
    pid = os.posix_spawn(program[0], [*program, "run"], environment, file_actions=[log])
    try:
        yield pid
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


def on_processor(pid: int) -> float:
    """Return the seconds that a process has spent on processors, its threads included."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def memory(pid: int) -> tuple[float, float]:
    """Return what a process has in memory, and what of it is its own alone, in MB."""
    sizes = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    private = sum(int(sizes[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))
    return int(sizes["Rss"].split()[0]) / 1024, private / 1024


def measure(folder: str, seconds: float) -> None:
    """Measure the daemons of all paces in the namespace we are in, and print what was found."""
    with ExitStack() as stack:
        running = {pace: stack.enter_context(daemon(Path(folder, pace), pace)) for pace in PACES}
        Event().wait(SETTLING)
        before = {pace: on_processor(pid) for pace, pid in running.items()}
        Event().wait(seconds)
        for pace, pid in running.items():
            percent = 100 * (on_processor(pid) - before[pace]) / seconds
            resident, private = memory(pid)
            wanted = f" (target {MOST_CPU[pace]:g} %)" if pace in MOST_CPU else ""
            print(f"  poll {pace:>4}: {percent:.4f} % of a core{wanted}")
            print(f"             {resident:.1f} MB resident (target {MOST_MEMORY:g}), {private:.1f} MB its own")


def main() -> None:
    reason = why_not()
    if reason:
        sys.exit(reason)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with new_namespace("rwbench") as namespace, tempfile.TemporaryDirectory() as folder:
        prepare(namespace)
        namespace.call(batch, "inet", [f"route add {line}" for line in prefixes("inet", ROUTES)])
        until(lambda: "tentative" not in namespace.run("ip address"))
        print(f"the daemon, idle for {seconds:g} s, in a namespace of about 100 routes", flush=True)
        namespace.call(measure, folder, seconds)


if __name__ == "__main__":
    main()
