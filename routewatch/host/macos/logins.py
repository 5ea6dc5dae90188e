"""Where remote logins come from: the connections of SSH servers, by lsof(8), and what environments tell.

Only root sees other persons' connections by lsof, and the servers are root's. Where it is missing, or a server runs
that we may not look into, netstat(1) names the connections of port 22 to everybody, but not whose they are. What is
done for the sake of a peer is not known here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from routewatch.errors import ObservationError
from routewatch.host.logins import SERVERS, SSH_PORT, remote, told_by_environment

if TYPE_CHECKING:
    from routewatch.core.model import Login
    from routewatch.host.logins import End
    from routewatch.host.macos.programs import Programs

    Ends = set[End]

# sshd-session 812 root 4u IPv4 0x... 0t0 TCP 10.0.0.2:22->10.0.0.9:50000 (ESTABLISHED); lsof cuts names at 9 letters
_CONNECTION = re.compile(r"(?:sshd|dropbear)\S*\s+\d+\s.*\sTCP (\S+):(\d+)->(\S+):\d+ \(ESTABLISHED\)\s*", re.ASCII)
# Without socket activation sshd itself, else launchd: launchd 1 root 9u IPv6 0x... 0t0 TCP *:22 (LISTEN)
_LISTENER = re.compile(r"\S+\s+\d+\s.*\sTCP \S+:(\d+) \(LISTEN\)\s*", re.ASCII)
# tcp4 0 0 10.0.0.2.22 10.0.0.9.50000 ESTABLISHED: a port stands behind a dot (inetprint(), netstat.tproj/inet.c)
_ROW = re.compile(r"tcp\d*\s+\d+\s+\d+\s+(\S+)\.(\d+|\*)\s+(\S+)\.(?:\d+|\*)\s+(LISTEN|ESTABLISHED)\b.*", re.ASCII)


def login_peers(programs: Programs, *, own: bool) -> tuple[Login, ...] | None:
    """Return the ends of remote logins, sorted, without those from this machine; None where they can't be known.

    ``own``: this machine is the Mac, and its process table tells whether a server runs that lsof may have hidden.
    """
    ends = _of_servers(programs)
    if ends is None or (own and _may_be_hidden()):
        known = _of_port(programs)
        if known is None:
            return None
        ends = (ends or set()) | known
    return remote(ends | told_by_environment())


def _of_servers(programs: Programs) -> Ends | None:
    """Return what SSH servers accepted; None where lsof can't be had."""
    try:
        said = programs.read("lsof", "-nP", "-iTCP", "-sTCP:LISTEN,ESTABLISHED")
    except ObservationError:
        return None
    if said.status and said.complaint:  # without a word it has found none, lsof(8)
        return None
    lines = said.out.splitlines()
    ports = {row[1] for line in lines if (row := _LISTENER.fullmatch(line))}
    rows = [row for line in lines if (row := _CONNECTION.fullmatch(line))]
    # A server also holds what it forwards for a login (ssh -L, -D): those leave from a port where nobody listens.
    return {(row[3], row[1], int(row[2])) for row in rows if row[2] in ports or not ports}


def _of_port(programs: Programs) -> Ends | None:
    """Return the connections of SSH's own port; None where nobody listens there: a server may, elsewhere."""
    try:
        said = programs.read("netstat", "-anl", "-p", "tcp")  # -l: IPv6 addresses are not cut
    except ObservationError:
        return None
    rows = [row for line in said.out.splitlines() if (row := _ROW.fullmatch(line)) and row[2] == str(SSH_PORT)]
    if not any(row[4] == "LISTEN" for row in rows):
        return None
    return {(row[3], row[1], SSH_PORT) for row in rows if row[4] == "ESTABLISHED"}


def _may_be_hidden() -> bool:
    """Tell whether a server runs whose connections are not for us to see: everybody's name is."""
    import psutil  # noqa: PLC0415 - only before acting

    return os.geteuid() != 0 and any(each.info["name"] in SERVERS for each in psutil.process_iter(["name"]))
