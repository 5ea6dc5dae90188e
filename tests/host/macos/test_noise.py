"""Since macOS 26.4 each lookup that finds nothing rings: many times a second, on a host without an IPv6 default."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from routewatch.commands.settle import Rest, look_settled
from routewatch.core.model import Author
from routewatch.host import clocks
from routewatch.host.macos.doorbell import RouteDoorbell
from routewatch.host.memory import MemoryHost
from tests import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Moment

MISS, IFINFO = 0x7, 0xE
FAILED_LOOKUP = struct.pack("=HBBHxxiiiii64x", 92, 5, MISS, 0, 0x1, 0, 0, 0, 0)
LINK_CHANGED = struct.pack("=HBBiiHxx96x", 112, 5, IFINFO, 0, 0x1, 4)
REST = Rest(quiet=0.2, limit=1.0)


class Mac(MemoryHost):
    """A host whose routing socket says the same thing all the time."""

    def __init__(self, message: bytes) -> None:
        super().__init__([], links=[build.link("en0 index 4 up carrier", "192.168.7.57/24")])
        self._end, self._heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.settimeout(0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._says, args=(message,))
        self._thread.start()

    def _says(self, message: bytes) -> None:
        while not self._over.wait(0.02):
            with suppress(BlockingIOError):
                self._end.send(message)

    def now(self) -> Moment:
        return clocks.now()

    def doorbell(self) -> RouteDoorbell:  # type: ignore[override]  # a Mac's, where the memory's own is expected
        return RouteDoorbell(self._heard.dup(), lambda _: Author(), self.now)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._end.close()
        self._heard.close()


@pytest.fixture(params=[FAILED_LOOKUP])
def mac(request: pytest.FixtureRequest) -> Iterator[Mac]:
    made = Mac(request.param)
    yield made
    made.close()


def test_a_table_rests_whatever_lookups_fail(mac: Mac) -> None:
    began = clocks.now().monotonic

    assert look_settled(mac, REST).settled
    assert clocks.now().monotonic - began < REST.limit


@pytest.mark.parametrize("mac", [LINK_CHANGED], indirect=True)
def test_links_that_change_all_the_time_are_no_rest(mac: Mac) -> None:
    assert not look_settled(mac, REST).settled
