"""A cleanup on a Mac that is to be confirmed: the process that waits is a real one, the programs are the stand-in's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.arming import armed_lock
from routewatch.store.locks import holder
from tests.live.waiting import until
from tests.macos.person import Person

if TYPE_CHECKING:
    from tests.macos.mac import Mac

LEFT = "203.0.113.9/32"


def test_what_is_not_confirmed_in_time_is_undone_and_what_is_stays(mac: Mac) -> None:
    mac.system_utuns(2)
    person = Person(mac)
    person.vouches()
    vpn = mac.connect_utun(client="openvpn", routes=["0.0.0.0/1", "128.0.0.0/1"], server="203.0.113.9")
    person.looks()
    vpn.killed()
    person.looks()
    person.gives_grace()
    before = set(mac.table())

    assert person.ask("cleanup", "--yes", "--confirm-within", "2s").document["changed"] is True
    until(lambda: set(mac.table()) == before)
    until(lambda: holder(person.state, armed_lock(1)) is None)
    assert person.ask("confirm").status == 1

    assert person.ask("cleanup", "--yes", "--confirm-within", "10m").document["changed"] is True
    assert person.ask("confirm").status == 0
    until(lambda: holder(person.state, armed_lock(3)) is None)
    assert mac.rows(LEFT) == ()
