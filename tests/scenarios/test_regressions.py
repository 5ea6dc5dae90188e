"""Traps that other people's programs fell into, told as stories: none of them may cost anybody a route here.

The R numbers are those of tests/host/linux_contract.py, where the traps of the kernel's own interface stand.
"""

from __future__ import annotations

import json

import pytest

from routewatch.core.refusals import Protection, Wishes
from routewatch.errors import KernelRefusedError, PermissionRefusedError
from routewatch.render.objects import route_object
from routewatch.render.routes import destination
from tests import build
from tests.scenarios.clients import OPENVPN, WG_RULES, dies, openvpn_connects, wireguard_up
from tests.scenarios.story import (
    BRIDGE,
    DHCP_DEFAULT,
    ETH,
    HOME,
    LEFT_SERVER,
    LO,
    RA_DEFAULT,
    SERVER,
    Story,
    cleans_exactly,
)
from tests.scenarios.tunnels import TUN_DEFAULT, connects, tunnel

MULTIPATH = "203.0.113.10 nexthop via 192.168.77.1 dev eth0 weight 1 nexthop via 192.168.77.5 dev eth0 weight 3"


@pytest.mark.parametrize(("dying", "living"), [("tun1", "tun10"), ("tun10", "tun1")])
def test_r2_tun1_and_tun10_are_two_tunnels(dying: str, living: str) -> None:
    story = Story()
    for index, name in ((20, dying), (21, living)):
        connects(story, name, index, f"10.{index + 100}.0.0/16 dev {name}", extra="persistent")
    story.host.processes = tuple(p for p in story.host.processes if p.pid != 1020)
    story.die(dying)
    story.look()
    story.wait(10)

    assert story.left() == {f"10.120.0.0/16 dev {dying}": "certain"}
    assert {step.route and step.route.interface for step in story.clean()} == {dying}
    assert f"10.121.0.0/16 dev {living}" in story.table()


def test_r2_a_rule_of_wg0_is_not_one_of_wg01() -> None:
    story = Story()
    for name, table in (("wg0", 51820), ("wg01", 51821)):
        with story.by("ip[501]", "wg-quick[500]"):
            story.up(f"{name} kind wireguard up carrier point_to_point", "10.9.0.2/32")
            story.add(f"default dev {name} table {table}", f"700: from all iif {name} lookup {table}")
        story.look()
        story.wait(120)

    dies(story, "wg0")

    assert story.left().keys() == {"700: lookup 51820"}
    assert {step.policy_rule and step.policy_rule.iif for step in story.clean()} == {"wg0"}


def test_r2_protecting_tun1_does_not_protect_tun10() -> None:
    story = Story()
    connects(story, "tun10", 20, "10.120.0.0/16 dev tun10", extra="persistent")
    story.runs()
    story.die("tun10")
    story.look()
    story.wait(10)

    assert len(story.plan(Wishes(login_peers=(), protect=Protection(interfaces=("tun1",)))).steps) == 1
    assert story.plan(Wishes(login_peers=(), protect=Protection(interfaces=("tun10",)))).steps == ()


def test_r5_routes_that_go_with_their_link_without_a_word_are_gone_for_us_too() -> None:
    story = Story()
    openvpn_connects(story)
    told = story.bell.read()
    story.runs()
    story.gone("tun0")
    rings = story.bell.read()

    assert not told.changes
    assert not [c for c in rings.changes if c.route is not None and c.route.family == "inet"]
    story.look()
    story.wait(10)
    assert (story.left(), story.missing(), story.uncertain()) == ({LEFT_SERVER: "certain"}, {}, set())


def test_r5_an_uplink_that_was_down_for_a_moment_takes_its_routes_and_no_vpn_is_blamed() -> None:
    story = Story()
    openvpn_connects(story)
    eth = next(link for link in story.host.links if link.name == "eth0")
    story.host.link_down("eth0")
    story.look()
    with story.by("NetworkManager[88]"):
        story.host.link_up(eth)
        story.add(DHCP_DEFAULT, RA_DEFAULT)
    story.wait(30)
    with story.by(OPENVPN):
        story.add(SERVER)
    story.wait(30)
    dies(story)

    assert story.left() == {LEFT_SERVER: "certain"}
    assert "10.50.0.0/16 via 192.168.77.5 dev eth0" not in story.missing()
    assert {step.action for step in story.plan().steps} == {"delete"}


def test_r6_messages_lost_in_the_middle_of_a_connect_cost_the_authors_and_nothing_else() -> None:
    story = Story()
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(tunnel("tun0", 7, 1234), "10.8.0.6/24")
        story.host.unheard = True
        story.add(SERVER, "0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0")
        story.remove(DHCP_DEFAULT)
        story.add(TUN_DEFAULT)
        story.host.unheard = False
    followed = story.look()
    assert "gap" in {event.kind for event in followed.events}
    story.wait(120)
    assert (story.left(), story.plan().steps) == ({}, ())

    dies(story)

    assert story.left() == {LEFT_SERVER: "likely"}
    assert set(story.missing().values()) == {"likely"}
    cleans_exactly(story, *HOME)


def test_r7_of_two_routes_to_the_server_the_one_left_goes_and_its_twins_stay() -> None:
    wlan = build.link("wlan0 index 5 up carrier mac 02:00:00:00:00:09", "192.168.9.20/24")
    ours = "203.0.113.10 via 192.168.9.1 dev wlan0 metric 600"
    story = Story((*HOME, ours), (LO, ETH, BRIDGE, wlan))
    openvpn_connects(story, adds=(SERVER, "203.0.113.10 via 192.168.77.1 dev eth0 metric 50"))
    with story.by(OPENVPN):
        story.remove("203.0.113.10 via 192.168.77.1 dev eth0 metric 50")
    dies(story)

    assert story.left() == {LEFT_SERVER: "certain"}
    (step,) = story.plan().steps
    assert step.route is not None
    assert (step.route.interface, step.route.metric) == ("eth0", 0)
    cleans_exactly(story, *HOME, ours)


@pytest.mark.parametrize("line", [MULTIPATH, "203.0.113.10 nhid 7"])
def test_r8_and_r9_what_several_next_hops_or_an_object_lead_goes_as_a_whole_and_comes_back_so(line: str) -> None:
    story = Story()
    openvpn_connects(story, adds=(line,))
    dies(story)

    cleans_exactly(story, *HOME)


def test_r8_of_two_multipath_rows_only_the_one_with_the_very_legs_goes() -> None:
    admins = MULTIPATH.replace("weight 3", "weight 1") + " metric 0"
    story = Story((*HOME, admins.removesuffix(" metric 0")))
    openvpn_connects(story, adds=(MULTIPATH,))
    dies(story)

    (step,) = story.plan().steps
    assert step.route is not None
    assert [leg.weight for leg in step.route.nexthops] == [1, 3]
    cleans_exactly(story, *HOME, admins.removesuffix(" metric 0"))


def test_r14_what_could_not_be_deleted_is_found_again_and_goes_the_next_time() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    story.host.privileged = False
    with pytest.raises(PermissionRefusedError):
        story.clean()
    story.wait(3600)
    assert story.left() == {LEFT_SERVER: "certain"}

    story.host.privileged = True
    cleans_exactly(story, *HOME)


def test_r14_what_the_kernel_refused_to_delete_remains_a_finding() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    (step,) = story.plan().steps
    assert step.route is not None
    story.host.refuse(step.route, "Device or resource busy")
    with pytest.raises(KernelRefusedError):
        story.clean()
    story.wait(3600)

    assert story.left() == {LEFT_SERVER: "certain"}
    assert story.plan().steps == (step,)


def test_r15_the_one_rule_that_two_tunnels_share_stays_until_both_are_gone() -> None:
    shared, own = WG_RULES[0], WG_RULES[1]
    second = "32763: not from all fwmark 0xca6d lookup 51821"
    story = Story()
    wireguard_up(story, rules=(shared, own))
    with story.by("ip[701]", "wg-quick[700]"):
        story.up("wg1 kind wireguard up carrier point_to_point", "10.10.0.2/32")
        story.add("default dev wg1 table 51821", second)
    story.look()
    story.wait(120)
    dies(story, "wg0")
    assert story.left().keys() == {"32765: not fwmark 0xca6c lookup 51820"}
    story.clean()
    assert "32764: lookup 254 suppress 0" in story.table()
    dies(story, "wg1")

    assert story.left().keys() == {"32764: lookup 254 suppress 0", "32763: not fwmark 0xca6d lookup 51821"}


def test_r22_the_default_of_ipv6_is_never_shown_as_that_of_ipv4() -> None:
    story = Story()
    defaults = [route for route in story.host.routes if route.destination in {"::/0", "0.0.0.0/0"}]
    shown = {(route.family, route.destination) for route in defaults}
    objects = [json.loads(json.dumps(route_object(route))) for route in defaults]

    assert shown == {("inet", "0.0.0.0/0"), ("inet6", "::/0")}
    assert {(o["family"], o["destination"]) for o in objects} == shown
    assert {destination(route) for route in defaults} == {"default"}
