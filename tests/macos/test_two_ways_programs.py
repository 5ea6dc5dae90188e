"""Two ways, one answer, for the other programs: route in our words, ifconfig, scutil, and who holds a utun."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from routewatch.core.route_words import Unsayable, route_words
from routewatch.core.steps import Step
from routewatch.host.macos import interfaces, netstat, owners, routecommand, services
from tests.macos.test_two_ways import RELEASES, as_seen, busy

if TYPE_CHECKING:
    from pathlib import Path

    from routewatch.core.model import Route
    from tests.macos.mac import Mac

ODD = (
    "-inet 0.0.2.0 -prefixlen 23 192.168.7.1",
    "-inet 255.255.255.255 -prefixlen 32 -net -ifscope en5 192.168.7.1",
    "-inet -net 198.51.100.0/24 -reject 127.0.0.1",
    "-inet -host 198.51.100.7 -blackhole 127.0.0.1",
    "-inet6 -net 2001:db8:9::/64 fe80::42:1%en0",
    "-inet6 2001:db8:9:1:: -prefixlen 128 -net -interface utun3",
    "-inet6 -host 2001:db8:9:2:: -interface utun3",
)


def full(folder: Path) -> Mac:
    mac = busy(folder, "15.0")
    for words in ODD:
        status, said, complaint = mac.tries_route(f"-n add {words}")
        assert routecommand.outcome("add", status, said, complaint) == "done"
    return mac


def rows(mac: Mac) -> dict[tuple[str, str, str, str | None], Route]:
    return {as_seen(route): route for route in netstat.parse(mac.netstat()).routes}


def comparable(route: Route) -> tuple[object, ...]:
    """Return what must come back: route(8) gives an on-link route the interface's name where configd gave link#N."""
    return (
        route.family,
        route.destination,
        route.zone,
        route.gateway,
        route.gateway_zone,
        route.interface,
        route.flags,
    )


def taken(mac: Mac, step: Step) -> object:
    words = route_words(step)
    assert not isinstance(words, Unsayable)
    said = mac.tries_route(" ".join(words))
    return routecommand.outcome("add" if step.action == "add" else "delete", *said)


def test_each_static_row_is_deleted_by_its_words_alone_and_comes_back_as_it_was(tmp_path: Path) -> None:
    mac = full(tmp_path)
    before = rows(mac)
    own = {seen: row for seen, row in before.items() if "S" in row.flags and not {"W", "L"} & set(row.flags)}
    assert len(own) > 20

    for number, (seen, route) in enumerate(own.items()):
        each = full(tmp_path / str(number))
        assert taken(each, Step(action="delete", route=route)) == "done"
        gone = before.keys() - rows(each).keys()
        assert seen in gone
        assert all("W" in before[other].flags for other in gone - {seen})
        assert taken(each, Step(action="delete", route=route)) == "absent"
        assert taken(each, Step(action="add", route=route)) == "done"
        assert comparable(route) in map(comparable, rows(each).values())
        assert taken(each, Step(action="add", route=route)) == "present"


def printed(mac: Mac, program: str, *arguments: str, said: str = "") -> str:
    command = [str(mac.folder / program), *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("release", RELEASES)
def test_who_holds_a_utun_is_told_by_both_programs(tmp_path: Path, release: str) -> None:
    mac = busy(tmp_path, release)
    by_sockets = owners.of_control_sockets(printed(mac, "netstat", "-anv", "-f", "systm"))
    by_files = owners.of_open_files(printed(mac, "lsof", "-nP"))

    assert {name: holder.pid for name, holder in by_sockets.items()} == {
        name: holder.pid for name, holder in by_files.items()
    }
    assert by_files["utun3"].name == "openvpn"


def test_links_are_read_as_they_are(tmp_path: Path) -> None:
    mac = busy(tmp_path, "26.0")
    listing = interfaces.parse(printed(mac, "ifconfig", "-v"))
    links = {link.name: link for link in listing.links}

    assert listing.unparsed == ()
    assert links["utun3"].kind == "utun"
    assert [(one.address, one.peer) for one in links["utun3"].addresses] == [("10.8.0.6", "10.8.0.5")]
    assert {agent.interface for agent in listing.agents if agent.is_vpn} == {"utun5"}


def test_the_services_are_read_as_they_are(tmp_path: Path) -> None:
    mac = busy(tmp_path, "26.0")
    asked = "".join(f"show State:/Network/Global/{family}\n" for family in ("IPv4", "IPv6"))
    inet, _inet6 = services.primaries(printed(mac, "scutil", said=asked))
    states = printed(mac, "scutil", "--nwi")

    assert inet is not None
    assert states.splitlines()[3].split()[0] == inet.interface
    assert [one.is_connected for one in services.connections(printed(mac, "scutil", "--nc", "list")) or ()] == [True]
