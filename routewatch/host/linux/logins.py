"""Where remote logins come from, and to which of our addresses: the peers whose way must not be cut.

Two witnesses: established TCP connections that an SSH server accepted, in our network namespace, and what the server
left in the environment of ours or an ancestor's. What is done for the sake of a peer is not known here.

Where the holders of sockets can't be seen (not root, hidepid, another PID namespace), whatever somebody unseen accepted
counts: a peer too many is refused a step, one too few is locked out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.logins import SERVERS, SSH_PORT, address_of, remote, told_by_environment
from routewatch.host.processes import network_namespace, pids, read_name, read_stat, sees_all_processes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from routewatch.core.model import Login

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_RANGE = "32768 60999"  # ip-sysctl.rst of the kernel


class _Connection(NamedTuple):
    """An established TCP connection, and who is seen to hold it."""

    peer: str
    peer_port: int
    local: str
    port: int
    pid: int | None

    @property
    def is_from_loopback(self) -> bool:
        address = address_of(self.peer)
        return address is not None and address.is_loopback


class _Servers(NamedTuple):
    """The SSH servers of our network namespace. ``blind``: of some that may be one, the sockets can't be seen."""

    pids: frozenset[int]
    blind: bool


def login_peers() -> tuple[Login, ...] | None:
    """Return the ends of remote logins, sorted, IPv4-mapped addresses as IPv4, without those from loopback.

    None where it could not be looked up: the connections can't be read, or a server runs whose sockets we may not see
    and nobody unseen listens anywhere.
    """
    import psutil  # noqa: PLC0415 - only before acting

    servers = _servers()
    try:
        sockets = psutil.net_connections(kind="tcp")
    except (OSError, RuntimeError, psutil.Error):  # RuntimeError: a line of /proc/net/tcp that can't be understood
        return None
    hidden = servers.blind or not sees_all_processes()
    # A socket that systemd listens on for the server is held by systemd: there a session's own socket tells the port.
    # Port 22 counts whoever holds it, as its holder may be in a PID namespace that we don't see.
    ports = {each.laddr.port for each in sockets if each.laddr and each.pid in servers.pids} | {SSH_PORT}
    listening = [(x.laddr.port, x.pid) for x in sockets if x.laddr and x.status == psutil.CONN_LISTEN]
    doors = {port for port, pid in listening if port in ports or (hidden and pid is None)}
    if servers.blind and not doors:
        return None
    established = [
        _Connection(each.raddr.ip, each.raddr.port, each.laddr.ip, each.laddr.port, each.pid)
        for each in sockets
        if each.laddr and each.raddr and each.status == psutil.CONN_ESTABLISHED
    ]
    accepted = _accepted(established, doors, servers.pids | ({None} if hidden else set()))
    carrying = (*accepted, *_carriers(accepted, established))
    return remote({(each.peer, each.local, each.port) for each in carrying} | told_by_environment())


def _servers() -> _Servers:
    found: set[int] = set()
    blind, ours = False, network_namespace(os.getpid())
    for pid in pids():
        try:
            if read_name(pid) in SERVERS and network_namespace(pid) == ours:
                found.add(pid)
                os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - only whether it may be read
        except PermissionError:
            blind = True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return _Servers(frozenset(found), blind)


def _accepted(
    established: Iterable[_Connection], doors: Collection[int], servers: Collection[int | None]
) -> list[_Connection]:
    """Return the connections that came in by a door; and those by one that nobody listens at any more.

    A server that was restarted with another port, or stopped, leaves its sessions alone. Of what such a session holds,
    what it forwards (ssh -L, -D) leaves from a port that the kernel picked. Where the login itself came in by such a
    port, and the session's other process has none either, all that it holds counts.
    """
    picked = _picked_ports()
    held = [each for each in established if each.port in doors or each.pid in servers]
    evident = [each for each in held if each.port in doors or each.port not in picked]
    logged = {each.pid for each in evident}
    return evident + [x for x in held if x.pid is not None and not {x.pid, _parent(x.pid)} & logged]


def _carriers(accepted: Iterable[_Connection], established: Collection[_Connection]) -> Iterator[_Connection]:
    """Yield the connections of those who log in over the loopback: ssh -R, or a tunnel's client, brings others here."""
    ends = {(each.peer_port, each.port) for each in accepted if each.is_from_loopback}
    holders = {x.pid for x in established if x.is_from_loopback and (x.port, x.peer_port) in ends} - {None}
    yield from (each for each in established if each.pid in holders)


def _parent(pid: int) -> int | None:
    stat = read_stat(pid)
    return None if stat is None else stat.parent


def _picked_ports() -> range:
    """Return the ports that the kernel picks for who asks for none, ip-sysctl.rst."""
    try:
        text = PORT_RANGE.read_text()
    except OSError:
        text = USUAL_RANGE
    first, last = map(int, text.split())
    return range(first, last + 1)
