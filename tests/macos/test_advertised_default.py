"""A Mac's VPN took the IPv6 default that a router advertises: told as missing, and left to its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos.mac import Mac
from tests.macos.person import Person

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = "sudo ipconfig set en0 AUTOMATIC-V6"


def a_mac(folder: Path) -> tuple[Mac, Person]:
    mac = Mac(folder)
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    person = Person(mac)
    person.vouches()
    return mac, person


def test_a_lost_advertised_default_is_the_routers_to_bring_back(tmp_path: Path) -> None:
    mac, person = a_mac(tmp_path / "mac")
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    person.looks()
    mac.route("-n delete -inet6 default")
    person.looks()
    vpn.disconnects_cleanly()
    person.looks()
    person.gives_grace()

    [finding] = person.ask("status").document["findings"]
    assert (finding["verdict"], finding["route"]["gateway"]) == ("missing", "fe80::1")
    dry = person.ask("cleanup", "--dry-run")
    assert (dry.status, dry.commands) == (1, [])
    assert [each["rule"] for each in dry.document["refused"]] == ["advertised"]
    assert [each["command"] for each in dry.document["remarks"]] == [AGAIN]
    done = person.say("cleanup", "--yes")
    assert done.status == 1
    assert f"$ {AGAIN}" in done.out
    assert "a static copy would outlive the router" in done.out + done.err
    assert mac.rows("::/0") == ()

    mac.roam("192.168.7.0/24", router6="fe80::1")  # as IPConfiguration does it: the link is configured anew
    assert [row.flags for row in mac.rows("::/0")] == ["UGcg"]
    assert person.ask("status", "--check").status == 0
    assert person.ask("status").document["remarks"] == []


def test_it_is_missed_too_where_nobody_looked_between_its_loss_and_the_end_of_the_vpn(tmp_path: Path) -> None:
    mac, person = a_mac(tmp_path / "mac")
    vpn = mac.connect_utun(client="openvpn", server="203.0.113.9")
    person.looks()
    mac.route("-n delete -inet6 default")
    vpn.disconnects_cleanly()
    person.looks()
    person.gives_grace()

    assert person.findings_of_status() == {"::/0 en0": "gone-since-baseline"}
    assert [each["command"] for each in person.ask("status").document["remarks"]] == [AGAIN]
