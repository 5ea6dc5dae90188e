"""Rulings that once said too much: each story has a row that is left alone, and its neighbour that is still found."""

from __future__ import annotations

from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import DOCKER, HOME, LAN, LEFT_SERVER, Story

INTO_BRIDGE = "default dev br-lab scope link"


def test_a_default_into_a_bridge_is_an_uplink_of_its_owners_making_where_it_is_the_only_one() -> None:
    story = Story((INTO_BRIDGE, DOCKER, LAN), quiet=0)
    story.wait(600)
    assert (story.left(), story.missing(), story.plan().steps) == ({}, {}, ())


def test_a_default_into_a_bridge_beside_one_that_names_a_router_is_found() -> None:
    story = Story((*HOME, INTO_BRIDGE), quiet=0)
    story.wait(600)
    assert story.left() == {"0.0.0.0/0 dev br-lab": "likely"}
    assert story.rulings()["0.0.0.0/0 dev br-lab"] == "container-default"


def test_a_default_through_the_loopback_in_a_table_of_its_own_is_a_transparent_proxys() -> None:
    """What a mark picks out is handed to a socket of this machine, which is how TPROXY is set up."""
    for default in ("local default dev lo table 100", "default dev lo table 100 scope link"):
        story = Story((*HOME, default, "500: from all fwmark 0x1 lookup 100"), quiet=0)
        story.wait(600)
        assert (story.left(), story.uncertain(), story.plan().steps) == ({}, set(), ())


def test_a_default_through_the_loopback_in_the_main_table_is_found() -> None:
    story = Story((*HOME, "default dev lo scope link"), quiet=0)
    story.wait(600)
    assert story.left() == {"0.0.0.0/0 dev lo": "likely"}
    assert story.rulings()["0.0.0.0/0 dev lo"] == "loopback-default"


def test_what_somebody_puts_on_the_loopback_while_a_vpn_connects_is_not_the_vpns() -> None:
    """Nobody heard who it was. A route over the router that came with it is taken for the client's, as it was."""
    story = Story(heard=False)
    anycast = "10.99.0.1 dev lo scope link"
    openvpn_connects(story, adds=("203.0.113.10 via 192.168.77.1 dev eth0", anycast))
    dies(story)
    assert story.left() == {LEFT_SERVER: "likely"}
    assert story.uncertain() == {"10.99.0.1/32 dev lo"}
    assert [step.route.destination for step in story.plan().steps if step.route] == ["203.0.113.10/32"]
