"""A look at a Mac: what it costs, what it tells of tunnels, and what it makes of programs that misbehave."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Router
from routewatch.core.tunnels import is_held, is_tunnel, is_uplink, tunnels
from routewatch.errors import ObservationError, StateError
from routewatch.host.macos.kernel import MacHost
from routewatch.host.packed import packed
from tests.macos.mac import Mac

if TYPE_CHECKING:
    from pathlib import Path

    from routewatch.core.model import Link
    from routewatch.host.macos.programs import Paths
    from routewatch.host.port import Host


def link(host: Host, name: str) -> Link:
    found = host.observe().link(name)
    assert found is not None
    return found


def test_it_is_a_host(host: MacHost) -> None:
    whole: Host = host

    now = whole.observe()
    assert (now.platform, now.complete, now.unparsed) == ("macos", True, ())
    assert now.place == whole.place()
    assert whole.doorbell() is None  # this is no Mac
    host.close()


def test_every_row_of_the_table_is_there(mac: Mac, host: MacHost) -> None:
    routes = host.observe().routes

    assert len(routes) == sum(len(line.split()) >= 4 for line in mac.netstat().splitlines()) - 2  # without two headers
    assert {route.interface for route in routes.values()} == {"lo0", "en0", "awdl0"}


def test_an_idle_mac_costs_one_netstat_and_one_ifconfig(mac: Mac, host: MacHost) -> None:
    mac.system_utuns(4)
    mac.forget_calls()

    host.observe()
    assert mac.calls() == [["netstat", "-rn"], ["ifconfig", "-v"]]


def test_a_look_never_costs_more_than_is_allowed(mac: Mac, host: MacHost) -> None:
    mac.system_utuns(2)
    mac.connect_utun(routes=["10.9.0.0/16"])
    mac.connect_network_extension("Office", routes=["10.20.0.0/16"])
    mac.connect_network_extension("Lab", "com.example.lab", address="10.30.0.9", routes=["10.30.0.0/16"])
    mac.forget_calls()

    host.observe()
    counted = Counter(call[0] for call in mac.calls())
    assert counted == {"netstat": 1, "ifconfig": 1, "lsof": 1, "scutil": 1}


def test_the_router_is_asked_for_where_no_default_is_there(mac: Mac, host: MacHost) -> None:
    assert host.observe().routers == ()

    mac.route("-n delete -inet default")
    mac.forget_calls()
    assert host.observe().routers == (Router(family="inet", interface="en0", address="192.168.7.1"),)
    assert mac.calls("scutil") == [["scutil"]]

    mac.misbehaves("scutil", "fail")
    assert host.observe().routers == ()
    mac.lacks("scutil")
    assert host.observe().routers == ()

    mac.leave_wifi()
    mac.forget_calls()
    assert host.observe().routers == ()
    assert mac.calls("scutil") == []


def test_only_what_carries_a_vpn_is_a_tunnel(mac: Mac, host: MacHost) -> None:
    mac.system_utuns(3)
    mac.docker_bridge()
    vpn = mac.connect_utun(client="openvpn", routes=["10.9.0.0/16"], server="203.0.113.9")

    now = host.observe()
    assert [x.name for x in tunnels(now)] == [vpn.name]
    assert [x.name for x in now.links if is_uplink(x)] == ["en0"]
    held = link(host, vpn.name)
    assert is_held(held)
    assert held.owner is not None
    assert (held.owner.name, held.owner.pid) == ("openvpn", vpn.pid)
    assert held.owner in now.processes


def test_a_connected_network_extension_carries_its_traffic_and_a_disconnected_one_does_not(
    mac: Mac, host: MacHost
) -> None:
    office = mac.connect_network_extension("Office", routes=["10.20.0.0/16"])
    assert is_held(link(host, office.name))

    office.adds(f"-inet6 -net 2001:db8:99::/48 -interface {office.name}")
    office.keeps_its_utun_open()
    left = link(host, office.name)
    assert is_tunnel(left)
    assert not is_held(left)
    assert left.owner is not None


@pytest.mark.parametrize("mode", ["fail", "garbage", "empty"])
def test_where_scutil_can_not_tell_a_marked_tunnel_is_taken_for_connected(mac: Mac, host: MacHost, mode: str) -> None:
    """One whose only addresses are link-local, for which nothing else speaks."""
    office = mac.connect_network_extension("Office", routes=["10.20.0.0/16"])
    office.loses_its_address()
    assert is_held(link(host, office.name))

    mac.misbehaves("scutil", mode)
    assert is_held(link(host, office.name))


def test_a_utun_that_a_daemon_of_the_system_holds_is_the_systems_whatever_its_address(mac: Mac, host: MacHost) -> None:
    calling = mac.connect_utun(client="CommCenter", routes=["10.9.0.0/16"])

    assert link(host, calling.name).kind == "system"


def test_a_utun_made_anew_is_another_link(mac: Mac, host: MacHost) -> None:
    before = mac.connect_utun(routes=["10.9.0.0/16"])
    first = link(host, before.name)
    before.killed()
    again = mac.connect_utun(routes=["10.9.0.0/16"])

    second = link(host, again.name)
    assert (second.name, second.index) == (first.name, first.index)
    assert second.identity != first.identity


def test_who_may_not_see_the_holders_knows_nobody_to_be_gone(mac: Mac, host: MacHost) -> None:
    vpn = mac.connect_utun(routes=["10.9.0.0/16"])
    assert host.observe().processes_seen
    mac.is_not_root()

    assert not host.observe().processes_seen
    assert is_held(link(host, vpn.name))  # its address tells
    vpn.loses_its_address()
    assert not is_held(link(host, vpn.name))


def test_the_routers_mac_address_tells_one_network_from_another(host: MacHost) -> None:
    [router] = [each for each in host.observe().neighbours if each.address == "192.168.7.1"]

    assert (router.interface, router.mac, router.state) == ("en0", "3c:37:86:7c:05:0e", "reachable")
    assert all(each.address != "192.168.7.57" for each in host.observe().neighbours)  # ourselves


def test_stored_routes_are_read_by_the_codec_they_name(host: MacHost) -> None:
    table = host.observe().routes

    codec = host.codec(table.codec.name, {})
    assert [codec.decode(each) for each in codec.split(table.chunks)] == list(table.values())
    assert packed(table.values()).same_bytes(table)
    with pytest.raises(StateError):
        host.codec("rtnetlink/1", {})


# ------------------------------------------------------------------------------------------------- programs misbehave


def test_a_netstat_that_hangs_ends_the_look(mac: Mac, paths: Paths) -> None:
    mac.misbehaves("netstat", "hang")

    with pytest.raises(ObservationError, match=r"netstat did not answer within 0\.3 s"):
        MacHost(paths._replace(timeout=0.3)).observe()


@pytest.mark.parametrize("program", ["netstat", "ifconfig", "lsof"])
def test_a_missing_program_is_named_with_its_setting(mac: Mac, host: MacHost, program: str) -> None:
    mac.connect_utun(routes=["10.9.0.0/16"])
    mac.lacks(program)

    with pytest.raises(ObservationError, match=f"{program} can't be run") as caught:
        host.observe()
    assert f"[macos] {program}" in caught.value.hint


@pytest.mark.parametrize("mode", ["empty", "cut", "torn first", "garbage"])
def test_a_table_that_can_not_be_relied_on_is_incomplete(mac: Mac, host: MacHost, mode: str) -> None:
    mac.misbehaves("netstat", mode)
    mac.forget_calls()

    assert not host.observe().complete
    assert len(mac.calls("netstat")) == 3


def test_a_table_that_was_torn_once_is_read_again(mac: Mac, host: MacHost) -> None:
    mac.misbehaves("netstat", "torn first", times=1)

    assert host.observe().complete
    assert len(mac.calls("netstat")) == 2


@pytest.mark.parametrize("release", ["15.4", "26.3"])
def test_a_dump_that_failed_never_means_that_all_is_gone(tmp_path: Path, paths: Paths, release: str) -> None:
    """From 26.3 on netstat exits 0 all the same, with a title and no rows."""
    mac = Mac(tmp_path / "mac", release=release)
    mac.misbehaves("netstat", "fail")

    if release == "26.3":
        assert not MacHost(paths).observe().complete
        return
    with pytest.raises(ObservationError, match="netstat failed: netstat: sysctl"):
        MacHost(paths).observe()


def test_an_ifconfig_that_fails_ends_the_look(mac: Mac, host: MacHost) -> None:
    mac.misbehaves("ifconfig", "fail")

    with pytest.raises(ObservationError, match="ifconfig failed: ifconfig: socket"):
        host.observe()


def test_an_lsof_that_fails_leaves_it_open_who_holds_a_tunnel(mac: Mac, host: MacHost) -> None:
    vpn = mac.connect_utun(routes=["10.9.0.0/16"])
    mac.misbehaves("lsof", "fail")

    assert not host.observe().processes_seen
    assert is_held(link(host, vpn.name))
