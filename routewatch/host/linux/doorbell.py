"""The doorbell: a netlink socket joined to the groups of links, addresses, routes, rules and nexthop objects.

It says that something may have changed and who asked for it, never what is true: the kernel announces no RTM_DELROUTE
for IPv4 routes that go with their link. So what comes too fast to be read is thrown away and reported as lost, and a
fresh dump follows. It decides nothing: whose change it was and what it means is for the core.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from typing import TYPE_CHECKING

from routewatch.errors import ObservationError
from routewatch.host.linux.drain import Drain
from routewatch.host.linux.port_ids import bind_beside_pid
from routewatch.host.linux.rtnetlink import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.model import Moment
    from routewatch.host.linux.authors import Authors
    from routewatch.host.port import Rings

# include/uapi/linux/netlink.h
NETLINK_ROUTE = 0
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
# include/uapi/asm-generic/socket.h
SO_RCVBUFFORCE = 33  # needs CAP_NET_ADMIN
SO_MEMINFO = 55  # nine 32-bit numbers, the first is SK_MEMINFO_RMEM_ALLOC (include/uapi/linux/sock_diag.h)
# include/uapi/linux/rtnetlink.h, enum rtnetlink_groups: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR,
# IPV6_ROUTE, IPV6_RULE, NEXTHOP
GROUPS = (1, 5, 7, 8, 9, 11, 19, 32)

BUFFER = 64 << 20  # bytes; the kernel doubles it, and takes memory only for what is queued
LARGEST_BUFFER = 256 << 20
READ_AT_ONCE = 4000  # messages; when more are queued, a fresh dump is cheaper than decoding them
_DATAGRAM = 1 << 16
_QUEUED = 832  # bytes of the buffer that a small announcement takes, measured on Linux 6.18
_NAMES = 4096  # of links, the ones that have gone included


class LinuxDoorbell:
    """Reads the kernel's announcements and looks up their authors at once (host.port.Doorbell).

    The descriptor to wait on stays the same, also when the socket behind it has been opened anew.
    """

    def __init__(self, authors: Authors, now: Callable[[], Moment], buffer: int = BUFFER) -> None:
        """Join the groups; ``buffer`` is the socket's receive buffer in bytes, as far as the kernel grants it.

        Raises ObservationError where netlink can't be opened.
        """
        self._authors = authors
        self._now = now
        self._buffer = buffer
        self._datagram = bytearray(_DATAGRAM)
        try:
            self._socket = _joined(buffer)
        except OSError as error:
            raise ObservationError(f"the kernel gives no notice of changes: {error.strerror}") from error
        self._waiter = select.epoll()
        self._waiter.register(self._socket, select.EPOLLIN)
        self._names = dict(socket.if_nameindex())

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._waiter.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._waiter.close()
        self._socket.close()

    def read(self) -> Rings:
        """Read what is queued, or throw it away where it is too much; never blocks.

        What comes meanwhile may wait for the next reading. After an overrun the socket has been opened anew, its groups
        joined. Raises ObservationError where it can't be read any more.
        """
        drain = Drain(self._authors, self._now, self._names)
        drain.lost = self._backlog() > READ_AT_ONCE
        view = memoryview(self._datagram)
        while drain.lost or drain.messages < READ_AT_ONCE:
            try:
                size, sender = self._socket.recvfrom_into(self._datagram, 0, socket.MSG_TRUNC)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise ObservationError(f"the kernel's announcements can't be read: {error.strerror}") from error
                drain.lost = True  # the kernel threw messages away
                self._reopen()
                break
            if sender[0] != 0:
                continue  # not the kernel: any process with CAP_NET_ADMIN may write to our port
            if size > _DATAGRAM:
                drain.lost = True
                continue
            drain.take(bytes(view[:size]))
        if len(self._names) > _NAMES:
            self._names = dict(socket.if_nameindex())
        return drain.rings()

    def _backlog(self) -> int:
        """Estimate how many messages wait; 0 where the kernel doesn't say, before Linux 4.12."""
        with contextlib.suppress(OSError):
            answer = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)
            return messages.integer(answer[:4]) // _QUEUED
        return 0

    def _reopen(self) -> None:
        self._buffer = min(self._buffer * 2, LARGEST_BUFFER)
        try:
            fresh = _joined(self._buffer)
        except OSError:
            return  # no descriptor left, say; the old socket hears again as soon as it is empty (netlink_rcv_wake())
        self._waiter.register(fresh, select.EPOLLIN)
        self._socket.close()  # only now, so that no change goes unheard; it leaves the waiter by itself, epoll(7)
        self._socket = fresh


def _joined(buffer: int) -> socket.socket:
    """Open a socket with a buffer as large as granted, and join it to the groups the kernel has."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    opened.settimeout(0)
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)  # cut to net.core.rmem_max, without an error
    # An unbound socket hears nothing, and binding later would undo the memberships (netlink_bind() in af_netlink.c).
    bind_beside_pid(opened)
    for group in GROUPS:
        with contextlib.suppress(OSError):  # group 32 came with Linux 5.3; a poll sees what it would have told
            opened.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return opened
