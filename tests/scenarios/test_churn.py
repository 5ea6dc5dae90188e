"""While a VPN is up the world goes on: what others change meanwhile is theirs, and stays."""

from __future__ import annotations

import pytest

from routewatch.core.remarks import remarks
from tests.scenarios.clients import OPENVPN, dies, openvpn_connects
from tests.scenarios.story import ADMIN, DHCP_DEFAULT, HOME, LAN, LEFT_SERVER, RA_DEFAULT, Story, cleans_exactly

ADMINS = (
    "203.0.113.77 via 192.168.77.9 dev eth0",
    "1000: from all fwmark 0x99 lookup 100",
    "10.99.0.0/16 dev eth0 table 100",
)
MOVED_ADMIN = "10.50.0.0/16 via 192.168.77.6 dev eth0"


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def test_what_the_admin_does_minutes_after_the_opening_stays_his(story: Story) -> None:
    openvpn_connects(story)
    with story.by("ip[310]", "bash[300]"):
        story.remove(ADMIN)
        story.add(MOVED_ADMIN, *ADMINS)
    story.wait(60)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {}
    cleans_exactly(story, *(line for line in HOME if line != ADMIN), MOVED_ADMIN, *ADMINS)


def test_what_the_admin_does_right_after_the_opening_stays_his_where_he_was_seen() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    story.clean()
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up("tun0 kind tun index 8 up carrier point_to_point owner openvpn[1234]", "10.8.0.6/24")
        story.add("203.0.113.10 via 192.168.77.1 dev eth0")
    with story.by("ip[310]", "bash[300]"):
        story.add(*ADMINS)
        story.remove(ADMIN)
    story.look()
    story.wait(30)
    dies(story)
    assert story.left() == {LEFT_SERVER: "certain"}
    assert story.missing() == {}


def test_what_nobody_saw_the_author_of_right_after_the_opening_is_never_certain() -> None:
    story = Story(heard=False)
    openvpn_connects(story, adds=("203.0.113.10 via 192.168.77.1 dev eth0", *ADMINS))
    dies(story)
    assert set(story.left().values()) == {"likely"}


def test_what_the_admin_puts_on_a_persistent_tun_is_not_certainly_the_clients() -> None:
    story = Story()
    story.up("tun0 kind tun index 7 up persistent point_to_point")
    story.wait(300)
    tun = "tun0 kind tun index 7 up carrier persistent point_to_point owner openvpn[1234]"
    openvpn_connects(story, tun=tun, adds=("10.60.0.0/16 via 10.8.0.1 dev tun0",))
    with story.by("ip[310]", "bash[300]"):
        story.add("10.77.0.0/16 dev tun0")
    story.wait(60)
    story.runs()
    story.die("tun0")
    story.look()
    story.wait(10)
    assert story.left() == {"10.60.0.0/16 via 10.8.0.1 dev tun0": "certain", "10.77.0.0/16 dev tun0": "likely"}


def test_a_new_docker_bridge_stays(story: Story) -> None:
    openvpn_connects(story)
    story.up("br-new kind bridge index 12 up carrier", "172.19.0.1/16")
    story.wait(5)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME, left=("172.19.0.0/16 dev br-new proto kernel",))


def test_a_lease_renewed_with_another_metric_changes_nothing(story: Story) -> None:
    openvpn_connects(story)
    renewed = DHCP_DEFAULT.replace("100", "20100")
    with story.by("NetworkManager[410]"):
        story.remove(DHCP_DEFAULT)
        story.add(renewed)
    story.wait(30)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {}
    cleans_exactly(story, renewed, *HOME[1:])


def test_a_default_that_the_router_took_back_is_not_put_back(story: Story) -> None:
    openvpn_connects(story)
    with story.host.acting_as(story.kernel):
        story.remove(RA_DEFAULT)
    story.wait(30)
    dies(story)
    assert story.missing() == {}
    assert [remark.remedy for remark in remarks(story.scene)] == ["rdisc6 eth0"]  # it may still be there: it is asked
    cleans_exactly(story, *(line for line in HOME if line != RA_DEFAULT))
    story.add("default via fe80::2 dev eth0 proto ra metric 1024")
    story.look()
    assert remarks(story.scene) == ()


def test_an_advertised_default_that_the_vpn_took_is_missing_and_its_owners_to_bring_back() -> None:
    story = Story()
    openvpn_connects(story, adds=(), takes=(RA_DEFAULT,))
    dies(story)
    assert story.missing() == {"::/0 via fe80::1 dev eth0 proto ra": "certain"}
    assert story.plan().steps == ()
    assert [refusal.rule for refusal in story.plan().refused] == ["advertised"]
    assert [remark.remedy for remark in remarks(story.scene)] == ["rdisc6 eth0"]

    story.add(RA_DEFAULT)  # the router has answered
    story.look()
    assert (story.missing(), remarks(story.scene)) == ({}, ())


def test_where_another_default_stands_in_the_routers_place_it_goes_and_no_copy_comes() -> None:
    """A replace would take both in one: here the wrong one is ours to take, and the right one the router's to bring."""
    story = Story()
    wrong = "::/0 via fe80::bad dev tun3 metric 1024"
    openvpn_connects(story, adds=(), takes=(RA_DEFAULT,))
    with story.by(OPENVPN):
        story.up("tun3 kind tun index 9 up persistent point_to_point")
        story.add(wrong)
    story.look()
    dies(story)
    planned = story.plan()
    assert [(step.action, step.route and step.route.interface) for step in planned.steps] == [("delete", "tun3")]
    assert [refusal.rule for refusal in planned.refused] == ["advertised"]


def test_roaming_to_another_subnet_leaves_the_old_network_behind(story: Story) -> None:
    openvpn_connects(
        story, takes=(DHCP_DEFAULT,), adds=("203.0.113.10 via 192.168.77.1 dev eth0", "default via 10.8.0.1 dev tun0")
    )
    story.host.link_down("eth0")
    story.look()
    story.host.neighbours = ()
    story.up("eth0 index 2 up carrier mac 02:00:00:00:00:02", "192.168.5.20/24", "fe80::20/64")
    new = "default via 192.168.5.1 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.add(new)
    story.wait(60)
    dies(story)
    assert (story.left(), story.missing()) == ({}, {})
    assert story.plan().steps == ()


def test_an_admins_route_that_the_new_subnet_strands_is_told_and_left_to_him() -> None:
    story = Story(quiet=0)  # just installed: the first baseline proves nothing, but it has seen the route at work
    openvpn_connects(story)
    story.up("eth0 index 2 up carrier mac 02:00:00:00:00:02", "192.168.5.20/24", "fe80::20/64")
    story.remove(LAN)
    story.host.neighbours = ()
    with story.by("dhclient[400]"):
        story.add("default via 192.168.5.1 dev eth0 proto dhcp metric 100")
        story.remove(DHCP_DEFAULT)
    story.wait(60)
    dies(story)
    assert set(story.left()) == {LEFT_SERVER}
    assert story.rulings()[ADMIN] == "left-network"
    story.clean()
    story.take_baseline()
    assert story.left() == {}
    story.wait(400)
    story.take_baseline()
    assert story.left() == {}


def test_a_default_lost_on_one_network_is_not_put_back_on_the_next(story: Story) -> None:
    openvpn_connects(
        story, takes=(DHCP_DEFAULT,), adds=("203.0.113.10 via 192.168.77.1 dev eth0", "default via 10.8.0.1 dev tun0")
    )
    story.host.link_down("eth0")
    story.look()
    story.up("eth0 index 2 up carrier mac 02:00:00:00:00:02", "192.168.5.20/24", "fe80::20/64")
    story.wait(60)
    dies(story)
    assert (story.missing(), story.plan().steps) == ({}, ())


def test_the_same_addresses_with_another_router_are_another_network(story: Story) -> None:
    openvpn_connects(
        story, takes=(DHCP_DEFAULT,), adds=("203.0.113.10 via 192.168.77.1 dev eth0", "default via 10.8.0.1 dev tun0")
    )
    story.meets("192.168.77.1", "02:00:00:00:00:99")
    story.wait(60)
    dies(story)
    assert story.missing() == {}
    assert story.rulings()["0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp"] == "other-network"


def test_a_default_that_the_admin_took_is_not_missing() -> None:
    story = Story()
    openvpn_connects(story)
    with story.by("ip[310]", "bash[300]"):
        story.remove(DHCP_DEFAULT)
    story.wait(60)
    dies(story)
    assert story.missing() == {}


def test_a_host_route_nobody_saw_the_author_of_is_not_a_second_way_to_the_server() -> None:
    story = Story()
    openvpn_connects(story, adds=("203.0.113.10 via 192.168.77.1 dev eth0",))
    story.heard = False  # the admin's `ip` was gone before anybody could look who it was
    story.add("203.0.113.99 via 192.168.77.1 dev eth0", "10.99.0.0/16 via 192.168.77.9 dev eth0", ADMINS[1])
    story.look()
    story.heard = True
    dies(story)
    assert story.left() == {LEFT_SERVER: "certain"}
    assert story.uncertain() == {
        "203.0.113.99/32 via 192.168.77.1 dev eth0",
        "10.99.0.0/16 via 192.168.77.9 dev eth0",
        "1000: fwmark 0x99 lookup 100",
    }
