"""Which links are tunnels, which lead out, and who stands behind a tunnel."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.tunnels import doubt, is_container, is_held, is_tunnel, is_uplink, ownership, tunnels
from tests import build

OPENVPN = build.process("openvpn[1234]")
QUIET = build.snapshot()


@pytest.mark.parametrize(
    ("line", "addresses", "kind"),
    [
        ("tun0 kind tun", (), "tunnel"),
        ("wg0 kind wireguard", (), "tunnel"),
        ("ppp0 kind ppp", (), "tunnel"),
        ("tap0 kind tap", ("10.0.0.1/24",), "tunnel"),
        ("tap0 kind tap", (), "uplink"),
        ("tap0 kind tap master br0", ("10.0.0.1/24",), "container"),
        ("vnet0 kind tun", (), "container"),
        ("vnet0 kind tap", ("10.0.0.1/24",), "container"),
        ("gre1 kind gre", (), "uplink"),
        ("tun-office kind sit", (), "tunnel"),
        ("docker0 kind bridge", (), "container"),
        ("veth12 kind veth", (), "container"),
        ("eth0 master bond0", (), "container"),
        ("eth0", (), "uplink"),
        ("lo kind loopback", (), "neither"),
        ("dummy0 kind dummy", (), "neither"),
    ],
)
def test_a_link_is_a_tunnel_a_containers_or_leads_out(line: str, addresses: tuple[str, ...], kind: str) -> None:
    link = build.link(line, *addresses)
    assert (is_tunnel(link), is_uplink(link)) == (kind == "tunnel", kind == "uplink")
    assert is_container(link) is (kind == "container")


def test_a_tun_is_held_by_its_carrier_and_a_wireguard_link_by_being_up() -> None:
    assert is_held(build.link("tun0 kind tun up carrier"))
    assert not is_held(build.link("tun0 kind tun up"))
    assert is_held(build.link("wg0 kind wireguard up"))
    assert not is_held(build.link("wg0 kind wireguard"))


def test_the_tunnels_of_a_machine_are_found() -> None:
    seen = build.snapshot(links=["eth0 up carrier", "tun0 kind tun", "wg0 kind wireguard"])
    assert [link.name for link in tunnels(seen)] == ["tun0", "wg0"]


def test_a_carrier_or_an_open_descriptor_holds_a_tunnel() -> None:
    assert ownership(build.link("tun0 kind tun up carrier"), None, (), QUIET) == "holding"
    assert ownership(build.link("tun0 kind tun owner openvpn[1234]"), OPENVPN, (), QUIET) == "holding"


def test_a_client_without_its_tunnel_is_idle() -> None:
    assert ownership(None, OPENVPN, (), replace(QUIET, processes=(OPENVPN,))) == "idle"
    assert ownership(None, None, (OPENVPN,), QUIET) == "idle"


def test_a_process_with_the_pid_of_another_is_another() -> None:
    reused = build.process("openvpn[1234]", started=99)
    assert ownership(None, OPENVPN, (), replace(QUIET, processes=(reused,))) == "gone"


def test_who_could_not_be_looked_for_is_not_gone() -> None:
    assert ownership(None, OPENVPN, (), replace(QUIET, processes_seen=False)) == "unknown"
    assert ownership(None, None, (), QUIET) == "gone"


def test_of_a_utun_that_is_held_with_an_address_nobody_can_see_whether_it_is_connected() -> None:
    held = build.link("utun5 kind utun up carrier owner corpvpnd[71]", "10.8.0.6/32")
    assert doubt(held) == "utun5 is still held by corpvpnd (pid 71), which may be connected"
    assert doubt(replace(held, carrier=False)) == ""
    assert doubt(replace(held, owner=None)) == ""
    assert doubt(build.link("tun0 kind tun up carrier owner openvpn[1234]")) == ""  # its carrier is proof
