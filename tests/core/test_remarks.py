"""What is told beside routes and rules: the addresses a client left on a tunnel that outlives it."""

from __future__ import annotations

from msgspec.structs import replace

from routewatch.core.remarks import remarks
from routewatch.core.saved import scene_of
from routewatch.render.remarks import command, remark_object, remark_text
from tests.build_macos import saved
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import ADMIN, BRIDGE, DHCP_DEFAULT, ETH, LO, RA_DEFAULT, Story
from tests.scenarios.story import HOME as A_LAN

UNHELD = "tun0 kind tun index 7 up persistent point_to_point"
HELD = "tun0 kind tun index 7 up carrier persistent point_to_point owner openvpn[1234]"


def left_behind(*before: str) -> Story:
    story = Story()
    story.up(UNHELD, *before)
    story.wait(300)
    openvpn_connects(story, tun=HELD, adds=())
    story.up(HELD, *before, "10.8.0.2/24", "fd08::2/64", "fe80::7/64")
    story.look()
    story.runs()
    story.die("tun0")
    story.look()
    return story


def test_an_address_left_on_a_dead_persistent_tun_is_named_with_its_command() -> None:
    told = remarks(left_behind().scene)
    assert [command(remark) for remark in told] == [
        "ip addr del 10.8.0.2/24 dev tun0",
        "ip -6 addr del fd08::2/64 dev tun0",
    ]
    assert remark_text(told[0]).splitlines() == [
        f"  i  {told[0].because}, which is yours to remove:",
        "       $ ip addr del 10.8.0.2/24 dev tun0",
    ]
    assert remark_object(told[0]) == {
        "link": "tun0",
        "address": "10.8.0.2/24",
        "session": 1,
        "because": told[0].because,
        "command": "ip addr del 10.8.0.2/24 dev tun0",
    }


def test_on_a_mac_the_address_goes_by_ifconfig() -> None:
    scene = left_behind().scene
    scene.now = replace(scene.now, platform="macos")
    assert [command(remark) for remark in remarks(scene)] == [
        "sudo ifconfig tun0 inet 10.8.0.2 -alias",
        "sudo ifconfig tun0 inet6 fd08::2 -alias",
    ]


def test_an_address_that_was_there_before_the_vpn_is_the_admins() -> None:
    told = remarks(left_behind("10.8.0.2/24").scene)
    assert [remark.address.address for remark in told if remark.address] == ["fd08::2"]


def test_while_the_client_may_come_back_nothing_is_said_of_its_addresses() -> None:
    story = left_behind()
    story.runs("openvpn[1234]")
    assert remarks(story.scene) == ()


def test_a_tunnel_that_was_never_in_use_is_no_matter() -> None:
    story = Story()
    story.up(UNHELD, "10.8.0.2/24")
    story.look()
    assert remarks(story.scene) == ()


def test_who_leased_a_lost_default_is_the_first_to_ask_and_our_own_step_stands_beside_it() -> None:
    story = Story(links=(LO, replace(ETH, configured_by="NetworkManager"), BRIDGE))
    openvpn_connects(story, adds=(), takes=(DHCP_DEFAULT, RA_DEFAULT))
    dies(story)
    [told] = remarks(story.scene)  # one command for both
    assert told.remedy == "nmcli device reapply eth0"
    assert [step.route.protocol for step in story.plan().steps if step.route] == ["dhcp"]


def test_what_is_missing_and_has_no_owner_needs_no_remark() -> None:
    hole = "blackhole 10.66.0.0/16"
    story = Story((*A_LAN, hole))
    openvpn_connects(story, adds=(), takes=(ADMIN, DHCP_DEFAULT, hole))
    dies(story)
    assert len(story.missing()) == 3
    assert remarks(story.scene) == ()


def test_a_vpn_that_is_up_needs_its_addresses() -> None:
    story = Story()
    openvpn_connects(story)
    assert remarks(story.scene) == ()
    dies(story)
    assert remarks(story.scene) == ()  # its tun has gone with it


# ------------------------------------------------------------------------------------------------------------- macOS

HOME = """
default 192.168.7.1 UGScg en0
192.168.7/24 link#4 UCS en0 !
192.168.7.1/32 link#4 UCS en0 !
"""
LESS = """
192.168.7/24 link#4 UCS en0 !
192.168.7.1/32 link#4 UCS en0 !
"""


def test_where_macos_lost_its_default_a_renewed_lease_is_named_if_there_is_one() -> None:
    [remark] = remarks(scene_of(saved(LESS, before=HOME)))

    assert (remark.link, remark.address, remark.remedy) == ("en0", None, "sudo ipconfig set en0 DHCP")
    assert "if en0 has its address by DHCP, a renewed lease is the first thing to try" in remark.because
    assert "if it was set by hand, switch its network service off and on" in remark.because
    assert remark_object(remark)["address"] is None
    assert remark_object(remark)["command"] == remark.remedy
    assert remark_text(remark) == f"  i  {remark.because}:\n       $ sudo ipconfig set en0 DHCP"


def test_where_macos_lost_what_a_router_advertises_it_is_asked_to_listen_again() -> None:
    six = HOME + "default fe80::1%en0 UGcg en0\n"
    [remark] = remarks(scene_of(saved(HOME, before=six)))

    assert (remark.link, remark.remedy) == ("en0", "sudo ipconfig set en0 AUTOMATIC-V6")
    assert "a copy set by hand would outlive the router" in remark.because
    both = remarks(scene_of(saved(LESS, before=six)))
    assert [remark.remedy for remark in both] == ["sudo ipconfig set en0 DHCP", "sudo ipconfig set en0 AUTOMATIC-V6"]


def test_who_makes_a_default_through_the_loopback_is_to_be_looked_for() -> None:
    through_lo = HOME.replace("default 192.168.7.1 UGScg en0", "default 127.0.0.1 UGScg lo0")

    told = remarks(scene_of(saved(through_lo)))
    assert [remark.link for remark in told] == ["lo0"]
    assert "scutil" in told[0].remedy


def test_of_a_mac_at_rest_there_is_nothing_to_remark() -> None:
    assert remarks(scene_of(saved(HOME, before=HOME))) == ()
    six = saved(LESS.strip(), before=LESS + "2001:db8:9::/48 fe80::1%en0 UGSc en0\n")
    assert remarks(scene_of(six)) == ()
