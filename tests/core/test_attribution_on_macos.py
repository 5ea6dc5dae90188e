"""Whose doing a row of macOS is: its kernel tells a request to add as it was made, mostly without an interface."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.attribution import Ledger
from routewatch.core.model import Author, Change, Route
from tests import build, build_macos

CLIENT = Author(kind="process", process=build.process("openvpn[71]"))


def asked(line: str, *, interface: str | None = None, gateway: str | None = "") -> Change:
    """Return what the routing socket tells of a request for this row."""
    row = build_macos.row(line)
    route = replace(row, interface=interface, gateway=row.gateway if gateway == "" else gateway)
    return Change(action="add", at=build.moment(7.0), author=CLIENT, route=route)


def author(line: str, *changes: Change) -> Author | None:
    found = Ledger(changes).added(build_macos.row(line))
    return found.author if found else None


@pytest.mark.parametrize(
    "line",
    [
        "10.20/16 10.8.0.5 UGSc utun4",
        "203.0.113.9 192.168.7.1 UGHS en0",
        "default 192.168.7.1 UGScg en0",
        "2001:db8:5::/48 fe80::1%utun4 UGSc utun4",
    ],
)
def test_the_row_is_its_who_asked_for_it_by_its_gateway(line: str) -> None:
    assert author(line, asked(line)) == CLIENT


def test_a_row_that_names_its_interface_is_found_by_it() -> None:
    line = "10.20/16 utun4 USc utun4"
    assert author(line, asked(line, interface="utun4")) == CLIENT


def test_the_last_word_on_a_row_counts() -> None:
    somebody = replace(asked("10.20/16 10.8.0.5 UGSc utun4"), author=Author(kind="routewatch"))
    assert author("10.20/16 10.8.0.5 UGSc utun4", asked("10.20/16 10.8.0.5 UGSc utun4"), somebody) == somebody.author


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(asked("10.20/16 192.168.7.1 UGSc en0"), id="by another gateway"),
        pytest.param(asked("10.20/16 10.8.0.5 UGScI utun4"), id="for traffic that is bound to the interface"),
        pytest.param(asked("10.20/17 10.8.0.5 UGSc utun4"), id="of another length"),
        pytest.param(replace(asked("10.20/16 10.8.0.5 UGSc utun4"), action="delete"), id="that it should go"),
    ],
)
def test_what_was_asked_otherwise_is_another_row(other: Change) -> None:
    assert author("10.20/16 10.8.0.5 UGSc utun4", other) is None


def test_a_row_of_linux_is_its_who_named_it_in_full() -> None:
    row = Route(family="inet", destination="10.20.0.0/16", gateway="10.8.0.5", interface="tun0")
    request = Change(action="add", at=build.moment(7.0), author=CLIENT, route=replace(row, interface=None))
    assert Ledger([request]).added(row) is None
