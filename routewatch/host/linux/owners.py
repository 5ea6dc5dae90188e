"""Who holds a tun or tap device: the process with its descriptor open.

A descriptor of /dev/net/tun tells in fdinfo which link it drives (tun_chr_show_fdinfo() in drivers/net/tun.c). It tells
the name only, and another network namespace may have a link of that name; so only processes in our own are asked.
Whether a holder means that the tunnel lives, is not decided here.
"""

# ruff: noqa: PTH115, PTH123, PTH208 - thousands of descriptors are passed over in one look

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import Process
from routewatch.host.processes import network_namespace, pids, sees_all_processes, sees_own_processes

if TYPE_CHECKING:
    from routewatch.host.processes import Processes


class Owners(Struct, frozen=True):
    """Holders by the name of their link. ``seen`` is False where a holder may have been overlooked."""

    by_link: Mapping[str, Process]
    seen: bool


def tun_owners(processes: Processes) -> Owners:
    """Return who holds which tun; of several holders of one link, the one that started first. Wants root."""
    if not sees_own_processes():
        return Owners({}, seen=False)
    ours = network_namespace(os.getpid())
    owners: dict[str, Process] = {}
    seen = sees_all_processes()
    for pid in pids():
        try:
            names = _held_by(pid) if network_namespace(pid) == ours else []
        except PermissionError:
            seen = seen and pid == 1  # a sandbox may hide the first process even from root; it is no VPN client
            continue
        process = processes.read(pid) if names else None
        for name in names if process else ():
            earlier = owners.get(name)
            if process and (earlier is None or process.started < earlier.started):
                owners[name] = process
    return Owners(owners, seen)


def _held_by(pid: int) -> list[str]:
    """Return the names of the tun links a process holds. Raises PermissionError where we may not look."""
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):
        return []  # it has ended
    return [name for each in descriptors if _is_tun(f"{folder}/{each}") and (name := _link_of(pid, each))]


def _is_tun(descriptor: str) -> bool:
    try:
        return os.readlink(descriptor).endswith("/net/tun")  # a process in a chroot has it under a longer path
    except (FileNotFoundError, ProcessLookupError):
        return False


def _link_of(pid: int, descriptor: str) -> str:
    """Return the link of a tun descriptor; "" where it has none yet."""
    try:
        with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="utf-8", errors="replace") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("iff:")), "")
    except (FileNotFoundError, ProcessLookupError):
        return ""
