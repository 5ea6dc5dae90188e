"""Who answers for a lost route, and what he is told to do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.model import Ipv6Settings
from routewatch.core.owners import is_advertised, remedy
from tests import build
from tests.build_macos import row

ETH = "eth0 index 2 up carrier"
LEASED = build.route("default via 192.168.1.1 dev eth0 proto dhcp metric 100")
BY_HAND = build.route("default via 192.168.1.1 dev eth0")
ADVERTISED = build.route("::/0 via fe80::1 dev eth0 proto ra metric 1024")


def command(route: str, owner: str = "") -> str | None:
    link = build.link(f"{ETH} configured_by {owner}" if owner else ETH)
    found = remedy(build.route(route), link, "linux")
    return None if found is None else found.command


@pytest.mark.parametrize(
    ("owner", "again"),
    [
        ("NetworkManager", "nmcli device reapply eth0"),
        ("systemd-networkd", "networkctl reconfigure eth0"),
        ("dhcpcd", "dhcpcd --rebind eth0"),
        ("", "rdisc6 eth0"),
        ("connmand", "rdisc6 eth0"),
    ],
)
def test_an_advertised_route_is_brought_back_by_whoever_listens_to_the_router(owner: str, again: str) -> None:
    assert command("::/0 via fe80::1 dev eth0 proto ra metric 1024", owner) == again
    assert command("2001:db8:9::/64 via fe80::1 dev eth0 proto ra metric 1024", owner) == again


def test_where_the_kernel_listens_the_settings_that_make_it_deaf_are_named_first() -> None:
    found = remedy(ADVERTISED, build.link(ETH), "linux")
    assert found is not None
    assert "disable_ipv6, forwarding or accept_ra under net.ipv6.conf.eth0" in found.because
    assert "look at these first" in found.because

    known = remedy(ADVERTISED, replace(build.link(ETH), ipv6=Ipv6Settings()), "linux")
    assert known is not None
    assert known.because.endswith("the kernel sets it when it hears the router")


@pytest.mark.parametrize(
    ("owner", "again"),
    [
        ("NetworkManager", "nmcli device reapply eth0"),
        ("systemd-networkd", "networkctl renew eth0"),
        ("dhcpcd", "dhcpcd --rebind eth0"),
    ],
)
def test_a_leased_default_is_asked_of_the_daemon_that_leased_it(owner: str, again: str) -> None:
    found = remedy(LEASED, build.link(f"{ETH} configured_by {owner}"), "linux")
    assert found is not None
    assert found.command == again
    assert found.because.startswith(f"{owner} leased the address of eth0")


def test_where_nobody_is_known_to_lease_or_nobody_did_there_is_nobody_to_ask() -> None:
    assert remedy(LEASED, build.link(ETH), "linux") is None
    assert remedy(BY_HAND, build.link(f"{ETH} configured_by NetworkManager"), "linux") is None
    assert command("10.50.0.0/16 via 192.168.1.5 dev eth0 proto dhcp", "NetworkManager") is None


def test_on_a_mac_a_static_ipv6_default_and_other_routes_have_no_owner() -> None:
    en0 = build.link("en0 index 4 up carrier")
    assert remedy(row("default fe80::1%en0 UGScg en0"), en0, "macos") is None
    assert remedy(row("10.22/16 192.168.7.9 UGSc en0"), en0, "macos") is None


def test_an_odd_name_of_a_link_is_quoted() -> None:
    link = build.link("eth0;x index 2 up carrier")
    found = remedy(ADVERTISED, link, "linux")
    assert found is not None
    assert found.command == "rdisc6 'eth0;x'"


def test_what_a_router_advertises_is_told_by_its_signature_or_its_letters() -> None:
    assert is_advertised(ADVERTISED, "linux")
    assert not is_advertised(LEASED, "linux")
    assert not is_advertised(build.rule("100: from all lookup 7"), "linux")
    assert is_advertised(row("default fe80::1%en0 UGDAe en0"), "linux")  # net-tools
    assert not is_advertised(row("default fe80::1%en0 UG en0"), "linux")

    assert is_advertised(row("default fe80::1%en0 UGcg en0"), "macos")
    for line in (
        "default fe80::1%en0 UGScg en0",  # somebody's own
        "default fe80::%utun0 UGcIg utun0",  # each system utun has one
        "default 2001:db8::1 UGc en0",
        "default link#9 Ucg utun4",
        "default 192.168.7.1 UGcg en0",
    ):
        assert not is_advertised(row(line), "macos"), line
