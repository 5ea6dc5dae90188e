"""What befalls the networks of a Mac beside its VPNs: virtual machines, a tethered telephone, sleep, another order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.live.waiting import until
from tests.macos.hardware import detach, present
from tests.macos.person import Person

if TYPE_CHECKING:
    from tests.macos.clients import Tunnel
    from tests.macos.mac import Mac

VM_NETWORK = "192.168.64.0/24"


@pytest.fixture
def person(mac: Mac) -> Person:
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    mac.system_utuns(2)
    person = Person(mac)
    person.vouches()
    return person


def connected(mac: Mac, person: Person) -> Tunnel:
    vpn = mac.connect_utun(client="openvpn", routes=["10.44.0.0/16"], server="203.0.113.9")
    person.looks()
    return vpn


def shut_down(mac: Mac, bridge: str) -> None:
    with mac.state() as machine:
        detach(machine, present(machine, bridge))


def plan(person: Person) -> list[str]:
    """Look once more when the clients had their time, and return the commands that would be run."""
    person.looks()
    person.gives_grace()
    return person.ask("cleanup", "--dry-run").commands


def test_a_vm_network_that_the_vpn_evicted_is_put_back_only_when_the_vpn_is_gone(mac: Mac, person: Person) -> None:
    bridge = mac.docker_bridge(VM_NETWORK)
    person.looks()
    vpn = connected(mac, person)
    mac.route(f"-n delete -net {VM_NETWORK}")
    assert plan(person) == []  # a client that evicts it would do so again

    vpn.disconnects_cleanly()
    assert plan(person) == [f"route -n add -inet -net {VM_NETWORK} -cloning -nostatic -interface {bridge}"]
    assert person.ask("cleanup", "--yes").status == 0
    assert [row.interface for row in mac.rows(VM_NETWORK)] == [bridge]
    assert person.ask("status", "--check").status == 0


def test_a_vm_network_whose_machines_were_shut_down_during_the_session_is_not_missed(mac: Mac, person: Person) -> None:
    bridge = mac.docker_bridge(VM_NETWORK)
    person.looks()
    vpn = connected(mac, person)
    shut_down(mac, bridge)
    person.looks()
    vpn.disconnects_cleanly()
    assert plan(person) == []
    assert person.findings_of_status() == {}


def test_a_default_that_is_only_scoped_since_the_vpn_is_put_back_unscoped_and_its_twin_stays(
    mac: Mac, person: Person
) -> None:
    vpn = connected(mac, person)
    vpn.deletes_the_default()
    mac.route("-n add -inet -ifscope en0 default 192.168.7.1")
    assert plan(person) == []
    vpn.disconnects_cleanly()

    assert plan(person) == ["route -n add -inet default 192.168.7.1"]
    assert person.ask("cleanup", "--yes").status == 0
    assert sorted("I" in row.flags for row in mac.rows("0.0.0.0/0")) == [False, True]


def test_what_a_client_refuses_by_the_loopback_is_its_leftover_on_a_mac(mac: Mac, person: Person) -> None:
    vpn = connected(mac, person)
    mac.route("-n add -net 10.98.0.0/16 127.0.0.1 -reject")
    person.looks()
    vpn.killed()
    assert sorted(plan(person)) == [
        "route -n delete -inet -net 10.98.0.0/16",
        "route -n delete -inet -net 203.0.113.9/32",
    ]


def test_a_day_of_a_mac_without_a_vpn_leaves_a_daemon_with_nothing_to_say(mac: Mac, person: Person) -> None:
    """Machines start and stop, a telephone is tethered, the order of the services turns round, the lid is closed."""

    def sees() -> None:
        looks = len(mac.calls("ifconfig"))
        until(lambda: len(mac.calls("ifconfig")) >= looks + 2)

    with person.daemon():
        bridge = mac.docker_bridge(VM_NETWORK)
        mac.plug_ethernet("172.20.10.0/28")
        sees()
        mac.swap_service_order()
        mac.private_relay_appears()
        sees()
        shut_down(mac, bridge)
        mac.unplug_ethernet()
        mac.leave_wifi()
        sees()
        mac.join_wifi("192.168.7.0/24", router6="fe80::1")
        sees()
        assert person.ask("status", "--check").status == 0
        assert person.ask("cleanup", "--dry-run").commands == []
    said = {json.loads(line)["event"] for line in (mac.folder / "run.log").read_text().splitlines()}
    assert said.isdisjoint({"orphaned", "missing", "session_opened", "not_observed", "cleaned"})
