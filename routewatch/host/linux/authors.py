"""Who asked the kernel for a change: from the port id of a netlink message to a process and its ancestors.

The id is a hint. For ordinary programs it is their pid (netlink_autobind() in net/netlink/af_netlink.c); libraries that
open several sockets put a counter above bit 22 (libnl, pyroute2). A program in a container may announce the pid of its
own namespace, so that only a process which can have sent the message is believed. What an author means for a verdict is
not known here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import Author, Moment, Process
from routewatch.host.linux.port_ids import PID_BITS
from routewatch.host.processes import Processes, Stat, read_stat, sees_own_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Container

KERNEL = Author(kind="kernel")
OURSELVES = Author(kind="routewatch")
UNKNOWN = Author(kind="unknown")

_GENERATIONS = 32  # of ancestors: a loop of re-used pids ends here
_REMEMBERED = 256  # authors, and as many ancestors
# A pid comes round again after at least 32,768 forks, which take seconds. So a process just verified need not be read
# again for each message of a storm, and one that has just ended was still the sender of what it left in the queue.
_VERIFIED_FOR = 0.05  # seconds
_BELIEVED_FOR = 1.0  # seconds


class _Known(Struct):
    stat: Stat
    author: Author
    verified: float  # boot clock


class Authors:
    """Looks up senders at once and remembers them while their process is the same."""

    def __init__(
        self, processes: Processes, own_ports: Container[int] = (), read: Callable[[int], Stat | None] = read_stat
    ) -> None:
        """Take the process table, port ids of our own sockets where they are not our pid, and what reads a process."""
        self._processes = processes
        self._read = read
        self._own_ports = own_ports
        self._known: dict[int, _Known] = {}
        self._ancestors: dict[int, tuple[Stat, Process]] = {}
        self._trusted = sees_own_processes()
        self._ticks = os.sysconf("SC_CLK_TCK")

    def author_of(self, port_id: int, at: Moment) -> Author:
        """Return who sent the request behind a message that came at this moment; never fails, may be unknown."""
        if port_id == 0:
            return KERNEL
        pid = port_id & ((1 << PID_BITS) - 1) if port_id > 1 << PID_BITS else port_id
        if pid == os.getpid() or port_id in self._own_ports:
            return OURSELVES
        return self._sender(pid, at)

    def _sender(self, pid: int, at: Moment) -> Author:
        known = self._known.get(pid)
        age = at.boot - known.verified if known else _BELIEVED_FOR
        if known and 0 <= age < _VERIFIED_FOR:
            return known.author
        stat = self._read(pid) if self._trusted else None
        if stat is None:
            return known.author if known and 0 <= age < _BELIEVED_FOR else UNKNOWN
        if known and _same(known.stat, stat):
            known.verified = at.boot
            return known.author
        return self._learn(stat, at) if self._can_have_sent(stat, at) else UNKNOWN

    def _can_have_sent(self, stat: Stat, at: Moment) -> bool:
        started = stat.started / self._ticks
        return stat.pid > 1 and not stat.kernel_thread and started <= at.boot

    def _learn(self, stat: Stat, at: Moment) -> Author:
        process = self._processes.told(stat)
        line, cut = self._line_of(stat)
        author = Author(kind="process", process=process, ancestors=tuple(line), cut=cut)
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known.pop(stat.pid, None)
        self._known[stat.pid] = _Known(stat, author, at.boot)
        return author

    def _line_of(self, child: Stat) -> tuple[list[Process], bool]:
        """Return the ancestors, nearest first, and whether the line ends at one that is gone already, or hidden.

        Else it ends before pid 1 or a thread of the kernel.
        """
        line: list[Process] = []
        while child.parent > 1 and len(line) < _GENERATIONS:
            parent = self._read(child.parent)
            if parent is None or parent.started > child.started:
                return line, True
            if parent.kernel_thread:
                break
            line.append(self._ancestor(parent))
            child = parent
        return line, False

    def _ancestor(self, stat: Stat) -> Process:
        met = self._ancestors.get(stat.pid)
        if met and _same(met[0], stat):
            return met[1]
        process = self._processes.told(stat)
        if len(self._ancestors) >= _REMEMBERED:
            self._ancestors.clear()
        self._ancestors[stat.pid] = (stat, process)
        return process


def _same(one: Stat, other: Stat) -> bool:
    """Tell whether it is still that process and still runs that program: a shell becomes another by exec."""
    return one.started == other.started and one.comm == other.comm
