"""OpenVPN's endings, each against the table of a run without a VPN."""

from __future__ import annotations

import pytest

from tests.scenarios.clients import OPENVPN, PUSHED, TUN, dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, HOME, LEFT_SERVER, SERVER, Story, cleans_exactly

TUN_DEFAULT = "default via 10.8.0.1 dev tun0"
LOST_DEFAULT = "0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp"
NEW_DEFAULT = "default via 192.168.77.254 dev eth0 proto dhcp metric 100"
MOVED = (NEW_DEFAULT, *HOME[1:])


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def moves_gateway(story: Story) -> None:
    """Let DHCP renew the lease with another gateway on the same subnet."""
    with story.by("dhclient[400]"):
        if any(route.gateway == "192.168.77.1" and route.metric == 100 for route in story.host.routes):
            story.remove(DHCP_DEFAULT)
        story.add(NEW_DEFAULT)
    story.wait(30)


def test_while_openvpn_is_up_nothing_is_left_over_and_nothing_is_missing(story: Story) -> None:
    openvpn_connects(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())
    assert story.plan().steps == ()


def test_a_clean_stop_leaves_nothing(story: Story) -> None:
    openvpn_connects(story)
    with story.by(OPENVPN):
        story.remove(SERVER, *PUSHED)
    dies(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_a_killed_openvpn_leaves_the_route_to_its_server(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert (story.missing(), story.uncertain()) == ({}, set())
    cleans_exactly(story, *HOME)


def test_a_leftover_is_not_certain_before_its_client_had_time_to_tear_down(story: Story) -> None:
    openvpn_connects(story)
    story.runs()
    story.gone("tun0")
    story.look()
    assert story.left() == {LEFT_SERVER: "likely"}


def test_openvpn_that_lost_its_tun_but_runs_on_may_come_back(story: Story) -> None:
    openvpn_connects(story)
    dies(story, leaving=(OPENVPN,))
    assert story.left() == {LEFT_SERVER: "likely"}


def test_openvpn_over_ipv6_leaves_a_route_of_metric_1(story: Story) -> None:
    server = "2001:db8:51::10 via fe80::1 dev eth0 metric 1"
    openvpn_connects(story, adds=(server, *PUSHED))
    dies(story)
    assert story.left() == {"2001:db8:51::10/128 via fe80::1 dev eth0 metric 1": sure(story)}
    cleans_exactly(story, *HOME)


def test_a_persistent_tun_keeps_every_route_when_its_client_is_killed(story: Story) -> None:
    story.up("tun0 kind tun index 7 up persistent point_to_point")
    story.wait(300)
    openvpn_connects(story, tun=TUN + " persistent")
    story.runs()
    story.die("tun0")
    story.look()
    story.wait(10)
    own = {line.removesuffix(" metric 1024"): sure(story) for line in PUSHED}
    assert story.left() == {LEFT_SERVER: sure(story)} | own
    stays = ("10.8.0.0/24 dev tun0 proto kernel", "fd08::/64 dev tun0 metric 256 proto kernel")
    cleans_exactly(story, *HOME, left=(*stays, "fe80::/64 dev tun0 metric 256 proto kernel"))


def test_persist_tun_with_its_server_gone_is_a_kill_switch_and_stays(story: Story) -> None:
    openvpn_connects(story)
    story.wait(3600)
    assert (story.left(), story.plan().steps) == ({}, ())


def test_a_kill_without_def1_takes_the_default_along(story: Story) -> None:
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {LOST_DEFAULT: sure(story)}
    cleans_exactly(story, *HOME)


def test_a_default_without_metric_that_a_kill_took_comes_back_as_it_was(story: Story) -> None:
    plain = "default via 192.168.77.1 dev eth0 proto dhcp"
    with story.by("dhclient[400]"):
        story.remove(DHCP_DEFAULT)
        story.add(plain)
    story.wait(60)
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(plain,))
    dies(story)
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 proto dhcp": sure(story)}
    cleans_exactly(story, plain, *HOME[1:])


def test_a_default_that_came_back_plainer_after_a_clean_stop_works_and_stays(story: Story) -> None:
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    with story.by(OPENVPN):
        story.remove(SERVER, TUN_DEFAULT)
        story.add("default via 192.168.77.1 dev eth0")
    dies(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_a_second_uplink_does_not_make_the_default_that_openvpn_put_back_a_stale_one(story: Story) -> None:
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    story.up("wlan0 index 5 up carrier mac 02:00:00:00:00:09", "192.168.9.20/24")
    with story.by("dhclient[401]"):
        story.add("default via 192.168.9.1 dev wlan0 proto dhcp metric 600")
    story.wait(30)
    with story.by(OPENVPN):
        story.remove(SERVER, TUN_DEFAULT)
        story.add("default via 192.168.77.1 dev eth0")
    dies(story)
    assert (story.left(), story.missing()) == ({}, {})


def test_a_gateway_that_changed_makes_the_default_put_back_at_the_stop_a_stale_one() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    moves_gateway(story)
    with story.by(OPENVPN):
        story.remove(SERVER, TUN_DEFAULT)
        story.add("default via 192.168.77.1 dev eth0")
    dies(story)
    assert story.left() == {"0.0.0.0/0 via 192.168.77.1 dev eth0": "certain"}
    assert story.missing() == {}
    cleans_exactly(story, *MOVED)


def test_after_a_gateway_change_the_old_default_is_not_put_back(story: Story) -> None:
    openvpn_connects(story)
    moves_gateway(story)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {}
    cleans_exactly(story, *MOVED)


def test_a_default_lost_to_a_kill_after_a_gateway_change_is_the_new_one() -> None:
    story = Story()
    openvpn_connects(story, adds=(SERVER, TUN_DEFAULT), takes=(DHCP_DEFAULT,))
    moves_gateway(story)
    with story.by(OPENVPN):  # a reconnect takes the default that stands now
        story.remove(NEW_DEFAULT)
    story.wait(30)
    dies(story)
    assert story.left() == {LEFT_SERVER: "certain"}
    assert story.missing().keys() == {"0.0.0.0/0 via 192.168.77.254 dev eth0 metric 100 proto dhcp"}
    cleans_exactly(story, *MOVED)


def test_a_crash_then_a_gateway_change_leaves_the_route_to_the_server_through_the_old_one(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    moves_gateway(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *MOVED)


def test_the_admins_own_pushed_prefix_survives_an_overlap(story: Story) -> None:
    openvpn_connects(story, adds=(SERVER, "10.50.0.0/16 via 10.8.0.1 dev tun0"))
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME)
