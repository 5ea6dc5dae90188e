"""The processes of a Mac: who holds a tunnel, who asked for a change, which VPN clients run.

Where the programs are stand-ins on another system, a process is what they say it is, and nothing is looked up.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from routewatch.core.model import Author, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psutil

TICKS = 100  # of Process.started: hundredths of a second since boot
ANCESTORS = 8  # more than any client's script is deep


def process(pid: int, name: str, *, own: bool) -> Process:
    """Return the holder that lsof named; its full name and start where the process table is this machine's own."""
    found = _found(pid) if own else None
    return found or Process(pid=pid, started=0, name=name)


def running(interesting: Callable[[str], bool], known: Iterable[Process]) -> tuple[Process, ...]:
    """Return the processes of interesting names, and those of ``known`` that still run."""
    import psutil  # noqa: PLC0415 - it takes 25 ms: only where processes are looked at

    pids = {each.pid: each for each in known}
    found = {}
    for each in psutil.process_iter(["name"]):
        if each.pid in pids or interesting(each.info["name"] or ""):
            now = _found(each.pid)
            if now is not None and (each.pid not in pids or now.started == pids[each.pid].started):
                found[each.pid] = now
    return tuple(found.values())


def author(pid: int) -> Author:
    """Look up who asked the kernel for a change, and who started that process."""
    if pid == 0:
        return Author(kind="kernel")
    if pid == os.getpid():
        return Author(kind="routewatch")
    chain: list[Process] = []
    while pid > 1 and len(chain) <= ANCESTORS:
        found = _found(pid)
        if found is None:
            break
        chain.append(found)
        pid = _parent(pid)
    return Author(kind="process", process=chain[0], ancestors=tuple(chain[1:])) if chain else Author()


def _found(pid: int) -> Process | None:
    import psutil  # noqa: PLC0415 - as above

    try:
        return _told(psutil.Process(pid))
    except psutil.Error:
        return None


def _parent(pid: int) -> int:
    import psutil  # noqa: PLC0415 - as above

    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def _told(found: psutil.Process) -> Process:
    import psutil  # noqa: PLC0415 - as above

    started = round((found.create_time() - psutil.boot_time()) * TICKS)
    return Process(pid=found.pid, started=started, name=found.name())
