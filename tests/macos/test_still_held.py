"""A utun that a client keeps open with its address: whether it is connected nobody can see, and that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos.mac import Mac
from tests.macos.person import Person

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_of_a_utun_that_its_client_still_holds_are_left_alone_and_a_person_is_told_why(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    person = Person(mac)
    person.vouches()
    vpn = mac.connect_utun(client="corpvpnd", address="10.8.0.6", peer="10.8.0.5")
    vpn.takes_over_inet6()
    person.looks()
    person.gives_grace()

    doubt = f"{vpn.name} is still held by corpvpnd (pid {vpn.pid}), which may be connected"
    came = person.ask("diff").document["added"]
    told = {each["because"] for each in came if each["rule"] == "owner-alive"}
    assert told == {doubt}
    assert f"\n  {doubt}\n" in person.say("status", "-v").out
    dry = person.say("cleanup", "--dry-run", "-v")
    assert dry.status == 0
    assert dry.out.count(doubt) == 3
    assert doubt not in person.say("cleanup", "--dry-run").out

    vpn.keeps_its_utun_open()
    person.looks()
    assert doubt not in person.say("status", "-v").out
    assert len(person.ask("cleanup", "--dry-run").commands) == 3
