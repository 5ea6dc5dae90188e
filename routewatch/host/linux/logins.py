"""Where remote logins come from: the peers whose route must not be cut.

Two witnesses: established TCP connections on a port where an SSH server listens, in our network namespace, and what the
server left in the environment of ours or an ancestor's (sudo drops it, and the tmux server keeps it). What is done for
the sake of a peer is not known here.
"""

from __future__ import annotations

import os
import sys
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.processes import pids, read_name, read_stat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC = Path("/proc")
# As the kernel names them; since OpenSSH 9.8 a session is a program of its own.
SERVERS = frozenset({"sshd", "sshd-session", "sshd-auth", "dropbear"})
SSH_PORT = 22
ESTABLISHED, LISTENING = "01", "0A"  # include/net/tcp_states.h
VARIABLES = (b"SSH_CONNECTION=", b"SSH_CLIENT=")  # ssh(1), ENVIRONMENT: the peer's address comes first


class _Connection(NamedTuple):
    port: int  # ours
    peer: str
    state: str
    inode: str


def login_peers() -> tuple[str, ...] | None:
    """Return the addresses remote logins come from, sorted, IPv4-mapped ones as IPv4, without loopback.

    None where it could not be looked up: the connections can't be read, or a server runs whose sockets we may not see
    and nothing listens on port 22.
    """
    try:
        connections = list(_connections())
    except (OSError, ValueError):
        return None
    listening = {connection.port for connection in connections if connection.state == LISTENING}
    inodes, seen = _server_sockets()
    # A socket that systemd listens on for the server is held by systemd: there a session's own socket tells the port.
    # Port 22 counts whoever holds it, as its holder may be in a PID namespace that we don't see.
    ports = {connection.port for connection in connections if connection.inode in inodes} | {SSH_PORT}
    if not seen and not ports & listening:
        return None
    peers = {each.peer for each in connections if each.state == ESTABLISHED and each.port in ports & listening}
    return _remote(peers | set(_told_by_environment()))


def _connections() -> Iterator[_Connection]:
    """Read the TCP sockets of our network namespace. Raises OSError, and ValueError for lines of another form."""
    for name in ("tcp", "tcp6"):
        table = PROC / "self" / "net" / name
        if name == "tcp6" and not table.exists():  # a kernel without IPv6
            return
        for line in table.read_text("ascii").splitlines()[1:]:
            _, local, remote, state, _, _, _, _, _, inode, *_ = line.split()
            yield _Connection(_port(local), _address(remote), state, inode)


def _port(end: str) -> int:
    return int(end.rpartition(":")[2], 16)


def _address(end: str) -> str:
    # Words of 32 bits in the machine's byte order (net/ipv4/tcp_ipv4.c, get_tcp4_sock(); tcp_ipv6.c likewise)
    digits = end.rpartition(":")[0]
    words = (int(digits[start : start + 8], 16) for start in range(0, len(digits), 8))
    return str(ip_address(b"".join(word.to_bytes(4, sys.byteorder) for word in words)))


def _server_sockets() -> tuple[set[str], bool]:
    """Return the inodes of the sockets that SSH servers hold, and whether each server's could be seen."""
    inodes: set[str] = set()
    seen = True
    for pid in pids():
        try:
            if read_name(pid) in SERVERS:
                inodes |= _sockets(PROC / str(pid))
        except PermissionError:
            seen = False
        except OSError:  # it has just ended
            continue
    return inodes, seen


def _sockets(folder: Path) -> set[str]:
    targets = (_target(descriptor) for descriptor in (folder / "fd").iterdir())
    return {target[len("socket:[") : -1] for target in targets if target.startswith("socket:[")}


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # just closed
        return ""


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
