"""The default is gone, and nobody had looked before: configd still knows its router."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.person import Person

if TYPE_CHECKING:
    from tests.macos.mac import Mac


@pytest.fixture
def person(mac: Mac) -> Person:
    return Person(mac)


def test_installed_after_the_damage_it_finds_the_default_that_a_dead_vpn_took(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    mac.route("-n delete -inet default")
    mac.route(f"-n add -inet default -interface {vpn.name}")
    vpn.killed()
    assert not mac.rows("0.0.0.0/0")

    person.looks()
    dry = person.ask("cleanup", "--dry-run")
    assert "route -n add -inet default 192.168.7.1" in dry.commands
    assert "$ sudo ipconfig set en0 DHCP" in person.say("cleanup", "--dry-run").out

    person.ask("cleanup", "--yes")
    assert [(row.gateway, row.interface) for row in mac.rows("0.0.0.0/0")] == [("192.168.7.1", "en0")]
    assert person.ask("cleanup", "--dry-run").commands == []


def test_a_mac_without_a_network_misses_nothing(mac: Mac, person: Person) -> None:
    mac.leave_wifi()
    person.looks()

    assert person.ask("cleanup", "--dry-run").commands == []
