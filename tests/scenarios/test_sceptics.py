"""False beliefs that a sceptical network engineer tried to make us act on. In each, a good route stays."""

from __future__ import annotations

import pytest

from routewatch.core.tunnels import ownership
from tests import build
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, LEFT_SERVER, SERVER, Story

TUN = "tun3 kind tun index 9 up carrier point_to_point"


@pytest.mark.parametrize("holder", ["sshd[700]", "python3[700]"])
def test_a_namesake_of_whoever_holds_a_tun_is_not_its_client(holder: str) -> None:
    story = Story()
    story.runs(holder)
    with story.by(holder):
        story.up(f"{TUN} owner {holder}", "192.168.50.1/24")
    story.wait(30)
    with story.by("ip[801]", f"{holder.partition('[')[0]}[800]"):
        story.add("203.0.113.99 via 192.168.77.1 dev eth0")
    story.look()
    story.runs()
    story.gone("tun3")
    story.wait(30)
    assert story.left() == {}


def test_what_an_unknown_hand_put_on_a_tun_is_never_taken_unattended() -> None:
    story = Story()
    story.runs("qemu-system-x86[700]")
    with story.by("qemu-system-x86[700]"):
        story.up(f"{TUN} persistent owner qemu-system-x86[700]", "192.168.50.1/24")
    story.look()
    story.heard = False
    story.add("10.66.0.0/16 via 192.168.50.2 dev tun3")
    story.look()
    story.heard = True
    story.runs()
    story.die("tun3")
    story.look()
    story.wait(30)
    assert "certain" not in story.left().values()


@pytest.mark.parametrize(
    "rule",
    [
        "900: from all fwmark 0x80000 lookup 100",
        "900: from all fwmark 0xca6c lookup main",
        "900: from all fwmark 0x1bd00 lookup 200",
        "100: from all iif wlan9 blackhole",
    ],
)
def test_a_mark_or_a_priority_alone_is_nobodys_signature(rule: str) -> None:
    story = Story(quiet=0)
    story.add(rule, "default via 192.168.77.1 dev eth0 table 100", "default via 192.168.77.1 dev eth0 table 200")
    story.wait(600)
    assert story.left() == {}


def test_a_client_that_made_its_tunnel_anew_still_holds_it() -> None:
    holder = build.process("openvpn[1234]")
    now = build.snapshot(links=(build.link("corp0 kind tun index 12 up carrier owner openvpn[1234]"),))
    assert ownership(None, holder, (), now) == "holding"


def test_a_default_into_an_idle_tunnel_in_a_table_of_its_own_is_a_kill_switch() -> None:
    story = Story(quiet=0)
    story.up("tun5 kind tun index 15 up persistent point_to_point")
    story.add("default dev tun5 table 100 scope link", "500: from all fwmark 0x1 lookup 100")
    story.wait(600)
    assert story.left() == {}


def test_a_second_uplink_that_was_there_before_has_not_taken_the_place_of_the_first() -> None:
    second = "default via 192.168.78.1 dev eth1 metric 600"
    story = Story()
    story.up("eth1 index 4 up carrier mac 02:00:00:00:00:04", "192.168.78.2/24")
    story.add(second)
    story.take_baseline()
    story.wait(600)
    story.take_baseline()
    openvpn_connects(story, adds=(SERVER,), takes=(DHCP_DEFAULT,))
    dies(story)
    assert story.missing().keys() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp"}


def test_a_leftover_stays_one_however_many_sessions_come_after_it() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    for number in range(60):
        with story.by("ip[900]", "bash[899]"):
            story.up(f"tun9 kind tun index {100 + number} up carrier point_to_point", "10.77.0.2/32")
        story.wait(30)
        story.gone("tun9")
        story.wait(700)
    assert story.left() == {LEFT_SERVER: "certain"}
