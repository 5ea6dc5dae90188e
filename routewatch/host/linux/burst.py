"""The rows of a route table, read once for many steps in a row: kept as long as nobody else has changed anything.

A witness listens to all that the kernel announces. Our own deletes are applied to what was kept; after any other word
everything is read anew. This module changes nothing, and doesn't know what the rows are wanted for.
"""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING

from routewatch.errors import ObservationError
from routewatch.host.linux import siblings
from routewatch.host.linux.doorbell import GROUPS, NETLINK_ADD_MEMBERSHIP, NETLINK_ROUTE, SOL_NETLINK
from routewatch.host.linux.port_ids import bind_beside_pid
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.routes import RouteCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.host.linux.dumps import RequestSocket
    from routewatch.host.linux.request import Request

NEXTHOP_GROUP = 32  # since Linux 5.3; without it there are no nexthop objects that could go
LIFETIME = 2.0  # seconds; should a kernel change something without any word, it is seen after that
DATAGRAM = 65536


class Burst:
    """The rows beside one route after the other."""

    def __init__(self, requests: RequestSocket, port: Callable[[], int]) -> None:
        """Read through this socket; ``port`` tells the port id of the socket that writes, 0 while there is none."""
        self._requests = requests
        self._port = port
        self._kept: dict[tuple[int, int], _Kept] = {}
        self._began = 0.0
        self._witness: socket.socket | None = None
        self._owed = 0  # announcements of our own deletes that must come

    def rows_beside(self, wanted: Request) -> list[Request]:
        """Return the rows of the same key, in the kernel's order (see siblings.rows_beside, and what it raises).

        They are no older than the last thing that somebody else did.
        """
        if not wanted.is_route:
            return siblings.rows_beside(wanted, self._requests)
        is_quiet = self._is_quiet()
        if not is_quiet:
            self._kept.clear()
        # Rows read right after somebody's word are not kept: the kernel announces that an address or a nexthop object
        # goes before it takes the routes with it (__inet_del_ifa() in net/ipv4/devinet.c, remove_nexthop() in
        # nexthop.c). Our next write waits for the lock that is held meanwhile, so what is read after that is whole.
        # The first look of all isn't kept either: nobody listened before, and for a single step it isn't worth it.
        where = (wanted.family, wanted.attributes["RTA_TABLE"])
        if where not in self._kept:
            chunks = siblings.table_of(wanted, self._requests)
            if not is_quiet:
                return siblings.routes_among(wanted, siblings.routes_with(wanted, chunks), _names())
            self._began = self._began if self._kept else monotonic()
            self._kept[where] = _Kept(chunks)
        return self._kept[where].beside(wanted)

    def went(self, wanted: Request) -> None:
        """Take note that the kernel has deleted this row for us: one announcement of it is ours."""
        self._owed += 1
        kept = self._kept.get((wanted.family, wanted.attributes["RTA_TABLE"])) if wanted.is_route else None
        if kept is not None and not kept.without(wanted):
            self._kept.clear()

    def forget(self) -> None:
        """Let go what is kept, and stop listening: the steps are over, or one went otherwise than the rows said."""
        self._kept.clear()
        self._owed = 0
        if self._witness is not None:
            self._witness.close()
            self._witness = None

    def _is_quiet(self) -> bool:
        """Tell whether nothing was announced since the last call but deletes of ours, each as often as it must be."""
        if self._witness is None:
            self._witness = _listening()
            self._owed = 0
            return False
        if monotonic() - self._began > LIFETIME:
            self._kept.clear()
        heard, others = _heard(self._witness, self._port())
        is_quiet = heard == self._owed and not others
        self._owed = 0
        return is_quiet


class _Kept:
    """One table's rows by what a dump's row begins with: family, lengths, type of service, and the destination."""

    def __init__(self, chunks: tuple[bytes, ...]) -> None:
        self._names = _names()
        self._rows: dict[bytes, list[bytes]] = {}
        beginning, rows = siblings.beginning, self._rows
        for payload in RouteCodec(self._names).split(chunks):
            rows.setdefault(beginning(payload), []).append(payload)

    def beside(self, wanted: Request) -> list[Request]:
        return siblings.routes_among(wanted, self._rows.get(siblings.beginning_of(wanted), []), self._names)

    def without(self, wanted: Request) -> bool:
        """Drop the only row of its destination; False where there are several: which one it was isn't worked out."""
        return len(self._rows.pop(siblings.beginning_of(wanted), ())) == 1


def _names() -> dict[int, str]:
    return dict(socket.if_nameindex())


def _listening() -> socket.socket:
    """Open a socket that hears all that can change routes. Raises ObservationError."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    try:
        opened.settimeout(0)
        bind_beside_pid(opened)
        for group in GROUPS:
            _join(opened, group)
    except OSError as error:
        opened.close()
        raise ObservationError(f"the kernel gives no notice of changes: {error.strerror}") from error
    return opened


def _join(witness: socket.socket, group: int) -> None:
    try:
        witness.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    except OSError:
        if group != NEXTHOP_GROUP:
            raise


def _heard(witness: socket.socket, port: int) -> tuple[int, bool]:
    """Drain the witness: count the deletes of the socket with this port id, and tell whether anything else came."""
    own, others = 0, False
    while True:
        try:
            datagram, sender = witness.recvfrom(DATAGRAM)
        except BlockingIOError:
            return own, others
        except OSError:  # ENOBUFS: there were more than the queue holds
            others = True
            continue
        if sender[0] != 0:
            continue  # not from the kernel: any process with CAP_NET_ADMIN may write to our port
        for message in messages.split(datagram):
            is_delete = message.type in {messages.RTM_DELROUTE, messages.RTM_DELRULE}
            if is_delete and message.pid == port != 0:
                own += 1
            else:
                others = True
