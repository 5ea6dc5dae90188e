"""The doorbell: a netlink socket joined to the groups of links, addresses, routes, rules and nexthop objects.

It says that something may have changed and who asked for it, never what is true: the kernel announces no RTM_DELROUTE
for IPv4 routes that go with their link. So what comes too fast to be read is thrown away and reported as lost, and a
fresh dump follows. It decides nothing: whose change it was and what it means is for the core.
"""

from __future__ import annotations

import contextlib
import select
import socket
from struct import Struct
from typing import TYPE_CHECKING

from routewatch.core.model import LOCAL_TABLE, Change
from routewatch.errors import ObservationError
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.links import link_names
from routewatch.host.linux.rtnetlink.routes import RTM_F_CLONED, decode_route
from routewatch.host.linux.rtnetlink.rules import decode_rule
from routewatch.host.port import Rings

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from routewatch.core.model import Moment
    from routewatch.host.linux.authors import Authors

# include/uapi/linux/netlink.h
NETLINK_ROUTE = 0
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
SO_RCVBUFFORCE = 33  # include/uapi/asm-generic/socket.h; needs CAP_NET_ADMIN
# include/uapi/linux/rtnetlink.h, enum rtnetlink_groups: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR,
# IPV6_ROUTE, IPV6_RULE, NEXTHOP
GROUPS = (1, 5, 7, 8, 9, 11, 19, 32)

BUFFER = 64 << 20  # bytes; the kernel doubles it, and takes memory only for what is queued
LARGEST_BUFFER = 256 << 20
READ_AT_ONCE = 4000  # messages; past that a fresh dump is cheaper than decoding them
_DATAGRAM = 1 << 16
_NAMES = 4096  # of links, the ones that have gone included

_ACTIONS: dict[int, Literal["add", "delete"]] = {
    messages.RTM_NEWROUTE: "add",
    messages.RTM_DELROUTE: "delete",
    messages.RTM_NEWRULE: "add",
    messages.RTM_DELRULE: "delete",
}
_ROUTES = frozenset({messages.RTM_NEWROUTE, messages.RTM_DELROUTE})
_ROUTE_HEADER = Struct("=8BI")  # struct rtmsg: family, lengths, tos, table, protocol, scope, type, flags


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
        """Drain what is queued without blocking. After a loss the socket has been opened anew, groups joined."""
        drain = _Drain(self._authors, self._now, self._names)
        view = memoryview(self._datagram)
        while True:
            try:
                size, sender = self._socket.recvfrom_into(self._datagram, 0, socket.MSG_TRUNC)
            except BlockingIOError:
                break
            except OSError:  # ENOBUFS: the kernel threw messages away
                drain.lost = True
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

    def _reopen(self) -> None:
        self._buffer = min(self._buffer * 2, LARGEST_BUFFER)
        fresh = _joined(self._buffer)
        self._waiter.register(fresh, select.EPOLLIN)
        self._socket.close()  # only now, so that no change goes unheard; it leaves the waiter by itself, epoll(7)
        self._socket = fresh


class _Drain:
    """One draining of the queue, with what was learnt of it."""

    def __init__(self, authors: Authors, now: Callable[[], Moment], names: dict[int, str]) -> None:
        self._authors = authors
        self._now = now
        self._names = names  # kept up by the messages, and of links that have gone too
        self._changes: list[Change] = []
        self._links = False
        self._messages = 0
        self.lost = False

    def rings(self) -> Rings:
        return Rings(changes=tuple(self._changes), links=self._links, messages=self._messages, lost=self.lost)

    def take(self, datagram: bytes) -> None:
        if self._messages >= READ_AT_ONCE:
            self.lost = True
        if self.lost:
            self._messages += 1  # the kernel puts one announcement into a datagram
            return
        for message in messages.split(datagram):
            self._messages += 1
            if message.type in _ACTIONS:
                self._change(message)
                continue
            self._links = True
            if message.type == messages.RTM_NEWLINK:
                self._names.update(link_names([message.payload]))

    def _change(self, message: messages.Message) -> None:
        of_route = message.type in _ROUTES
        if of_route and _is_noise(message.payload):
            return
        at = self._now()
        change = Change(
            action=_ACTIONS[message.type],
            at=at,
            author=self._authors.author_of(message.pid, at),
            route=decode_route(message.payload, self._names) if of_route else None,
            policy_rule=None if of_route else decode_rule(message.payload, self._names),
        )
        self._changes.append(change)


def _is_noise(payload: bytes) -> bool:
    """Tell whether a route is one the kernel keeps for itself: of table local, or cached (cloned)."""
    if len(payload) < _ROUTE_HEADER.size:
        return True
    header = _ROUTE_HEADER.unpack_from(payload)
    return header[4] == LOCAL_TABLE or bool(header[8] & RTM_F_CLONED)


def _joined(buffer: int) -> socket.socket:
    """Open a socket with a buffer as large as granted, and join it to the groups the kernel has."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    opened.settimeout(0)
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)  # cut to net.core.rmem_max, without an error
    # An unbound socket hears nothing, and binding later would undo the memberships (netlink_bind() in af_netlink.c).
    opened.bind((0, 0))
    for group in GROUPS:
        with contextlib.suppress(OSError):  # group 32 came with Linux 5.3; a poll sees what it would have told
            opened.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return opened
