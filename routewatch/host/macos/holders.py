"""The processes of a Mac: who holds a tunnel, who asked for a change, which VPN clients run.

What
can't be seen of a process (it ended, or it is somebody else's) is left out, and nothing raises.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from routewatch.core.model import Author, Process
from routewatch.host.processes import COMM_LENGTH, called, is_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psutil

TICKS = 100  # of Process.started: hundredths of a second since launchd was started
LAUNCHD = 1
ANCESTORS = 8  # more than any client's script is deep
WORDS = 32  # of a command: enough to tell a client and its server by


def process(pid: int, name: str, interesting: Callable[[str], bool]) -> Process:
    """Return the holder that lsof named, and what is to be seen of it."""
    return _found(pid, interesting) or Process(pid=pid, started=0, name=name)


def running(interesting: Callable[[str], bool], known: Iterable[Process]) -> tuple[Process, ...]:
    """Return the processes of interesting names, and those of ``known`` that still run."""
    import psutil  # noqa: PLC0415 - it takes 25 ms: only where processes are looked at

    pids = {each.pid: each for each in known}
    found = []
    for each in psutil.process_iter(["name"]):
        name = each.info["name"] or ""
        if each.pid in pids or interesting(name[:COMM_LENGTH]) or is_interpreter(name):
            now = _found(each.pid, interesting)
            if now is not None and (_is_same(now, pids.get(each.pid)) or interesting(now.name[:COMM_LENGTH])):
                found.append(now)
    return tuple(found)


def author(pid: int, interesting: Callable[[str], bool]) -> Author:
    """Look up who asked the kernel for a change, and who started that process."""
    if pid == 0:
        return Author(kind="kernel")
    if pid == os.getpid():
        return Author(kind="routewatch")
    chain: list[Process] = []
    while pid > LAUNCHD and len(chain) <= ANCESTORS:
        found = _found(pid, interesting)
        if found is None or (chain and found.started > chain[-1].started):  # a pid that was used again
            break
        chain.append(found)
        pid = _parent(pid)
    if not chain:
        return Author()
    if _is_our_route(chain):
        return Author(kind="routewatch")
    return Author(kind="process", process=chain[0], ancestors=tuple(chain[1:]))


def _is_our_route(chain: list[Process]) -> bool:
    """Tell whether it is the route(8) of a cleanup or undo, of this process or of another routewatch beside it."""
    if len(chain) == 1 or chain[0].name != "route":
        return False
    return chain[1].pid == os.getpid() or any(word.rpartition("/")[2] == "routewatch" for word in chain[1].command)


def _is_same(one: Process, other: Process | None) -> bool:
    return other is not None and (one.pid, one.started) == (other.pid, other.started)


def _found(pid: int, interesting: Callable[[str], bool]) -> Process | None:
    import psutil  # noqa: PLC0415 - as above

    try:
        found = psutil.Process(pid)
        if found.status() == psutil.STATUS_ZOMBIE:  # it has ended, and its parent has yet to ask for it
            return None
        # Counted from launchd, as both times are shifted alike where the clock is set: psutil moves them then, by a
        # boot time of whole seconds, and a VPN client must not become another process after a night's sleep.
        started = round((found.create_time() - psutil.Process(LAUNCHD).create_time()) * TICKS)
        name, command = found.name(), _command(found)
    except (psutil.Error, OSError):
        return None
    return Process(pid=pid, started=started, name=called(name, command, interesting), command=command)


def _command(found: psutil.Process) -> tuple[str, ...]:
    """Return the argument list; empty where it is not for us to see: another person's, without root."""
    import psutil  # noqa: PLC0415 - as above

    try:
        return tuple(found.cmdline()[:WORDS])
    except (psutil.Error, OSError):
        return ()


def _parent(pid: int) -> int:
    import psutil  # noqa: PLC0415 - as above

    try:
        return psutil.Process(pid).ppid()
    except (psutil.Error, OSError):
        return 0
