"""Each release's table, printed from random routes and read back: what was printed is what is read."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.model import Family, Route
from routewatch.host.macos.netstat import parse
from tests.host.macos.printer import GENERATIONS, Generation, table, widths

INTERFACES = ("en0", "en12", "lo0", "utun0", "utun4", "utun1000", "bridge100", "vmnet10", "vboxnet0", "ipsec0")
INDEXES = {name: number for number, name in enumerate(INTERFACES, 4)}
MACS = st.lists(st.integers(0, 255), min_size=6, max_size=6).map(lambda o: ":".join(f"{n:02x}" for n in o))
INET_FLAGS = ("UCS", "UGSc", "UGScI", "UmCS", "UC", "UGdCSc", "UHS", "UGHS", "UHLWIir", "UHW3Ig", "UGHWIig")
INET6_FLAGS = ("UGcIg", "UCI", "UcI", "USc", "UGSc", "UmCI", "UHLI", "UHLWIi", "UHS", "UGHS")


@st.composite
def addresses(draw: st.DrawFn, family: Family) -> str:
    """Draw an address: low ones, high ones, and such with many zeros."""
    if family == "inet":
        octets = draw(st.lists(st.sampled_from([0, 1, 10, 127, 128, 172, 191, 192, 224, 255]), min_size=4, max_size=4))
        return ".".join(map(str, octets))
    groups = draw(st.lists(st.sampled_from([0, 0, 1, 0xFD00, 0x2001, 0xABCD]), min_size=7, max_size=7))
    return ":".join(f"{n:x}" for n in [draw(st.sampled_from([0x2001, 0xFD7A, 0xFE80, 0xFF02, 0, 0x8000])), *groups])


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Draw a route that the kernel could hold."""
    family: Family = draw(st.sampled_from(("inet", "inet6")))
    flags = draw(st.sampled_from(INET_FLAGS if family == "inet" else INET6_FLAGS))
    interface = draw(st.sampled_from(INTERFACES))
    longest = 32 if family == "inet" else 128
    length = longest if "H" in flags else draw(st.integers(0, longest))
    network = ip_network(f"{draw(addresses(family))}/{length}", strict=False)
    if int(network.network_address) == 0 and (length > 8 if family == "inet" else length > 0):
        network = ip_network("10.8.0.0/16" if family == "inet" else "fd00::/64")
        flags = flags.replace("H", "")
    route = Route(family=family, destination=str(network), flags=flags, interface=interface, scoped="I" in flags)
    if family == "inet6" and re.match("fe80:|ff02:", route.destination):
        route = replace(route, zone=interface)
    return replace(route, expires=draw(st.sampled_from((None, "!", 1, 1200, 99999))), **draw(gateways(route)))


@st.composite
def gateways(draw: st.DrawFn, route: Route) -> dict[str, str]:
    """Draw a gateway that fits the flags."""
    if "G" not in route.flags:
        mac, name = draw(MACS), route.interface or ""
        return {"link": draw(st.sampled_from((mac, name, f"link#{INDEXES.get(name)}")))}
    if route.family == "inet":
        return {"gateway": draw(st.sampled_from(("192.168.7.1", "255.255.255.254", "10.0.0.1")))}
    if draw(st.booleans()):
        return {"gateway": "fe80::1:2ff:fe03:4", "gateway_zone": route.interface or ""}
    return {"gateway": draw(st.sampled_from(("fd7a:115c:a1e0::", "2001:db8:1234:5678:9abc:def0:1234:5678")))}


def as_printed(route: Route, generation: Generation) -> Route:
    """Return what is left of a route on paper: its interface cut to the column, and marked where it may be cut."""
    name, width = route.interface or "", widths(generation, route.family)[2]
    expires = None if route.expires == "!" and not generation.padded else route.expires
    cut = name[:width]
    unwritable = ("interface name cut",) if len(cut) == width and not re.fullmatch(r".*\D0", cut) else ()
    return replace(route, interface=cut, expires=expires, unwritable=unwritable)


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)
@given(drawn=st.lists(routes(), min_size=1, max_size=12))
def test_what_a_release_prints_is_read_back(generation: Generation, drawn: list[Route]) -> None:
    in_order = sorted(drawn, key=lambda route: route.family)

    reading = parse(table(generation, in_order))

    assert list(reading.routes) == [as_printed(route, generation) for route in in_order]
    assert reading.unparsed == ()
    assert reading.torn == ()
    assert reading.families == {route.family for route in drawn}


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)
@given(drawn=st.lists(routes(), min_size=1, max_size=12), first=st.integers(0, 11))
def test_the_rows_alone_say_the_same(generation: Generation, drawn: list[Route], first: int) -> None:
    in_order = [route for route in sorted(drawn, key=lambda route: route.family) if route.destination != "::/0"]
    whole = table(generation, in_order).splitlines()
    piece = [line for line in whole if line and not line.startswith(("Routing", "Internet", "Destination"))][first:]

    reading = parse("".join(f"{line}\n" for line in piece))

    def told(route: Route) -> Route:
        return replace(route, unwritable=())

    assert list(map(told, reading.routes)) == [told(as_printed(r, generation)) for r in in_order[first:]]
