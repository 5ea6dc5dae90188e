"""Where remote logins come from: the connections of SSH servers, by lsof(8), and what our environment tells.

What is done for the sake of a peer is not known here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from routewatch.core.addresses import address
from routewatch.core.model import Login
from routewatch.errors import ObservationError

if TYPE_CHECKING:
    from routewatch.host.macos.programs import Programs

# sshd-session 812 root 4u IPv4 0x... 0t0 TCP 10.0.0.2:22->10.0.0.9:50000 (ESTABLISHED); lsof cuts names at 9 letters
_CONNECTION = re.compile(r"sshd\S*\s+\d+\s.*\sTCP (\S+):\d+->(\S+):\d+ \(ESTABLISHED\)\s*", re.ASCII)
FULL = 4  # words of SSH_CONNECTION: the peer's address and port, ours


def login_peers(programs: Programs) -> tuple[Login, ...] | None:
    """Return the ends of remote logins, sorted, without those from this machine; None where lsof can't be had."""
    try:
        said = programs.read("lsof", "-nP", "-iTCP", "-sTCP:ESTABLISHED")
    except ObservationError:
        return None
    if said.status and said.complaint:  # without a word it has found none, lsof(8)
        return None
    rows = (_CONNECTION.fullmatch(line) for line in said.out.splitlines())
    ends = {(row[2], row[1]) for row in rows if row}
    words = os.environ.get("SSH_CONNECTION", "").split()
    if len(words) == FULL:
        ends.add((words[0], words[2]))
    logins = {Login(peer=_plain(peer), local=_plain(local)) for peer, local in ends}
    return tuple(sorted(login for login in logins if login.peer and not address(login.peer).is_loopback))


def _plain(text: str) -> str:
    """Return an address without brackets and zone; "" for what is none."""
    plain = text.strip("[]").partition("%")[0]
    try:
        return str(address(plain))
    except ValueError:
        return ""
