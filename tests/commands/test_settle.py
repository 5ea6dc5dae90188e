"""Waiting for a table to rest where no doorbell rings: two looks that are alike, or the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.settle import Rest, look_settled
from routewatch.host.memory import MemoryHost
from tests import build

if TYPE_CHECKING:
    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot

LAN = build.route("192.168.1.0/24 dev eth0 proto kernel")
REST = Rest(quiet=0.001, limit=5.0)


class Silent(MemoryHost):
    """A machine without a doorbell, whose table changes before each of the first looks; each takes a second."""

    def __init__(self, changes: int) -> None:
        super().__init__([LAN], links=[build.link("eth0 index 2 up carrier", "192.168.1.2/24")])
        self.looks = 0
        self._changes = changes

    def doorbell(self) -> None:  # type: ignore[override]  # what a host may answer, and this one never does
        """Give none."""

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        self.looks += 1
        self.advance(1.0)
        if self.looks <= self._changes:
            self.add(build.route(f"10.{self.looks}.0.0/16 via 192.168.1.7 dev eth0"))
        return super().observe(also)


def test_a_table_rests_that_is_the_same_at_two_looks() -> None:
    host = Silent(changes=0)
    assert look_settled(host, REST).settled
    assert host.looks == 2


def test_a_table_that_changes_is_looked_at_until_it_rests() -> None:
    host = Silent(changes=3)
    sight = look_settled(host, REST)
    assert (sight.settled, host.looks, len(sight.snapshot.routes)) == (True, 4, 4)


def test_a_table_that_never_rests_is_said_to_move() -> None:
    sight = look_settled(Silent(changes=100), REST)
    assert not sight.settled
