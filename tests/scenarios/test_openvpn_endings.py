"""OpenVPN's endings, each against the table of a run without a VPN."""

from __future__ import annotations

import pytest

from tests.scenarios.story import ADMIN, DHCP_DEFAULT, HOME, LEFT_SERVER, SERVER, Story, cleans_exactly

OPENVPN = "openvpn[1234]"
TUN = "tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]"
TUN_ADDRESSES = ("10.8.0.6/24", "fd08::6/64", "fe80::77/64")
PUSHED = (
    "0.0.0.0/1 via 10.8.0.1 dev tun0",
    "128.0.0.0/1 via 10.8.0.1 dev tun0",
    "10.60.0.0/16 via 10.8.0.1 dev tun0",
    "::/3 dev tun0 metric 1024",
    "2000::/4 dev tun0 metric 1024",
    "3000::/4 dev tun0 metric 1024",
    "fc00::/7 dev tun0 metric 1024",
)


def connected(story: Story, *, tun: str = TUN, pushed: tuple[str, ...] = (SERVER, *PUSHED)) -> Story:
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(tun, *TUN_ADDRESSES)
        story.add(*pushed)
    story.look()
    story.wait(120)
    return story


def killed(story: Story) -> Story:
    story.runs()
    story.gone("tun0")
    story.look()
    story.wait(10)
    return story


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def test_while_openvpn_is_up_nothing_is_left_over_and_nothing_is_missing(story: Story) -> None:
    connected(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())
    assert story.plan().steps == ()


def test_a_clean_stop_leaves_nothing(story: Story) -> None:
    connected(story)
    with story.by(OPENVPN):
        story.remove(SERVER, *PUSHED)
    killed(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_a_killed_openvpn_leaves_the_route_to_its_server(story: Story) -> None:
    killed(connected(story))
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert (story.missing(), story.uncertain()) == ({}, set())
    cleans_exactly(story, *HOME)


def test_a_persistent_tun_keeps_every_route_when_its_client_is_killed(story: Story) -> None:
    story.up("tun0 kind tun index 7 up persistent point_to_point")
    story.wait(300)
    connected(story, tun=TUN + " persistent")
    story.runs()
    story.die("tun0")
    story.look()
    story.wait(10)
    assert story.left().keys() == {LEFT_SERVER, *(line.removesuffix(" metric 1024") for line in PUSHED)}
    assert set(story.left().values()) <= {"certain", "likely"}
    own = ("10.8.0.0/24 dev tun0 proto kernel", "fd08::/64 dev tun0 metric 256 proto kernel")
    cleans_exactly(story, *HOME, left=(*own, "fe80::/64 dev tun0 metric 256 proto kernel"))


def test_a_kill_without_def1_takes_the_default_along(story: Story) -> None:
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(TUN, *TUN_ADDRESSES)
        story.add(SERVER)
        story.remove(DHCP_DEFAULT)
        story.add("default via 10.8.0.1 dev tun0")
    story.look()
    story.wait(120)
    killed(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp": sure(story)}
    cleans_exactly(story, *HOME)


def test_a_default_that_came_back_plainer_after_a_clean_stop_works_and_stays(story: Story) -> None:
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(TUN, *TUN_ADDRESSES)
        story.add(SERVER, "default via 10.8.0.1 dev tun0")
        story.remove(DHCP_DEFAULT)
    story.look()
    story.wait(120)
    with story.by(OPENVPN):
        story.remove(SERVER, "default via 10.8.0.1 dev tun0")
        story.add("default via 192.168.77.1 dev eth0")
    killed(story)
    assert (story.left(), story.missing()) == ({}, {})


def test_the_admins_own_pushed_prefix_survives_an_overlap(story: Story) -> None:
    connected(story, pushed=(SERVER, "10.50.0.0/16 via 10.8.0.1 dev tun0"))
    killed(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert ADMIN in HOME
    cleans_exactly(story, *HOME)
