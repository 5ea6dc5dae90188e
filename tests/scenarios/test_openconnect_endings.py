"""openconnect: its script copies the default's metric, takes overlapping routes away, and lets the tun go last."""

from __future__ import annotations

import pytest

from tests.scenarios.clients import dies
from tests.scenarios.story import ADMIN, DHCP_DEFAULT, DOCKER, HOME, Story, cleans_exactly

CLIENT = "openconnect[900]"
SCRIPT = ("ip[903]", "vpnc-script[902]", "sh[901]", CLIENT)
TUN = "tun0 kind tun index 9 up carrier point_to_point owner openconnect[900]"
SERVER = "203.0.113.10 via 192.168.77.1 dev eth0 metric 100"
LEFT_SERVER = "203.0.113.10/32 via 192.168.77.1 dev eth0 metric 100"
TUN_DEFAULT = "default dev tun0 scope link"
ADMIN6 = "fd50::/48 via fe80::5 dev eth0 metric 1024"


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def connects(story: Story, *, adds: tuple[str, ...], takes: tuple[str, ...] = (), tun: str = TUN) -> None:
    """Let the script add the route to the server first, and the tun come up after it."""
    story.runs(CLIENT)
    with story.by(*SCRIPT):
        story.add(SERVER)
    with story.by(CLIENT):
        story.up(tun, "10.70.0.2/32")
    with story.by(*SCRIPT):
        story.remove(*takes)
        story.add(*adds)
    story.look()
    story.wait(120)


def test_a_killed_openconnect_leaves_the_route_to_its_server_and_no_default(story: Story) -> None:
    connects(story, adds=(TUN_DEFAULT,), takes=(DHCP_DEFAULT,))
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp": sure(story)}
    cleans_exactly(story, *HOME)


def test_the_route_to_the_server_is_found_though_it_came_a_look_before_the_tunnel() -> None:
    story = Story()
    story.runs(CLIENT)
    with story.by(*SCRIPT):
        story.add(SERVER)
    story.look()
    story.host.advance(3)
    with story.by(CLIENT):
        story.up(TUN, "10.70.0.2/32")
    story.look()
    story.wait(60)
    dies(story)
    assert story.left() == {LEFT_SERVER: "certain"}
    cleans_exactly(story, *HOME)


def test_a_clean_stop_that_only_changes_the_defaults_protocol_leaves_nothing(story: Story) -> None:
    connects(story, adds=(TUN_DEFAULT,), takes=(DHCP_DEFAULT,))
    with story.by(*SCRIPT):
        story.remove(SERVER, TUN_DEFAULT)
        story.add("default via 192.168.77.1 dev eth0 metric 100")
    dies(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_routes_that_overlapped_are_put_back_after_a_clean_stop(story: Story) -> None:
    taken = (ADMIN, DOCKER, ADMIN6)
    pushed = ("10.50.0.0/16 dev tun0 scope link", "172.18.0.0/16 dev tun0 scope link", "fd50::/48 dev tun0 metric 1")
    connects(story, adds=pushed, takes=taken)
    assert story.missing() == {}
    with story.by(*SCRIPT):
        story.remove(SERVER, *pushed)
    dies(story)
    assert story.left() == {}
    assert story.missing() == {
        "10.50.0.0/16 via 192.168.77.5 dev eth0": sure(story),
        "172.18.0.0/16 dev br-lab proto kernel": sure(story),
        "fd50::/48 via fe80::5 dev eth0": sure(story),
    }
    cleans_exactly(story, *HOME)


def test_a_docker_network_that_was_removed_meanwhile_is_not_put_back(story: Story) -> None:
    connects(story, adds=("172.18.0.0/16 dev tun0 scope link",), takes=(DOCKER,))
    story.gone("br-lab")
    story.wait(30)
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}
    assert story.missing() == {}


def test_a_pre_made_tun_keeps_the_default_on_a_dead_device(story: Story) -> None:
    story.up("tun0 kind tun index 9 up persistent point_to_point")
    story.wait(300)
    connects(story, adds=(TUN_DEFAULT,), takes=(DHCP_DEFAULT,), tun=TUN + " persistent")
    story.runs()
    story.die("tun0")
    story.look()
    story.wait(10)
    assert story.left() == {LEFT_SERVER: sure(story), "0.0.0.0/0 dev tun0": sure(story)}
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100 proto dhcp": sure(story)}
    cleans_exactly(story, *HOME, left=("10.70.0.2/32 dev tun0 proto kernel",))


def test_after_a_gateway_change_the_stop_puts_back_a_default_that_leads_nowhere() -> None:
    story = Story()
    connects(story, adds=(TUN_DEFAULT,), takes=(DHCP_DEFAULT,))
    new = "default via 192.168.77.254 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.add(new)
    story.wait(60)
    with story.by(*SCRIPT):
        story.remove(SERVER, TUN_DEFAULT)
        story.add("default via 192.168.77.1 dev eth0 metric 100")
    dies(story)
    assert story.left() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100": "certain"}
    cleans_exactly(story, new, *HOME[1:])


def test_a_default_that_the_stop_put_over_that_of_the_new_gateway_is_replaced_by_it() -> None:
    story = Story()
    connects(story, adds=(TUN_DEFAULT,))
    new = "default via 192.168.77.254 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.add(new)
        story.remove(DHCP_DEFAULT)
    story.wait(60)
    with story.by(*SCRIPT):
        story.remove(SERVER, TUN_DEFAULT, new)
        story.add("default via 192.168.77.1 dev eth0 metric 100")
    dies(story)
    assert story.left() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 metric 100": "certain"}
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.254 dev eth0 metric 100 proto dhcp": "certain"}
    assert [step.action for step in story.plan().steps] == ["replace"]
    cleans_exactly(story, new, *HOME[1:])


def test_a_route_of_the_lease_that_the_client_took_is_no_other_gateway() -> None:
    story = Story()
    connects(story, adds=(TUN_DEFAULT,), takes=(DHCP_DEFAULT,))
    leased = "10.20.0.0/16 via 192.168.77.254 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.add(leased)
    story.wait(60)
    with story.by(*SCRIPT):
        story.remove(SERVER, TUN_DEFAULT, leased)
        story.add("default via 192.168.77.1 dev eth0 metric 100")
    dies(story)
    assert (story.left(), story.missing()) == ({}, {})


def test_a_default_that_somebody_else_put_over_that_of_the_new_gateway_stays() -> None:
    story = Story()
    connects(story, adds=(TUN_DEFAULT,))
    new = "default via 192.168.77.254 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.add(new)
        story.remove(DHCP_DEFAULT)
    story.wait(60)
    with story.by("ip[310]", "bash[300]"):
        story.remove(new)
        story.add("default via 192.168.77.1 dev eth0 metric 100")
    with story.by(*SCRIPT):
        story.remove(SERVER, TUN_DEFAULT)
    dies(story)
    assert (story.left(), story.missing()) == ({}, {})


@pytest.mark.parametrize("times", [1, 2])
def test_a_default_in_whose_very_place_the_tunnels_stands_was_taken_by_it_though_nobody_saw_that(times: int) -> None:
    dhcps = "default via 192.168.77.1 dev eth0 proto dhcp"
    story = Story((dhcps, *HOME[1:]), heard=False)
    connects(story, adds=(TUN_DEFAULT,), takes=(dhcps,))
    dies(story)
    for index in range(10, 9 + times):
        story.remove(SERVER)
        connects(story, adds=(TUN_DEFAULT,), tun=TUN.replace("index 9", f"index {index}"))
        dies(story)
    assert story.missing() == {"0.0.0.0/0 via 192.168.77.1 dev eth0 proto dhcp": "likely"}
    assert story.left() == {LEFT_SERVER: "likely"}


def test_a_default_that_somebody_else_was_seen_to_take_is_not_the_tunnels_doing() -> None:
    dhcps = "default via 192.168.77.1 dev eth0 proto dhcp"
    story = Story((dhcps, *HOME[1:]))
    with story.by("ip[310]", "bash[300]"):
        story.remove(dhcps)
    connects(story, adds=(TUN_DEFAULT,))
    dies(story)
    assert (story.missing(), story.left()) == ({}, {LEFT_SERVER: "certain"})
