"""An address without the route to its own prefix is wrong on any network, and needs no baseline to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.baselines import Series, next_baseline
from routewatch.core.memory import Memory
from routewatch.core.missing import find_missing
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.remarks import remarks
from routewatch.core.route_words import route_words
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict
from tests import build, build_macos
from tests.scenarios.story import ADMIN, DOCKER, ETH, HOME, LAN, LO, RA_DEFAULT, Story

if TYPE_CHECKING:
    from routewatch.core.model import Link
    from routewatch.core.snapshot import Snapshot

FOUR = build.link("eth0 index 2 up carrier", "192.168.77.20/24")
DEFAULT = "default via 192.168.77.1 dev eth0"
CONNECTED = "192.168.77.0/24 dev eth0 proto kernel src 192.168.77.20"


def seen(*lines: str, links: tuple[Link, ...] = (FOUR,), at: float = 0.0) -> Snapshot:
    return build.snapshot(routes=lines, links=links, at=at)


def found(now: Snapshot, memory: Memory = Memory()) -> list[Finding]:  # noqa: B008  # a frozen value
    return list(find_missing(Scene(now, memory)))


def with_flags(*flags: str, link: Link = FOUR) -> Link:
    return replace(link, addresses=tuple(replace(address, flags=flags) for address in link.addresses))


def test_on_a_machine_seen_for_the_first_time_it_should_come_back_as_the_kernel_makes_it() -> None:
    [one] = found(seen(DEFAULT))
    assert (one.verdict, one.confidence, one.rule) == (Verdict.MISSING, "likely", "address-without-route")
    assert one.because == "eth0 has the address 192.168.77.20, and no route leads to its prefix"
    assert one.route == build.route(CONNECTED)


def test_an_ipv6_prefix_set_by_hand_is_as_plain() -> None:
    [one] = found(
        seen("fe80::/64 dev eth0 proto kernel metric 256", links=(build.link("eth0 up carrier", "fd77::2/64"),))
    )
    assert one.route == build.route("fd77::/64 dev eth0 proto kernel metric 256")


def test_a_network_of_virtual_machines_is_missed_too() -> None:
    bridge = build.link("virbr0 kind bridge up carrier", "192.168.122.1/24")
    assert [one.row.destination for one in found(seen(links=(bridge,)))] == ["192.168.122.0/24"]


def test_it_is_told_once_for_all_addresses_of_a_prefix() -> None:
    two = build.link("eth0 up carrier", "192.168.77.20/24", "192.168.77.21/24")
    assert len(found(seen(links=(two,)))) == 1


def test_a_client_without_a_tunnel_may_have_evicted_it_and_would_again() -> None:
    [one] = found(replace(seen(), processes=(build.process("openvpn[7]"),)))
    assert (one.verdict, one.confidence) == (Verdict.UNCERTAIN, "uncertain")
    assert one.because.endswith("; a VPN client runs that may want it so")


def test_what_a_dead_tunnel_has_of_the_same_prefix_takes_nobodys_place() -> None:
    dead = build.link("tun0 kind tun index 7 up persistent")
    now = seen("192.168.77.0/24 dev tun0", links=(FOUR, dead))
    assert [one.rule for one in found(now)] == ["address-without-route"]


def test_where_a_proven_baseline_lacks_it_too_it_is_right_so() -> None:
    latest = next_baseline(seen(DEFAULT), Series(first=-1000.0), "periodic")
    memory = Memory(latest=latest, baselines={latest.id: latest})
    assert latest.proven
    assert found(seen(DEFAULT), memory) == []

    first = replace(latest, proven=False)  # it may hold the damage already
    assert [one.rule for one in found(seen(DEFAULT), Memory(latest=first))] == ["address-without-route"]


def test_one_that_went_without_a_vpn_is_missed_all_the_same() -> None:
    story = Story()
    story.remove(LAN)
    story.look()
    assert story.missing() == {"192.168.77.0/24 dev eth0 metric 100 proto kernel": "likely"}
    assert story.rulings()["192.168.77.0/24 dev eth0 metric 100 proto kernel"] == "gone-since-baseline"


def test_the_cleanup_puts_it_back_before_what_needs_it() -> None:
    story = Story((ADMIN, DOCKER, RA_DEFAULT, *HOME[5:]), links=(LO, ETH), quiet=0)
    story.clean()
    assert "192.168.77.0/24 dev eth0 proto kernel" in story.table()
    assert story.plan().steps == ()


VLAN = build.link("eth0.7 kind vlan up carrier", "192.168.77.21/24")


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(seen(CONNECTED), id="it is there"),
        pytest.param(seen(CONNECTED + " metric 100"), id="it is there, by another's hand"),
        pytest.param(
            seen("192.168.77.0/24 via 192.168.77.1 dev eth0 onlink"), id="all goes by the router, as in clouds"
        ),
        pytest.param(seen("192.168.77.0/24 dev eth0 table 100"), id="it is in a table of its own"),
        pytest.param(seen("blackhole 192.168.77.0/24"), id="somebody refuses it on purpose"),
        pytest.param(seen("192.168.77.0/24 dev eth0.7", links=(FOUR, VLAN)), id="another link of the network has it"),
        pytest.param(seen(links=(with_flags("noprefixroute"),)), id="its owner makes the route himself"),
        pytest.param(seen(links=(with_flags("secondary"),)), id="a secondary address"),
        pytest.param(
            seen(links=(with_flags("mngtmpaddr", "dynamic", link=build.link("eth0 up carrier", "2001:db8::2/64")),)),
            id="the router did not say that the prefix is on the link",
        ),
        pytest.param(seen(links=(build.link("eth0 up carrier", "192.168.77.20/32"),)), id="a host's address"),
        pytest.param(seen(links=(build.link("eth0 up carrier", "10.0.0.1 peer 10.0.0.2/24"),)), id="a peer's"),
        pytest.param(seen(links=(build.link("eth0 up carrier", "169.254.3.4/16", "fe80::2/64"),)), id="link-local"),
        pytest.param(seen(links=(replace(FOUR, carrier=False),)), id="no carrier"),
        pytest.param(seen(links=(replace(FOUR, master="blue"),)), id="a VRF's port"),
        pytest.param(seen(links=(build.link("lo kind loopback up carrier", "10.1.0.1/24"),)), id="the loopback's"),
        pytest.param(seen(links=(build.link("kube-ipvs0 kind dummy up carrier", "10.96.0.1/24"),)), id="a dummy's"),
        pytest.param(
            seen(links=(FOUR, build.link("tun0 kind tun up carrier owner openvpn[7]", "10.8.0.2/24"))),
            id="a tunnel is up",
        ),
        pytest.param(replace(seen(), unsure=("inet",)), id="the table moves"),
        pytest.param(replace(seen(), complete=False), id="the table is a part"),
        pytest.param(replace(seen(), processes_seen=False), id="nobody could look who runs"),
    ],
)
def test_nothing_is_missing_where(now: Snapshot) -> None:
    assert found(now) == []


def test_what_a_person_keeps_as_it_is_stays_so() -> None:
    assert found(seen(), Memory(kept=frozenset({"192.168.77.0/24"}))) == []


# ------------------------------------------------------------------------------------------------------------- macOS

WIFI = build.link("en0 kind ether index 4 up carrier", "192.168.7.57/24", "2001:db8:7::57/64")


def on_a_mac(*lines: str) -> Snapshot:
    rows = tuple(map(build_macos.row, lines))
    return replace(build.snapshot(routes=rows, links=[WIFI]), platform="macos")


def test_on_a_mac_the_step_is_bound_to_the_interface_and_the_owner_stands_beside_it() -> None:
    scene = Scene(on_a_mac("default 192.168.7.1 UGScg en0"), Memory())
    [one] = find_missing(scene)
    assert (one.verdict, one.rule, one.row.destination) == (Verdict.MISSING, "address-without-route", "192.168.7.0/24")
    [step] = plan((one,), scene, Wishes(login_peers=())).steps
    assert " ".join(route_words(step)) == "-n add -inet -net 192.168.7.0/24 -cloning -interface en0"
    assert [remark.remedy for remark in remarks(scene)] == ["sudo ipconfig set en0 DHCP"]


def test_on_a_mac_a_row_that_is_only_scoped_is_another_uplinks_turn() -> None:
    assert found(on_a_mac("192.168.7 link#4 UCSI en0")) == []


# ------------------------------------------------------------------------------------------------------ whose it is


@pytest.mark.parametrize(
    ("owner", "again"),
    [("NetworkManager", "nmcli device reapply eth0"), ("systemd-networkd", "networkctl reconfigure eth0")],
)
def test_the_daemon_that_gave_the_address_is_asked_first(owner: str, again: str) -> None:
    scene = Scene(seen(DEFAULT, links=(replace(FOUR, configured_by=owner),)), Memory())
    [remark] = remarks(scene)
    assert (remark.remedy, remark.because) == (
        again,
        f"{owner} configures eth0, and the routes of its addresses are its own",
    )


@pytest.mark.parametrize(
    ("bridge", "runtime"),
    [("docker0", "Docker"), ("br-0123456789ab", "Docker"), ("virbr0", "libvirt"), ("podman0", "Podman")],
)
def test_a_runtime_is_named_and_has_no_command_that_leaves_its_containers_alone(bridge: str, runtime: str) -> None:
    link = build.link(f"{bridge} kind bridge up carrier", "172.17.0.1/16")
    scene = Scene(seen(links=(link,)), Memory())
    [remark] = remarks(scene)
    assert remark.remedy == ""
    assert remark.because.startswith(f"{runtime} made {bridge}")


def test_a_bridge_of_ones_own_has_no_other_owner() -> None:
    assert remarks(Scene(seen(links=(build.link("br-lab kind bridge up carrier", "10.3.0.1/24"),)), Memory())) == ()
