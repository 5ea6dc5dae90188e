"""Port ids for our netlink sockets that only listen or ask.

The kernel gives a process's first socket its pid for a port id and the later ones random numbers (netlink_autobind() in
net/netlink/af_netlink.c). The id is what others can know the sender of a change by, so the pid is left free for the
socket that writes. Which socket that is, is not known here.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

PID_BITS = 22  # PID_MAX_LIMIT is 2**22 on 64-bit machines, include/linux/threads.h
_COUNTERS = range(1, 1024)  # the bits above, counted as libnl and pyroute2 do


def bind_beside_pid(opened: socket.socket) -> None:
    """Bind a netlink socket to a free port id above our pid, from which the pid can be told. Raises OSError."""
    for counter in _COUNTERS:
        try:
            opened.bind((counter << PID_BITS | os.getpid(), 0))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    opened.bind((0, 0))
