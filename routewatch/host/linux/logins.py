"""Where remote logins come from: the peers whose route must not be cut.

Two witnesses: established TCP connections on a port where an SSH server listens, in our network namespace, and what the
server left in the environment of ours or an ancestor's (sudo drops it, and the tmux server keeps it). What is done for
the sake of a peer is not known here.
"""

from __future__ import annotations

import os
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.host.processes import network_namespace, pids, read_name, read_stat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC = Path("/proc")
# As the kernel names them; since OpenSSH 9.8 a session is a program of its own.
SERVERS = frozenset({"sshd", "sshd-session", "sshd-auth", "dropbear"})
SSH_PORT = 22
VARIABLES = (b"SSH_CONNECTION=", b"SSH_CLIENT=")  # ssh(1), ENVIRONMENT: the peer's address comes first


def login_peers() -> tuple[str, ...] | None:
    """Return the addresses remote logins come from, sorted, IPv4-mapped ones as IPv4, without loopback.

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
    peers = {
        each.raddr.ip
        for each in connections
        if each.laddr and each.raddr and each.status == psutil.CONN_ESTABLISHED
        if each.laddr.port in ports & listening
    }
    return _remote(peers | set(_told_by_environment()))


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


def _told_by_environment() -> Iterator[str]:
    """Yield the peers that our environment or that of a readable ancestor names."""
    pid = os.getpid()
    while pid > 0:
        try:
            # What the process was started with; what it has set since can't be seen from outside.
            environment = (PROC / str(pid) / "environ").read_bytes()
        except OSError:
            environment = b""
        for entry in environment.split(b"\0"):
            if entry.startswith(VARIABLES):
                yield entry.partition(b"=")[2].decode("utf-8", "replace").partition(" ")[0]
        stat = read_stat(pid)
        pid = stat.parent if stat else 0


def _remote(texts: Iterable[str]) -> tuple[str, ...]:
    addresses = set()
    for text in texts:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:  # "UNKNOWN", where sshd had no peer address
            continue
        address = (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
        if not address.is_loopback:
            addresses.add(str(address))
    return tuple(sorted(addresses))
