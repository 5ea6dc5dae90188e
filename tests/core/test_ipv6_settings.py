"""Linux's settings that would undo a lost IPv6 route are named first, with the command that changes each."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.ipv6_settings import hindrances, is_off
from routewatch.core.model import Ipv6Settings, Link
from routewatch.core.remarks import remarks
from tests import build
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import BRIDGE, ETH, LO, RA_DEFAULT, Story

BY_HAND = "::/0 via fe80::1 dev eth0 metric 1024"
OFF = Ipv6Settings(disabled=True)
FORWARDS = Ipv6Settings(forwarding=True)
SIX = "fd50::/48 via fe80::5 dev eth0 metric 1024"


def commands(settings: Ipv6Settings | None, route: str = RA_DEFAULT, link: Link = ETH) -> list[str]:
    return [found.command for found in hindrances(build.route(route), replace(link, ipv6=settings), "linux")]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (OFF, ["sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"]),
        (FORWARDS, ["sysctl -w net.ipv6.conf.eth0.accept_ra=2"]),
        (replace(FORWARDS, accept_ra=0), ["sysctl -w net.ipv6.conf.eth0.accept_ra=2"]),
        (Ipv6Settings(accept_ra=0), ["sysctl -w net.ipv6.conf.eth0.accept_ra=1"]),
        (Ipv6Settings(accept_default=False), ["sysctl -w net.ipv6.conf.eth0.accept_ra_defrtr=1"]),
        (
            Ipv6Settings(disabled=True, forwarding=True, accept_default=False),
            [
                "sysctl -w net.ipv6.conf.eth0.disable_ipv6=0",
                "sysctl -w net.ipv6.conf.eth0.accept_ra=2",
                "sysctl -w net.ipv6.conf.eth0.accept_ra_defrtr=1",
            ],
        ),
        (replace(FORWARDS, accept_ra=2), []),
        (Ipv6Settings(), []),
        (None, []),
    ],
)
def test_what_keeps_a_router_from_being_heard_has_its_command(settings: Ipv6Settings | None, named: list[str]) -> None:
    assert commands(settings) == named


def test_a_route_that_no_router_tells_of_only_needs_ipv6_itself() -> None:
    assert commands(replace(FORWARDS, disabled=True), BY_HAND) == ["sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"]
    assert commands(FORWARDS, BY_HAND) == []
    assert commands(OFF, "default via 192.168.77.1 dev eth0") == []


def test_where_a_daemon_listens_in_the_kernels_place_the_kernel_may_be_deaf() -> None:
    networkd = replace(ETH, configured_by="systemd-networkd")
    assert commands(Ipv6Settings(accept_ra=0), link=networkd) == []
    assert commands(OFF, link=networkd) == ["sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"]


def test_a_link_with_a_dot_in_its_name_is_said_with_slashes() -> None:
    vlan = build.link("eth0.100 index 9 up carrier")
    assert commands(OFF, "::/0 via fe80::1 dev eth0.100", vlan) == ["sysctl -w net/ipv6/conf/eth0.100/disable_ipv6=0"]


def test_of_a_link_that_is_gone_or_not_known_nothing_is_said() -> None:
    assert not is_off(None)
    assert not is_off(ETH)
    assert is_off(replace(ETH, ipv6=OFF))


def test_a_router_set_up_beside_the_vpn_that_deafens_the_kernel_is_named_before_the_owners_command() -> None:
    story = Story(links=(LO, replace(ETH, ipv6=FORWARDS), BRIDGE))
    openvpn_connects(story, adds=(), takes=(RA_DEFAULT,))
    dies(story)
    assert [(remark.link, remark.remedy) for remark in remarks(story.scene)] == [
        ("eth0", "sysctl -w net.ipv6.conf.eth0.accept_ra=2"),
        ("eth0", "rdisc6 eth0"),
    ]
    assert story.plan().steps == ()


def test_a_vpn_that_switched_ipv6_off_and_died_has_it_named_and_nothing_is_tried_against_it() -> None:
    story = Story()
    openvpn_connects(story, adds=(), takes=(RA_DEFAULT, SIX))
    four_only = tuple(address for address in ETH.addresses if ":" not in address.address)
    story.host.links = [
        replace(link, ipv6=OFF, addresses=four_only) if link.name == "eth0" else link for link in story.host.links
    ]
    dies(story)
    assert set(story.missing()) == {"::/0 via fe80::1 dev eth0 proto ra", "fd50::/48 via fe80::5 dev eth0"}
    assert {refusal.rule for refusal in story.plan().refused} == {"advertised", "ipv6-disabled"}
    assert story.plan().steps == ()
    assert [remark.remedy for remark in remarks(story.scene)] == [
        "sysctl -w net.ipv6.conf.eth0.disable_ipv6=0",
        "rdisc6 eth0",
    ]
