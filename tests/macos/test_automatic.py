"""``automatic = "certain"`` on a Mac: the service alone takes what is certain, and only that, and can be taken back.

The daemon's own watchman, on the stand-in's programs; who made a change is told as the routing socket tells it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.cli import main
from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.commands.watchman import Watchman
from routewatch.core.model import Author, Change, Moment
from routewatch.host.macos.kernel import MacHost
from routewatch.host.macos.programs import Paths
from routewatch.host.port import Rings
from routewatch.log import configure, get_logger
from tests.macos.leavings import left_there
from tests.macos.person import Person
from tests.macos.programs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.macos.mac import Mac

CERTAIN, LIKELY = "203.0.113.9/32", "2001:db8:77::/48"


class HostOfTomorrow(MacHost):
    """The Mac's host, whose clocks a test puts forward."""

    ahead = 0.0

    def now(self) -> Moment:
        now = super().now()
        return replace(
            now, boot=now.boot + self.ahead, monotonic=now.monotonic + self.ahead, wall=now.wall + self.ahead
        )


class Watched:
    """A daemon's watchman, told when to look."""

    def __init__(self, host: HostOfTomorrow, watchman: Watchman) -> None:
        self.host, self.watchman = host, watchman

    def looks(self, *by_client: str, after: float = 0.0) -> None:
        """Let time pass, and look at the table at rest; the utun's holder is heard to add ``by_client``."""
        self.host.ahead += after
        seen = self.host.observe()
        client = next((link.owner for link in seen.links if link.kind == "utun" and link.owner), None)
        at = self.host.now()
        rows = [route for route in seen.routes.values() if route.destination in by_client]
        author = Author(kind="process", process=client)
        self.watchman.hear(Rings(changes=tuple(Change(at=at, action="add", route=row, author=author) for row in rows)))
        snapshot = self.watchman.observe()
        assert snapshot is not None
        self.watchman.follow(snapshot, settled=True)


@contextmanager
def service(person: Person) -> Iterator[Watched]:
    host = HostOfTomorrow(Paths(**{name: str(person.mac.folder / name) for name in PROGRAMS}))  # type: ignore[arg-type]  # paths all of them
    context = Context(Options(config=str(person.configuration), state_dir=str(person.state)), host)
    configure(0, color=False)
    with context.store() as store:
        yield Watched(host, Watchman(context, store, get_logger()))


@pytest.fixture
def person(mac: Mac) -> Person:
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    mac.system_utuns(2)
    person = Person(mac)
    person.configuration.write_text('automatic = "certain"\n' + person.configuration.read_text())
    person.vouches()
    return person


def connects_and_is_killed(mac: Mac, daemon: Watched) -> None:
    """Let a client come that is heard to add the way to its server, and leave that and one nobody was heard to add."""
    daemon.looks()
    daemon.looks(after=20)
    vpn = mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"], server="203.0.113.9")
    daemon.looks(CERTAIN, "10.44.0.0/16")
    mac.route("-n add -inet6 -net 2001:db8:77::/48 fe80::1%en0")
    daemon.looks(after=20)
    vpn.killed()
    daemon.looks()
    assert mac.calls("route") == []


def test_what_is_certain_goes_by_itself_what_is_likely_waits_and_what_comes_back_stays(
    mac: Mac, person: Person
) -> None:
    with service(person) as daemon:
        connects_and_is_killed(mac, daemon)
        daemon.looks(after=20)
        assert left_there(mac) == {LIKELY}
        assert [call[1:] for call in mac.calls("route")] == [["-n", "delete", "-inet", "-net", CERTAIN]]

        mac.route("-n add -net 203.0.113.9/32 192.168.7.1")  # somebody wants it
        daemon.looks(after=5)
        daemon.looks(after=20)
        assert left_there(mac) == {CERTAIN, LIKELY}
        assert len(mac.calls("route")) == 1


def test_what_went_by_itself_is_in_the_journal_and_can_be_taken_back(mac: Mac, person: Person) -> None:
    with service(person) as daemon:
        connects_and_is_killed(mac, daemon)
        daemon.looks(after=20)
        assert left_there(mac) == {LIKELY}
        common = ["--config", str(person.configuration), "--state-dir", str(person.state)]
        assert main(["undo", *common], host=daemon.host) == 0
        assert left_there(mac) == {CERTAIN, LIKELY}
        assert main(["undo", *common], host=daemon.host) == 2
