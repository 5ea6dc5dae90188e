"""Two ways, one answer: what the stand-in prints, the program's own translators read back as what it meant.

Neither was written from the other, so where they disagree one of them has misread Darwin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.host.macos import netstat, routecommand
from tests.macos.mac import Mac

if TYPE_CHECKING:
    from pathlib import Path

    from routewatch.core.model import Route

RELEASES = ("10.12", "10.14", "11.0", "11.6", "13.0", "15.0", "26.4")


def busy(folder: Path, release: str) -> Mac:
    """Return a Mac with a bit of everything."""
    mac = Mac(folder / "mac", release)
    mac.join_wifi("192.168.7.0/24", router6="fe80::42:1")
    mac.plug_ethernet("172.20.10.0/28")
    mac.system_utuns(3)
    mac.connect_utun(routes=["0.0.0.0/1", "128.0.0.0/1", "10.77.0.0/14", "10.9.0.0/24", "::/1"], server="203.0.113.7")
    mac.connect_utun(
        client="wireguard-go", routes=["10.44.0.0/16", "fd00:9::/64"], address="10.44.0.2", peer="10.44.0.2"
    )
    mac.connect_network_extension(routes=["100.64.0.0/10", "fd7a:1::53/128"])
    mac.contacts("100.65.1.1")
    return mac


def as_seen(route: Route) -> tuple[str, str, str, str | None]:
    """Return a route in the words of the stand-in's own list."""
    address, _, length = route.destination.partition("/")
    zone = f"%{route.zone}" if route.zone else ""
    gateway = route.gateway + (f"%{route.gateway_zone}" if route.gateway_zone else "") if route.gateway else route.link
    return f"{address}{zone}/{length}", colons(gateway or ""), route.flags, route.interface


def colons(gateway: str) -> str:
    """Write a link-layer address with colons and two digits, as routes have it."""
    octets = gateway.replace(".", ":").split(":")
    is_layer = len(octets) == 6 and "link" not in gateway and all(octets)
    return ":".join(octet.rjust(2, "0") for octet in octets) if is_layer else gateway


@pytest.mark.parametrize("release", RELEASES)
def test_the_table_reads_back_as_it_is(tmp_path: Path, release: str) -> None:
    mac = busy(tmp_path, release)
    reading = netstat.parse(mac.netstat())
    meant = sorted((row.destination, colons(row.gateway), row.flags, row.interface) for row in mac.table())
    assert sorted(map(as_seen, reading.routes)) == meant
    assert (reading.unparsed, reading.torn) == ((), ())


@pytest.mark.parametrize("release", RELEASES)
def test_a_table_that_is_torn_is_known_for_one(tmp_path: Path, release: str) -> None:
    mac = busy(tmp_path, release)
    mac.begins_to_detach("utun2")
    assert netstat.parse(mac.netstat()).torn != ()


@pytest.mark.parametrize(
    ("action", "words", "outcome"),
    [
        ("delete", "-inet default", "done"),
        ("delete", "-inet -net 10.9.0.0/16", "absent"),
        ("add", "-inet default 192.168.7.9", "present"),
        ("add", "-inet -host 203.0.113.7 192.168.7.1", "done"),
    ],
)
def test_what_route_says_is_understood(mac: Mac, action: str, words: str, outcome: str) -> None:
    assert action in ("add", "delete")
    said = mac.tries_route(f"-n {action} {words}")
    assert routecommand.outcome("add" if action == "add" else "delete", *said) == outcome


def test_a_lack_of_privilege_is_no_outcome(mac: Mac) -> None:
    refused = routecommand.outcome("delete", 77, "", "route: must be root to alter routing table\n")
    assert isinstance(refused, routecommand.Refused)
    assert mac.rows("default") != ()
