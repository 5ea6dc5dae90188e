"""What a drained queue tells, from bytes as the kernel writes them."""

from __future__ import annotations

import os
import socket
import struct

from routewatch.core.model import Moment
from routewatch.host.linux.authors import Authors
from routewatch.host.linux.drain import Drain
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.processes import Processes

NEW, DELETE = messages.RTM_NEWROUTE, messages.RTM_DELROUTE
LOCAL, MAIN = 255, 254
CLONED = 0x200
NOW = Moment(wall=1.0, boot=2.0, monotonic=3.0)


def drain(names: dict[int, str] | None = None) -> Drain:
    return Drain(Authors(Processes(lambda _: False)), lambda: NOW, names if names is not None else {7: "wlan0"})


def message(kind: int, payload: bytes, port: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, port) + payload


def route(kind: int = NEW, table: int = MAIN, flags: int = 0, port: int = 0) -> bytes:
    header = struct.pack("=8BI", socket.AF_INET, 16, 0, 0, table, 3, 0, 1, flags)
    destination = messages.attribute(1, socket.inet_aton("10.9.0.0"))
    return message(kind, header + destination + messages.attribute(4, struct.pack("=I", 7)), port)


def link(kind: int, index: int, name: str) -> bytes:
    header = struct.pack("=BxHiII", 0, 1, index, 0, 0)
    return message(kind, header + messages.attribute(3, name.encode() + b"\0"))


def test_a_route_is_told_with_its_moment_and_author() -> None:
    queue = drain()
    queue.take(route(port=os.getpid()))
    queue.take(route(DELETE))

    first, second = queue.rings().changes
    assert first.route is not None
    assert (first.action, first.at, first.author.kind) == ("add", NOW, "routewatch")
    assert (first.route.destination, first.route.interface) == ("10.9.0.0/16", "wlan0")
    assert (second.action, second.author.kind) == ("delete", "kernel")


def test_the_kernels_own_bookkeeping_is_no_change() -> None:
    queue = drain()
    queue.take(route(table=LOCAL))
    queue.take(route(flags=CLONED))
    queue.take(message(NEW, b"\x02"))

    rings = queue.rings()
    assert (rings.changes, rings.messages, rings.links) == ((), 3, False)


def test_a_rule_is_told() -> None:
    queue = drain()
    header = struct.pack("=8BI", socket.AF_INET, 0, 0, 0, 52, 0, 0, 1, 0)
    queue.take(message(messages.RTM_NEWRULE, header + messages.attribute(6, struct.pack("=I", 5210))))

    rule = queue.rings().changes[0].policy_rule
    assert rule is not None
    assert (rule.priority, rule.table) == (5210, 52)


def test_links_addresses_and_nexthop_objects_ring_without_a_change() -> None:
    for kind in (messages.RTM_NEWLINK, messages.RTM_DELADDR, messages.RTM_DELNEXTHOP):
        queue = drain()
        queue.take(message(kind, bytes(16)))

        assert queue.rings().links
        assert queue.rings().changes == ()


def test_a_route_of_a_link_that_has_come_and_gone_meanwhile_bears_its_name() -> None:
    queue = drain({})
    queue.take(link(messages.RTM_NEWLINK, 7, "tun0"))
    queue.take(link(messages.RTM_DELLINK, 7, "tun0"))
    queue.take(route(DELETE))

    change = queue.rings().changes[0]
    assert change.route is not None
    assert change.route.interface == "tun0"


def test_a_datagram_may_hold_several_messages() -> None:
    queue = drain()
    queue.take(route() + route(DELETE))

    assert [change.action for change in queue.rings().changes] == ["add", "delete"]


def test_what_can_not_be_read_is_counted() -> None:
    queue = drain()
    queue.take(route())
    queue.lost = True
    queue.take(route())

    rings = queue.rings()
    assert (len(rings.changes), rings.messages, rings.lost) == (1, 2, True)
