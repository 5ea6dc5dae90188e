"""The doorbell reads a routing socket: who asked for what, and nothing of the noise."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Author, Moment
from routewatch.errors import ObservationError
from routewatch.host.macos import doorbell
from routewatch.host.macos.doorbell import RouteDoorbell
from routewatch.host.port import Rings
from tests import build

if TYPE_CHECKING:
    from collections.abc import Iterator

ADD, DELETE, MISS, IFINFO = 0x1, 0x2, 0x7, 0xE
UP, GATEWAY, DONE, STATIC = 0x1, 0x2, 0x40, 0x800
DST_GATEWAY_NETMASK = 0x7


def message(kind: int, pid: int = 71, errno: int = 0) -> bytes:
    """Make a message about 10.44/16 by 192.168.7.1, as rt_msghdr of xnu lays it out."""
    addresses = b"".join(
        (
            struct.pack("BBH4s8x", 16, 2, 0, bytes([10, 44, 0, 0])),
            struct.pack("BBH4s8x", 16, 2, 0, bytes([192, 168, 7, 1])),
            struct.pack("BBH4s", 6, 255, 0, bytes([255, 255, 0, 0])),
        )
    )
    flags = UP | GATEWAY | STATIC | (0 if errno else DONE)
    head = struct.pack("=HBBHxxiiiiiiI56x", 92 + len(addresses), 5, kind, 0, flags, 7, pid, 1, errno, 0, 0)
    return head + addresses


class Kernel:
    """The other end of the socket."""

    def __init__(self) -> None:
        self.end, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.asked: list[int] = []
        self.bell = RouteDoorbell(heard, self.author, self.now)

    def author(self, pid: int) -> Author:
        self.asked.append(pid)
        return Author(process=build.process(f"client[{pid}]"))

    def now(self) -> Moment:
        return build.moment(7.0)

    def says(self, *messages: bytes) -> None:
        for each in messages:
            self.end.send(each)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.bell.close()
    made.end.close()


def test_it_is_silent_as_long_as_nothing_happens(kernel: Kernel) -> None:
    assert kernel.bell.fileno() > 0
    assert kernel.bell.read() == Rings()


def test_a_change_is_told_with_who_asked_for_it(kernel: Kernel) -> None:
    kernel.says(message(ADD), message(DELETE, pid=72))
    rings = kernel.bell.read()

    assert [(c.action, c.route and c.route.destination, c.route and c.route.gateway) for c in rings.changes] == [
        ("add", "10.44.0.0/16", "192.168.7.1"),
        ("delete", "10.44.0.0/16", "192.168.7.1"),
    ]
    assert [change.author.process.pid for change in rings.changes if change.author.process] == [71, 72]
    assert (rings.messages, rings.links, rings.lost) == (2, False, False)


def test_who_asks_for_much_is_looked_up_once(kernel: Kernel) -> None:
    kernel.says(message(ADD), message(ADD, pid=72), message(ADD), message(DELETE))
    assert len(kernel.bell.read().changes) == 4
    assert kernel.asked == [71, 72]

    kernel.says(message(ADD))  # by now that number may be another's
    kernel.bell.read()
    assert kernel.asked == [71, 72, 71]


def test_failed_lookups_and_failed_requests_do_not_ring(kernel: Kernel) -> None:
    """Since macOS 26.4 each lookup that finds nothing is told to all."""
    kernel.says(message(MISS), message(DELETE, errno=3), b"", b"nonsense")
    assert kernel.bell.read() == Rings()


def test_a_link_that_changes_rings(kernel: Kernel) -> None:
    kernel.says(struct.pack("=HBBiiHxx96x", 112, 5, IFINFO, 0, UP, 4))
    rings = kernel.bell.read()
    assert (rings.links, rings.messages) == (True, 1)


def test_a_flood_is_a_loss(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "READ_AT_ONCE", 5)
    kernel.says(*[message(ADD)] * 6)
    assert kernel.bell.read().lost
    assert not kernel.bell.read().lost


def test_an_overrun_that_is_told_is_a_loss_and_the_end_of_nothing() -> None:
    """XNU drops without a word; a kernel that says so wants a fresh look."""

    class Overrun(socket.socket):
        def recv(self, *_: int) -> bytes:  # the answer of a kernel
            raise OSError(errno.ENOBUFS, "No buffer space available")

    with Overrun(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        bell = RouteDoorbell(heard, lambda _: Author(), lambda: build.moment(7.0))
        assert bell.read() == Rings(links=True, lost=True)


def test_a_buffer_that_is_refused_costs_the_doorbell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Darwin refuses more than kern.ipc.maxsockbuf (sbreserve()), where Linux grants what it may."""

    class Mac(socket.socket):
        def __init__(self, family: int, kind: int, protocol: int) -> None:
            assert (family, kind, protocol) == (17, socket.SOCK_RAW, 0)
            super().__init__(socket.AF_UNIX, socket.SOCK_DGRAM)

        def setsockopt(self, *_: int) -> None:  # type: ignore[override]  # as above
            raise OSError(errno.ENOBUFS, "No buffer space available")

    monkeypatch.setattr(socket, "socket", Mac)
    with doorbell.routing_socket() as opened:
        assert opened.fileno() > 0


def test_a_socket_that_broke_is_told(kernel: Kernel) -> None:
    kernel.bell.close()
    with pytest.raises(ObservationError, match="can't be read"):
        kernel.bell.read()
