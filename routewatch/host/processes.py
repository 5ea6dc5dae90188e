"""Processes of a Linux machine: which may be VPN clients, and what /proc says of one.

/proc is read directly: an `ip route add` lives for a millisecond, and its author is wanted before it is gone; and all
names are read at each look, for which psutil takes five times as long. Which names belong to VPN clients is not known
here: that question comes in as ``interesting``. Where something can't be seen, this module says so and never guesses.
"""

# ruff: noqa: PTH115, PTH116, PTH208 - a Path costs more than the reading, and this is read for each message of the kernel

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMM_LENGTH = 15  # TASK_COMM_LEN - 1, include/linux/sched.h
PF_KTHREAD = 0x00200000  # include/linux/sched.h
# PROC_PID_INIT_INO, include/linux/proc_ns.h (PID_NS_INIT_INO in include/uapi/linux/nsfs.h since 6.18)
INITIAL_PID_NAMESPACE = 0xEFFFFFFC
INTERPRETERS = ("python", "perl", "ruby", "node", "bash", "dash", "ash", "zsh", "ksh", "sh")
_COMMAND_BYTES = 1024  # enough to tell a client by; the rest of an argument list is left where it is


class Stat(Struct, frozen=True, kw_only=True):
    """The fields of /proc/PID/stat that matter here, proc_pid_stat(5)."""

    pid: int
    comm: str
    parent: int
    started: int  # clock ticks since boot
    kernel_thread: bool
    dead: bool  # ended, and not yet fetched by its parent


class Candidates(Struct, frozen=True):
    """Processes that may be VPN clients. ``seen`` is False where there may be others, or some of another namespace."""

    processes: tuple[Process, ...]
    seen: bool


def read_stat(pid: int) -> Stat | None:
    """Read what the kernel says of a process; None where it is gone or hidden from us."""
    # The name stands in parentheses and may hold any character, ") " too; behind it there are only numbers.
    head, found, tail = _read(f"/proc/{pid}/stat").rpartition(b") ")
    fields = tail.split(None, 20)
    if not found or len(fields) < 20:  # noqa: PLR2004 - field 22 is the last one needed, and two stand in the head
        return None
    return Stat(
        pid=pid,
        comm=head.partition(b"(")[2].decode("utf-8", "replace"),
        parent=int(fields[1]),
        started=int(fields[19]),
        kernel_thread=bool(int(fields[6]) & PF_KTHREAD),
        # A leader that has ended while its threads go on shows as a zombie too: those are not dead.
        dead=fields[0] in b"ZXx" and int(fields[17]) <= 1,
    )


def pids() -> Iterator[int]:
    """Yield the pids of all processes that we see, threads of the kernel among them."""
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def read_name(pid: int) -> str:
    """Read the name of a process as the kernel cuts it; "" where it has ended.

    Raises PermissionError where it is hidden from us (hidepid, proc(5)), OSError where we have no descriptor left.
    """
    try:
        descriptor = os.open(f"/proc/{pid}/comm", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, COMM_LENGTH + 1)[:-1].decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def read_command(pid: int) -> tuple[str, ...]:
    """Read the argument list of a process; empty where there is none to see."""
    text = _read(f"/proc/{pid}/cmdline", _COMMAND_BYTES).decode("utf-8", "replace")
    return tuple(text.rstrip("\0").split("\0")) if text else ()


def network_namespace(pid: int) -> int | None:
    """Return the inode of a process's network namespace; None where it has ended.

    Raises PermissionError where we may not know: it takes the right to trace the process, namespaces(7).
    """
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except (FileNotFoundError, ProcessLookupError):
        return None


class Processes:
    """The processes of our own PID namespace, each told as the same value wherever it is met."""

    def __init__(self, interesting: Callable[[str], bool]) -> None:
        """Take the question whether a name, as the kernel cuts it, belongs to a VPN client."""
        self._interesting = interesting

    def read(self, pid: int) -> Process | None:
        """Return a process that lives; None where it ended, is hidden, or is a thread of the kernel."""
        stat = read_stat(pid)
        if stat is None or stat.kernel_thread or stat.dead:
            return None
        return self.told(stat)

    def told(self, stat: Stat) -> Process:
        """Return the value for what was read: its name is the kernel's, or that of a client's script it interprets."""
        command = read_command(stat.pid)
        name = called(stat.comm, command, self._interesting)
        return Process(pid=stat.pid, started=stat.started, name=name, command=command)

    def candidates(self) -> Candidates:
        """Return the processes of interesting names in our own network namespace.

        One whose namespace can't be read counts by its name alone, and the answer is then not ``seen``.
        """
        if not sees_own_processes():
            return Candidates((), seen=False)
        ours = network_namespace(os.getpid())
        named, seen = self._named()
        found = []
        for pid in named:
            process = self.read(pid)
            if process is None or not self._interesting(process.name[:COMM_LENGTH]):
                continue
            try:
                theirs = network_namespace(pid)
            except PermissionError:
                theirs, seen = ours, False
            if theirs == ours:
                found.append(process)
        return Candidates(tuple(found), seen=seen and sees_all_processes())

    def _named(self) -> tuple[list[int], bool]:
        """Return the pids worth a closer look, and whether every process told its name."""
        named, seen = [], True
        for pid in pids():
            try:
                name = read_name(pid)
            except OSError:
                seen = False
                continue
            if self._is_worth_a_look(pid, name):
                named.append(pid)
        return named, seen

    def _is_worth_a_look(self, pid: int, name: str) -> bool:
        if is_interpreter(name):
            return self._interesting(name) or self._interesting(_script(read_command(pid)))
        return self._interesting(name)


def sees_own_processes() -> bool:
    """Tell whether /proc is of our own PID namespace: otherwise its numbers are not those we and the kernel use."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def sees_all_processes() -> bool:
    """Tell whether no process can hide from us.

    In a PID namespace of our own, processes outside may share our network; with hidepid (proc(5)) we see only ours.
    """
    try:
        initial = os.stat("/proc/self/ns/pid").st_ino == INITIAL_PID_NAMESPACE
    except OSError:
        return False
    return initial and read_stat(1) is not None


def called(name: str, command: tuple[str, ...], interesting: Callable[[str], bool]) -> str:
    """Return the name of a process, or that of a client's script that it interprets."""
    script = _script(command) if is_interpreter(name) else ""
    return script if script and interesting(script) else name


def is_interpreter(name: str) -> bool:
    """Tell whether a process of this name runs scripts; on a Mac, Python's is called Python."""
    return name.lower().rstrip("0123456789.") in INTERPRETERS


def _script(command: tuple[str, ...]) -> str:
    """Return the name of the script or module that an interpreter was started with; "" where there is none."""
    for before, argument in pairwise(command):
        if argument == "-c":
            return ""
        if before == "-m" or not argument.startswith("-"):
            return argument.rpartition("/")[2][:COMM_LENGTH]
    return ""


def _read(path: str, size: int = 1024) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, size)
    except OSError:  # it ended between the two
        return b""
    finally:
        os.close(descriptor)
