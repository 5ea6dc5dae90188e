"""Traps of a machine that moved to another network, or slept: nothing of the old place or time is put back.

The R numbers are those of test_regressions.py.
"""

from __future__ import annotations

import pytest

from tests import build
from tests.scenarios.clients import OPENVPN, dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, ETH, HOME, LEFT_SERVER, RA_DEFAULT, SERVER, Story, cleans_exactly
from tests.scenarios.tunnels import TUN_DEFAULT, connects

EIGHT_HOURS = 8 * 3600.0


def roams(story: Story, address: str = "192.168.9.20/24", gateway: str = "192.168.9.1") -> None:
    """Let the machine come to another network on the same link."""
    eth = build.link("eth0 index 2 up carrier mac 02:00:00:00:00:02", address, "fe80::20/64")
    story.host.link_down("eth0")
    with story.by("NetworkManager[88]"):
        story.host.link_up(eth)
        story.add(f"default via {gateway} dev eth0 proto dhcp metric 100")
    story.meets(gateway, "02:00:00:00:09:01")
    story.wait(30)


@pytest.mark.parametrize("takes", [(), (DHCP_DEFAULT,)], ids=["def1", "without-def1"])
def test_r10_the_old_networks_default_is_never_put_back(takes: tuple[str, ...]) -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT if takes else "0.0.0.0/1 dev tun0"), takes=takes)
    roams(story)
    dies(story)

    assert story.missing() == {}
    assert not [step for step in story.plan().steps if step.action != "delete"]


def test_r10_not_even_where_the_new_network_has_no_default_and_a_gateway_of_the_same_address() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    story.meets("192.168.77.1", "02:00:00:00:99:01")
    story.wait(30)
    dies(story)

    assert story.missing() == {}
    assert not [step for step in story.plan().steps if step.action != "delete"]


def test_r10_back_on_the_first_network_its_own_default_may_come_back() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    roams(story)
    story.remove("default via 192.168.9.1 dev eth0 proto dhcp metric 100")
    story.host.link_down("eth0")
    story.host.link_up(ETH)
    story.meets("192.168.77.1", "02:00:00:00:00:01")
    story.wait(30)
    dies(story)

    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp": "certain"}


def test_r11_a_tunnels_gateway_is_no_default_to_go_back_to() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    connects(story, "tun1", 20)
    with story.by("openvpn[1020]"):
        story.remove(TUN_DEFAULT)
        story.add("default via 10.20.0.1 dev tun1")
    story.look()
    second = story.sessions[-1]
    assert second.baseline is not None
    assert story.baselines[second.baseline].tainted
    story.wait(120)
    dies(story, "tun1", leaving=(OPENVPN,))
    assert story.missing() == {}
    assert [step for step in story.plan().steps if step.action != "delete"] == []
    dies(story, "tun0")

    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp": "certain"}


def test_r21_a_vpn_that_dies_in_its_sleep_is_over_when_the_machine_wakes() -> None:
    story = Story()
    openvpn_connects(story)
    story.host.sleep(EIGHT_HOURS)
    story.runs()
    story.gone("tun0")
    story.look()
    assert story.left() == {LEFT_SERVER: "likely"}  # awake for a moment only: its client may be about to tear down
    story.wait(10)

    assert story.left() == {LEFT_SERVER: "certain"}
    cleans_exactly(story, *HOME)


def test_r21_a_vpn_that_sleeps_through_is_still_up() -> None:
    story = Story()
    openvpn_connects(story)
    story.host.sleep(EIGHT_HOURS)
    story.look()
    story.wait(10)

    assert (story.left(), story.missing(), story.plan().steps) == ({}, {}, ())
    assert [session.is_open for session in story.sessions] == [True]


def test_r21_a_leftover_that_slept_with_the_machine_is_still_one() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    story.host.sleep(EIGHT_HOURS)
    story.wait(10)

    assert story.left() == {LEFT_SERVER: "certain"}


@pytest.mark.parametrize("gateway", ["192.168.77.1", "192.168.77.254"])
def test_r21_a_link_that_flaps_at_waking_takes_a_leftover_along_and_nothing_is_put_back_for_it(gateway: str) -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    story.host.sleep(EIGHT_HOURS)
    story.host.link_down("eth0")
    story.look(settled=False)
    assert {step.action for step in story.plan().steps} == set()
    with story.by("NetworkManager[88]"):
        story.host.link_up(ETH)
        story.add(DHCP_DEFAULT.replace("192.168.77.1", gateway), RA_DEFAULT)
    story.wait(30)

    assert (story.left(), story.missing(), story.plan().steps) == ({}, {}, ())
