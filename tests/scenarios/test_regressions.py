"""Traps that other people's programs fell into, told as stories: none of them may cost anybody a route here.

The R numbers are those of tests/host/contract.py, where the traps of the kernel's own interface stand.
"""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from routewatch.core.diff import steady
from routewatch.core.refusals import Protection, Wishes
from routewatch.errors import KernelRefusedError, PermissionRefusedError
from routewatch.render.objects import route_object
from routewatch.render.routes import destination
from tests import build
from tests.scenarios.clients import OPENVPN, WG_RULES, dies, openvpn_connects, wireguard_up
from tests.scenarios.story import (
    ADMIN,
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

TUN_DEFAULT = "default via 10.8.0.1 dev tun0"
MULTIPATH = "203.0.113.10 nexthop via 192.168.77.1 dev eth0 weight 1 nexthop via 192.168.77.5 dev eth0 weight 3"
EIGHT_HOURS = 8 * 3600.0


def tunnel(name: str, index: int, pid: int, extra: str = "") -> str:
    return f"{name} kind tun index {index} up carrier point_to_point owner openvpn[{pid}] {extra}"


def connects(story: Story, name: str, index: int, *adds: str, extra: str = "") -> None:
    """Let one more OpenVPN connect beside those that run."""
    who = f"openvpn[{1000 + index}]"
    story.host.processes = (*story.host.processes, *story.processes(who))
    with story.by(who):
        story.up(tunnel(name, index, 1000 + index, extra), f"10.{index}.0.6/24")
        story.add(*adds)
    story.look()
    story.wait(120)


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


def test_r22_the_default_of_ipv6_is_never_shown_as_that_of_ipv4() -> None:
    story = Story()
    defaults = [route for route in story.host.routes if route.destination in {"::/0", "0.0.0.0/0"}]
    shown = {(route.family, route.destination) for route in defaults}
    objects = [json.loads(json.dumps(route_object(route))) for route in defaults]

    assert shown == {("inet", "0.0.0.0/0"), ("inet6", "::/0")}
    assert {(o["family"], o["destination"]) for o in objects} == shown
    assert {destination(route) for route in defaults} == {"default"}


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
