"""Where remote logins come from, and to which of our addresses: the peers whose way must not be cut.

Two witnesses: established TCP connections on a port where an SSH server listens, in our network namespace, and what the
server left in the environment of ours or an ancestor's. What is done for the sake of a peer is not known here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from routewatch.host.logins import SERVERS, SSH_PORT, remote, told_by_environment
from routewatch.host.processes import network_namespace, pids, read_name

if TYPE_CHECKING:
    from routewatch.core.model import Login


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
    return remote(ends | told_by_environment())


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
