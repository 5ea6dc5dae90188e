"""Remote logins as both platforms know them: what an SSH server left in environments, and ends as addresses.

sudo drops SSH_CONNECTION, and a tmux or screen server keeps that of whoever started it; so all ancestors are asked, and
within such a server those who look into it, too. An environment can't always be read (another person's; on a Mac also
that of each program of the system's own, which System Integrity Protection hides), and then says nothing: the
connections of the servers, which each platform knows in its own way, are the better witness. What is done for the sake
of a peer is not known here.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from routewatch.core.model import Login

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    from psutil import Process

    End: TypeAlias = tuple[str, str, int]  # the peer's address, ours or "", our port or 0

# As the kernel names them; since OpenSSH 9.8 a session is a program of its own.
SERVERS = frozenset({"sshd", "sshd-session", "sshd-auth", "dropbear"})
SSH_PORT = 22
VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT")
# ssh(1), ENVIRONMENT: the address and port of the peer, and the address and port of the server; only the latter's port
# in the older SSH_CLIENT.
FULL = 4
# Whose windows go on without who looks into them. Server and client bear the same name, tmux's with more behind it.
MULTIPLEXERS = ("tmux", "screen", "zellij", "dtach", "abduco")
PORT_DIGITS = 5
GENERATIONS = 64  # of ancestors: a loop of pids that were used again ends here


def told_by_environment() -> set[End]:
    """Return the ends that our environment, or that of a readable ancestor or of a window's onlooker, names."""
    return {end for environment in _environments() for end in _told(environment)}


def remote(ends: Iterable[End]) -> tuple[Login, ...]:
    """Return the logins from elsewhere, sorted, IPv4-mapped addresses as IPv4, of ends in text.

    One without our address is there only where nobody told it of that peer.
    """
    logins = set()
    for peer, local, port in ends:
        theirs, ours = address_of(peer), address_of(local)
        if theirs is not None and not theirs.is_loopback:
            here = str(ours).partition("%")[0] if ours and ours.version == theirs.version else ""
            logins.add(Login(peer=str(theirs), local=here, port=port))
    told = {login.peer for login in logins if login.local}
    return tuple(sorted(login for login in logins if login.local or login.peer not in told))


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; None for what is none. A zone stays, and an IPv4-mapped one is IPv4."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:  # "UNKNOWN", where sshd had no peer address
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _environments() -> Iterator[Mapping[str, str]]:
    """Yield what we have now, and what all those were started with who may tell of our login."""
    import psutil  # noqa: PLC0415 - only before acting

    yield os.environ
    ours = list(_lineage(os.getpid()))
    asked = {process.pid: process for process in ours}
    if any(_is_multiplexer(process) for process in ours):
        for process in psutil.process_iter():
            if _is_multiplexer(process):
                asked |= {each.pid: each for each in _lineage(process.pid)}
    for process in asked.values():
        try:
            yield process.environ()
        except (psutil.Error, OSError):
            continue


def _lineage(pid: int) -> Iterator[Process]:
    """Yield a process and its ancestors, as far as they can be seen."""
    import psutil  # noqa: PLC0415 - only before acting

    for _ in range(GENERATIONS):
        if pid == 0:  # a Mac has a process of that number, the kernel's
            return
        try:
            process = psutil.Process(pid)
            pid = process.ppid()
        except (psutil.Error, OSError):
            return
        yield process


def _is_multiplexer(process: Process) -> bool:
    import psutil  # noqa: PLC0415 - only before acting

    try:
        return str(process.name()).lower().startswith(MULTIPLEXERS)
    except (psutil.Error, OSError):
        return False


def _told(environment: Mapping[str, str]) -> Iterator[End]:
    for variable in VARIABLES:
        words = environment.get(variable, "").split(" ")
        local = words[2] if len(words) == FULL else ""
        yield words[0], local, _port(words[-1]) if len(words) >= FULL - 1 else 0


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= PORT_DIGITS else 0
