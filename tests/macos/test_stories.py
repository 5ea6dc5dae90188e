"""What befalls a Mac, from the first look to the last command: real processes, on the stand-in's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.mac import Mac
from tests.macos.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.macos.installation import Seen


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    mac.system_utuns(4)
    return mac


@pytest.fixture
def person(mac: Mac) -> Person:
    person = Person(mac)
    person.vouches()
    return person


def lasting(mac: Mac) -> set[tuple[str, ...]]:
    """Return the rows without what comes and goes by itself, and without the word for their link."""
    rows = (row for row in mac.table() if not {"W", "L"} & {*row.flags})
    return {(row.destination, row.flags.rstrip("g"), row.interface) for row in rows}


def system_defaults(mac: Mac) -> list[Seen]:
    return [row for row in mac.rows("::/0") if row.interface in {"utun0", "utun1", "utun2", "utun3"}]


def test_dead_handed_utuns_have_taken_over_ipv6(mac: Mac, person: Person) -> None:
    """Two utuns that a disconnected client still holds open; those of the system have a default of their own each."""
    before = lasting(mac)
    one = mac.connect_utun(client="corpvpnd", address="10.8.0.6", peer="10.8.0.5")
    one.takes_over_inet6()
    two = mac.connect_utun(client="corpvpnd", pid=one.pid, address="10.9.0.6", peer="10.9.0.5")
    two.adds(f"-inet6 -ifscope {two.name} default -interface {two.name}")
    two.routes("2001:db8:40::/48")
    person.looks()
    assert len(person.sessions()) == 2
    one.keeps_its_utun_open()
    two.keeps_its_utun_open()
    person.looks()
    person.gives_grace()

    dry = person.ask("cleanup", "--dry-run")
    assert sorted(dry.commands) == [
        "route -n delete -inet6 -ifscope utun4 default",
        "route -n delete -inet6 -ifscope utun5 default",
        "route -n delete -inet6 -net 2001:db8:40::/48",
        "route -n delete -inet6 -net 8000::/1",
        "route -n delete -inet6 -net ::/1",
    ]
    assert {step["confidence"] for step in dry.document["steps"]} == {"likely"}  # who holds them is alive
    assert [each["ownership"] for each in person.ask("status").document["tunnels"]] == ["idle", "idle"]

    cleaned = person.ask("cleanup", "--yes")
    assert (cleaned.status, cleaned.document["remaining"]) == (0, 0)
    assert len(system_defaults(mac)) == 4
    assert lasting(mac) == before


def test_three_vpns_and_the_third_leaves_one_internet6_route(mac: Mac, person: Person) -> None:
    company = mac.connect_network_extension("Company", routes=["10.20.0.0/16"], server="198.51.100.20")
    person.looks()
    company.disconnects_cleanly()
    person.looks()
    assert person.ask("status", "--check").status == 0

    aws = mac.connect_utun(client="acvc-openvpn", routes=["10.30.0.0/16"], server="198.51.100.30")
    person.looks()
    aws.disconnects_cleanly()
    person.looks()
    assert person.ask("status", "--check").status == 0
    before = lasting(mac)

    local = mac.connect_utun(client="openvpn", routes=["10.40.0.0/16"], server="198.51.100.40")
    other = mac.connect_utun(client="openvpn", pid=local.pid, address="10.88.0.6", peer="10.88.0.5")
    mac.route("-n add -inet6 -net 2001:db8:77::/48 fe80::1%en0")  # which it forgets
    person.looks()
    local.disconnects_cleanly()
    other.disconnects_cleanly()
    person.looks()
    person.gives_grace()

    [finding] = person.ask("status").document["findings"]
    assert (finding["verdict"], finding["route"]["destination"]) == ("orphaned", "2001:db8:77::/48")
    [session] = [each for each in person.sessions() if each["id"] == finding["session"]]
    assert (session["client"], session["tunnel"]["name"]) == ("openvpn", local.name)
    cleaned = person.ask("cleanup", "--yes")
    assert cleaned.commands == ["route -n delete -inet6 -net 2001:db8:77::/48"]
    assert cleaned.status == 0
    assert lasting(mac) == before


def test_the_client_was_killed_and_the_wifi_roams_before_the_cleanup(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(
        client="openvpn",
        routes=["0.0.0.0/1", "128.0.0.0/1"],
        server="203.0.113.9",
        server_as_host=True,
        excludes=["192.0.2.0/24", "198.51.100.0/25"],
    )
    person.looks()
    vpn.killed()
    mac.roam("10.66.0.0/24")
    here = lasting(mac)
    person.looks()
    person.gives_grace()

    dry = person.ask("cleanup", "--dry-run")
    assert sorted(dry.commands) == [
        "route -n delete -inet -host 203.0.113.9",
        "route -n delete -inet -net 192.0.2.0/24",
        "route -n delete -inet -net 198.51.100.0/25",
    ]
    assert all("its gateway is out of reach" in step["because"] for step in dry.document["steps"])
    assert {step["undo"] for step in dry.document["steps"]} == {"conditional"}

    assert person.ask("cleanup", "--yes").status == 0
    left = {"203.0.113.9/32", "192.0.2.0/24", "198.51.100.0/25"}
    assert lasting(mac) == {row for row in here if row[0] not in left}
    assert not mac.calls("route") or all(call[2] == "delete" for call in mac.calls("route"))


def test_the_vpn_deleted_the_real_default(mac: Mac, person: Person) -> None:
    """A delete goes by destination: whatever the client named besides, the Wi-Fi's default went."""
    vpn = mac.connect_utun(client="openvpn", routes=["0.0.0.0/1", "128.0.0.0/1"], server="203.0.113.9")
    person.looks()
    vpn.deletes_the_default()
    person.looks()
    vpn.disconnects_cleanly()
    person.looks()
    person.gives_grace()

    dry = person.ask("cleanup", "--dry-run")
    assert dry.commands == ["route -n add -inet default 192.168.7.1"]
    [remark] = dry.document["remarks"]
    assert remark["command"] == "sudo ipconfig set en0 DHCP"
    assert "first thing to try" in remark["because"]
    assert "$ sudo ipconfig set en0 DHCP" in person.say("cleanup", "--dry-run").out

    assert person.ask("cleanup", "--yes").status == 0
    assert [row.interface for row in mac.rows("0.0.0.0/0")] == ["en0"]
    assert person.ask("status", "--check").status == 0


def test_a_renewed_lease_makes_the_restore_needless(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    person.looks()
    vpn.deletes_the_default()
    person.looks()
    vpn.disconnects_cleanly()
    mac.renew_dhcp()

    person.gives_grace()
    dry = person.ask("cleanup", "--dry-run")
    assert (dry.status, dry.commands, dry.document["remarks"]) == (0, [], [])


def test_on_another_network_no_default_of_the_old_one_is_restored(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    person.looks()
    vpn.deletes_the_default()
    person.looks()
    vpn.disconnects_cleanly()
    mac.roam("10.66.0.0/24")
    mac.route("-n delete -inet default")
    person.gives_grace()

    dry = person.ask("cleanup", "--dry-run")
    assert (dry.commands, dry.document["remarks"]) == ([], [])
    assert person.findings_of_status()["0.0.0.0/0 en0"] == "other-network"


def test_a_network_of_the_same_prefix_behind_another_router_is_another_one(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    person.looks()
    vpn.deletes_the_default()
    person.looks()
    vpn.disconnects_cleanly()
    mac.has_another_router_at("192.168.7.1")
    person.gives_grace()

    assert person.ask("cleanup", "--dry-run").commands == []
    assert person.findings_of_status()["0.0.0.0/0 en0"] == "other-network"


# ------------------------------------------------------------------------------------------- what is nobody's leftover


def test_what_macos_does_by_itself_is_no_finding(mac: Mac, person: Person) -> None:
    mac.private_relay_appears()
    mac.docker_bridge()
    mac.plug_ethernet("10.77.0.0/24")
    person.looks()
    mac.swap_service_order()
    mac.contacts("192.0.2.77")

    looked = person.looks()
    assert (looked.status, person.ask("cleanup", "--dry-run").commands) == (0, [])
    assert person.sessions() == []


def test_a_utun_that_another_vpn_has_taken_is_not_the_dead_ones(mac: Mac, person: Person) -> None:
    first = mac.connect_utun(client="openvpn", routes=["10.40.0.0/16"])
    person.looks()
    first.killed()
    again = mac.connect_utun(client="wireguard-go", routes=["10.50.0.0/16"], address="10.9.0.6")
    assert again.name == first.name
    person.looks()

    assert person.ask("cleanup", "--dry-run").commands == []
    assert [each["closed"] is None for each in person.sessions()] == [True, False]


def test_a_default_through_the_loopback_is_found_and_left_to_who_sets_it(mac: Mac, person: Person) -> None:
    """configd sets it from a service's router: deleted by hand, it would come back."""
    mac.route("-n delete -inet default")
    mac.route("-n add -inet default 127.0.0.1")
    mac.route("-n add -inet -ifscope en0 default 192.168.7.1")
    person.looks()

    dry = person.ask("cleanup", "--dry-run")
    assert dry.status == 1
    assert "set-again" in {each["rule"] for each in dry.document["refused"]}
    assert all("delete" not in command for command in dry.commands)
    assert any("scutil" in remark["command"] for remark in dry.document["remarks"])


def test_who_is_logged_in_over_a_leftover_keeps_his_way(mac: Mac, person: Person) -> None:
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    mac.route("-n add -net 198.51.100.0/24 192.168.7.1")
    person.looks()
    vpn.killed()
    mac.route("-n delete -inet default")
    mac.is_logged_in_to("198.51.100.7")
    person.looks()
    person.gives_grace()

    refused = person.ask("cleanup", "--dry-run", "--no-restore").document["refused"]
    assert {each["route"]["destination"]: each["rule"] for each in refused}["198.51.100.0/24"] == "remote-login"
