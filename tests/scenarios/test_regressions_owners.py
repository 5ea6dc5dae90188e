"""Traps of rows that are somebody else's, however much they look like the VPN's: they are left alone.

The R numbers are those of test_regressions.py.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.diff import steady
from routewatch.core.refusals import Wishes
from tests import build
from tests.scenarios.clients import OPENVPN, dies, openvpn_connects, wireguard_up
from tests.scenarios.story import ADMIN, DHCP_DEFAULT, ETH, HOME, LEFT_SERVER, SERVER, Story, cleans_exactly
from tests.scenarios.tunnels import TUN_DEFAULT


def test_r13_the_admins_own_route_to_the_server_survives_the_client_that_found_it_there() -> None:
    story = Story((*HOME, SERVER))
    openvpn_connects(story, adds=("0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0"))  # "File exists", and it went on
    dies(story)

    assert (story.left(), story.plan().steps) == ({}, ())


def test_r13_and_comes_back_where_the_client_deleted_it_as_its_own() -> None:
    story = Story((*HOME, SERVER))
    openvpn_connects(story, adds=())
    with story.by(OPENVPN):
        story.remove(SERVER)
    dies(story)

    assert story.missing() == {LEFT_SERVER: "certain"}
    cleans_exactly(story, *HOME, SERVER)


def test_r17_what_wears_the_kernels_protocol_is_never_deleted_whoever_made_it() -> None:
    disguised = "203.0.113.10 via 192.168.77.1 dev eth0 proto kernel"
    story = Story()
    openvpn_connects(story, adds=(disguised,))
    dies(story)

    assert (story.left(), story.plan().steps) == ({}, ())
    only = Wishes(login_peers=(), only=frozenset({"203.0.113.10/32"}))
    assert story.plan(only).steps == ()


FOREIGN = ("10.77.0.0/16 via 192.168.77.5 dev eth0 table 51820", "blackhole 10.78.0.0/16 table 51820")


def test_r18_foreign_rows_that_stood_in_a_clients_table_are_not_swept() -> None:
    story = Story((*HOME, *FOREIGN))
    wireguard_up(story)
    dies(story, "wg0")

    cleans_exactly(story, *HOME, *FOREIGN)


def test_r18_foreign_rows_that_came_into_a_clients_table_meanwhile_are_not_swept() -> None:
    story = Story()
    wireguard_up(story)
    with story.by("ip[900]", "bash[901]"):
        story.add(*FOREIGN)
    story.wait(120)
    dies(story, "wg0")

    cleans_exactly(story, *HOME, *FOREIGN)


def test_r20_a_rule_into_a_table_that_does_not_exist_is_harmless_and_nobodys() -> None:
    story = Story((*HOME, "300: from all lookup 4711", "-6 300: from all lookup 4711"))
    assert (story.left(), story.plan().steps) == ({}, ())
    openvpn_connects(story)
    dies(story)

    assert story.left() == {LEFT_SERVER: "certain"}
    cleans_exactly(story, *HOME, "300: from all lookup 4711", "-6 300: from all lookup 4711")


def test_r24_a_route_that_the_client_made_anew_as_it_was_is_not_its_leftover() -> None:
    story = Story()
    openvpn_connects(story)
    with story.by(OPENVPN):
        story.remove(DHCP_DEFAULT, ADMIN)
        story.add(DHCP_DEFAULT, ADMIN)
    story.wait(30)
    with story.by(OPENVPN):
        story.remove(ADMIN)
    story.look()
    with story.by(OPENVPN):
        story.add(ADMIN)
    story.wait(30)
    dies(story)

    assert (story.left(), story.missing()) == ({LEFT_SERVER: "certain"}, {})
    cleans_exactly(story, *HOME)


@pytest.mark.parametrize("index", [7, 70], ids=["same index", "another index"])
def test_r25_a_link_that_took_over_the_dead_tunnels_name_is_not_the_dead_tunnel(index: int) -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, "10.60.0.0/16 dev tun0"))
    dies(story)
    with story.by("libvirtd[3000]"):
        story.host.link_up(build.link(f"tun0 kind ether index {index} up carrier", "10.60.0.1/24"))
        story.add("10.60.0.0/16 dev tun0")
    story.wait(30)

    assert story.left() == {LEFT_SERVER: "certain"}
    assert {steady(s.route).destination for s in story.clean() if s.route} == {"203.0.113.10/32"}
    assert "10.60.0.0/16 dev tun0" in story.table()


def test_r25_an_uplink_that_was_swapped_for_another_of_its_name_gets_nothing_of_the_old_one() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    story.gone("eth0")
    story.look()
    story.host.link_up(replace(ETH, index=22, mac="02:00:00:00:00:22"))
    story.wait(30)
    dies(story)

    assert story.missing() == {}
    assert not [step for step in story.plan().steps if step.action != "delete"]
