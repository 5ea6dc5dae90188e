"""One consistent look made of several dumps, whatever changes while they are taken."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from routewatch.host.linux.dumps import Dump, RequestSocket
from routewatch.host.linux.reading import read_tables
from routewatch.host.linux.rtnetlink import messages
from tests.live.zoo import WIRES, ZOO, change_a_route

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live


def twice() -> tuple[bool, bool]:
    with RequestSocket() as requests:
        first, second = read_tables(requests), read_tables(requests)
    return first.routes.same_bytes(second.routes), len(first.routes) > 0


def test_an_unchanged_table_comes_in_the_same_bytes(namespace: Namespace) -> None:
    namespace.run_all(WIRES + ZOO.replace("expires 1800", ""))

    assert namespace.call(twice) == (True, True)


class RestlessSocket(RequestSocket):
    """A request socket in whose company somebody changes an IPv6 route during route dumps, a number of times."""

    changes = 0
    taken = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        dump = super().dump(kind, family, body)
        if kind == messages.RTM_GETROUTE:
            self.taken += 1
            if self.changes > 0:
                self.changes -= 1
                change_a_route(socket.if_nametoindex("v0"), self.changes)
        return dump


def read_while_changing(changes: int) -> tuple[bool, tuple[str, ...], int]:
    with RestlessSocket() as requests:
        requests.changes = changes
        reading = read_tables(requests)
        return reading.complete, reading.unsure, requests.taken


def test_a_family_that_changes_whenever_it_is_read_is_unsure_and_only_that(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(read_while_changing, 100) == (True, ("inet6",), 6)


def test_a_family_that_changed_once_is_read_again(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(read_while_changing, 1) == (True, (), 4)


class LinkMakingSocket(RequestSocket):
    """A request socket in whose company a link is made whenever rules are read."""

    made = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        if kind == messages.RTM_GETRULE and family == messages.AF_INET:
            self.made += 1
            subprocess.run(["ip", "link", "add", f"ifb{self.made}", "type", "ifb"], check=True)
        return super().dump(kind, family, body)


def read_while_links_come() -> bool:
    with LinkMakingSocket() as requests:
        return read_tables(requests).complete


def test_a_reading_in_which_the_links_changed_is_not_complete(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert not namespace.call(read_while_links_come)


class InterruptedSocket(RequestSocket):
    """A request socket to which the kernel says of rule dumps, a number of times, that they were interrupted."""

    times = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        dump = super().dump(kind, family, body)
        if kind == messages.RTM_GETRULE and self.times > 0:
            self.times -= 1
            return Dump(dump.chunks, interrupted=True)
        return dump


def read_interrupted(times: int) -> bool:
    with InterruptedSocket() as requests:
        requests.times = times
        return read_tables(requests).complete


def test_an_interrupted_reading_is_taken_again_and_incomplete_if_it_stays_so(namespace: Namespace) -> None:
    assert namespace.call(read_interrupted, 2)
    assert not namespace.call(read_interrupted, 100)
