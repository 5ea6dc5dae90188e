"""Where remote logins come from, and to which of our addresses: the peers whose way must not be cut.

Two witnesses: established TCP connections on a port where an SSH server listens, in our network namespace, and what the
server left in the environment of ours or an ancestor's (sudo drops it, and the tmux server keeps it). What is done for
the sake of a peer is not known here.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.core.model import Login
from routewatch.host.processes import network_namespace, pids, read_name, read_stat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC = Path("/proc")
# As the kernel names them; since OpenSSH 9.8 a session is a program of its own.
SERVERS = frozenset({"sshd", "sshd-session", "sshd-auth", "dropbear"})
SSH_PORT = 22
VARIABLES = (b"SSH_CONNECTION=", b"SSH_CLIENT=")
# ssh(1), ENVIRONMENT: the address and port of the peer, and the address and port of the server; only the latter's port
# in the older SSH_CLIENT.
FULL = 4


def login_peers() -> tuple[Login, ...] | None:
    """Return the ends of remote logins, sorted, IPv4-mapped addresses as IPv4, without those from loopback.

    None where it could not be looked up: the connections can't be read, or a server runs whose sockets we may not see
    and nothing listens on port 22.
    """
    import psutil  # noqa: PLC0415 - only before acting

    try:
        connections = psutil.net_connections(kind="tcp")
    except (OSError, psutil.Error):
        return None
    listening = {each.laddr.port for each in connections if each.laddr and each.status == psutil.CONN_LISTEN}
    servers, seen = _servers()
    seen = seen and servers <= {each.pid for each in connections}
    # A socket that systemd listens on for the server is held by systemd: there a session's own socket tells the port.
    # Port 22 counts whoever holds it, as its holder may be in a PID namespace that we don't see.
    ports = {each.laddr.port for each in connections if each.laddr and each.pid in servers} | {SSH_PORT}
    if not seen and not ports & listening:
        return None
    ends = {
        (each.raddr.ip, each.laddr.ip)
        for each in connections
        if each.laddr and each.raddr and each.status == psutil.CONN_ESTABLISHED
        if each.laddr.port in ports & listening
    }
    return _remote(ends | set(_told_by_environment()))


def _servers() -> tuple[set[int], bool]:
    """Return the SSH servers of our network namespace, and whether every process told its name and namespace."""
    found: set[int] = set()
    seen, ours = True, network_namespace(os.getpid())
    for pid in pids():
        try:
            if read_name(pid) in SERVERS and network_namespace(pid) == ours:
                found.add(pid)
        except PermissionError:
            seen = False
    return found, seen


def _told_by_environment() -> Iterator[tuple[str, str]]:
    """Yield the peers that our environment or that of a readable ancestor names, each with our address or ""."""
    pid = os.getpid()
    while pid > 0:
        try:
            # What the process was started with; what it has set since can't be seen from outside.
            environment = (PROC / str(pid) / "environ").read_bytes()
        except OSError:
            environment = b""
        for entry in environment.split(b"\0"):
            if entry.startswith(VARIABLES):
                words = entry.partition(b"=")[2].decode("utf-8", "replace").split(" ")
                yield words[0], words[2] if len(words) == FULL else ""
        stat = read_stat(pid)
        pid = stat.parent if stat else 0


def _remote(ends: Iterable[tuple[str, str]]) -> tuple[Login, ...]:
    """Return the logins from elsewhere; one without our address only where nobody told it of that peer."""
    pairs = {(_address(peer), _address(local)) for peer, local in ends}
    logins = {
        Login(peer=str(peer), local=str(local) if local and local.version == peer.version else "")
        for peer, local in pairs
        if peer is not None and not peer.is_loopback
    }
    told = {login.peer for login in logins if login.local}
    return tuple(sorted(login for login in logins if login.local or login.peer not in told))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:  # "UNKNOWN", where sshd had no peer address
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
