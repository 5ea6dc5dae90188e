"""The doorbell: a routing socket (PF_ROUTE, route(4)), which any user may open and listen to.

It tells that something may have changed and who asked for it, never what is true: the routes of a destroyed link go
without a word, and a full buffer drops messages without one. So the poll goes on beside it.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from routewatch.core.model import Change
from routewatch.errors import ObservationError
from routewatch.host.macos import rtmsg
from routewatch.host.port import Rings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routewatch.core.model import Author, Moment

AF_ROUTE = 17  # bsd/sys/socket.h; Python's own name means AF_NETLINK on Linux
BUFFER = 1 << 20  # bytes of the receive buffer; more than kern.ipc.maxsockbuf is refused, and never cut down to it
READ_AT_ONCE = 4000  # messages; when more are queued, a fresh look is cheaper
MESSAGE = 1 << 14  # bytes, more than any message has


def routing_socket() -> socket.socket:
    """Open the socket that hears all changes of both families. Raises ObservationError."""
    try:
        opened = socket.socket(AF_ROUTE, socket.SOCK_RAW, 0)
    except OSError as error:
        raise ObservationError(f"the kernel gives no notice of changes: {error.strerror}") from error
    with suppress(OSError):  # ENOBUFS: it listens with the buffer it has
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    return opened


class RouteDoorbell:
    """Reads what the routing socket tells (host.port.Doorbell)."""

    def __init__(self, heard: socket.socket, author: Callable[[int], Author], now: Callable[[], Moment]) -> None:
        """Listen to this socket; ``author`` looks up at once who a process is."""
        heard.settimeout(0)
        self._socket = heard
        self._author = author
        self._now = now

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def read(self) -> Rings:
        """Read what is queued; never blocks. Raises ObservationError where it can't be read any more."""
        changes: list[Change] = []
        links, messages = False, 0
        names = _names()
        authors: dict[
            int, Author
        ] = {}  # a client's hundred routes come at once, and a look at its ancestors takes time
        for _ in range(READ_AT_ONCE):
            try:
                data = self._socket.recv(MESSAGE)
            except BlockingIOError:
                return Rings(changes=tuple(changes), links=links, messages=messages)
            except OSError as error:
                if (
                    error.errno == errno.ENOBUFS
                ):  # XNU drops without a word (raw_input(), bsd/net/raw_usrreq.c); BSDs tell
                    break
                raise ObservationError(f"the routing socket can't be read: {error.strerror}") from error
            told = rtmsg.read(data, names)
            links = links or told.links
            # What says nothing of a route or link is noise: since macOS 26.4 each failed lookup rings.
            messages += bool(told.links or told.heard)
            changes += (self._change(heard, authors) for heard in told.heard)
        return Rings(changes=tuple(changes), links=True, messages=messages, lost=True)

    def _change(self, heard: rtmsg.Heard, authors: dict[int, Author]) -> Change:
        if heard.pid not in authors:
            authors[heard.pid] = self._author(heard.pid)
        return Change(action=heard.action, at=self._now(), author=authors[heard.pid], route=heard.route)


def _names() -> Mapping[int, str]:
    return dict(socket.if_nameindex())
