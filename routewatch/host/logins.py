"""Remote logins as both platforms know them: what an SSH server left in environments, and ends as addresses.

sudo drops SSH_CONNECTION, and a tmux or screen server keeps that of whoever started it; so all ancestors are asked. An
ancestor's can't always be read (another person's; on a Mac also that of each program of the system's own, which System
Integrity Protection hides), and then says nothing: the connections of the servers, which each platform knows in its own
way, are the better witness. What is done for the sake of a peer is not known here.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from routewatch.core.model import Login

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# As the kernel names them; since OpenSSH 9.8 a session is a program of its own.
SERVERS = frozenset({"sshd", "sshd-session", "sshd-auth", "dropbear"})
SSH_PORT = 22
VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT")
# ssh(1), ENVIRONMENT: the address and port of the peer, and the address and port of the server; only the latter's port
# in the older SSH_CLIENT.
FULL = 4
GENERATIONS = 64  # of ancestors: a loop of pids that were used again ends here


def told_by_environment() -> set[tuple[str, str]]:
    """Return the peers that our environment or that of a readable ancestor names, each with our address or ""."""
    return {end for environment in _environments() for end in _told(environment)}


def remote(ends: Iterable[tuple[str, str]]) -> tuple[Login, ...]:
    """Return the logins from elsewhere, sorted, IPv4-mapped addresses as IPv4, of ends as (peer, our address) in text.

    One without our address is there only where nobody told it of that peer.
    """
    pairs = {(_address(peer), _address(local)) for peer, local in ends}
    logins = {
        Login(peer=str(peer), local=str(local) if local and local.version == peer.version else "")
        for peer, local in pairs
        if peer is not None and not peer.is_loopback
    }
    told = {login.peer for login in logins if login.local}
    return tuple(sorted(login for login in logins if login.local or login.peer not in told))


def _environments() -> Iterator[Mapping[str, str]]:
    """Yield what we have now, and what we and our ancestors were started with, as far as it can be read."""
    import psutil  # noqa: PLC0415 - only before acting

    yield os.environ
    pid = os.getpid()
    for _ in range(GENERATIONS):
        if pid == 0:  # a Mac has a process of that number, the kernel's
            return
        try:
            process = psutil.Process(pid)
            pid = process.ppid()
        except (psutil.Error, OSError):
            return
        try:
            yield process.environ()
        except (psutil.Error, OSError):
            continue


def _told(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable in VARIABLES:
        words = environment.get(variable, "").split(" ")
        yield words[0], words[2] if len(words) == FULL else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:  # "UNKNOWN", where sshd had no peer address
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
