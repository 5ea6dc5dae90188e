"""What known clients look like, and that what many have in common tells nobody."""

from __future__ import annotations

import pytest

from routewatch.core.signatures import (
    SIGNATURES,
    Signature,
    client_of_link,
    client_of_process,
    client_of_rule,
    client_of_table,
    client_processes,
    processes_of,
)
from tests import build


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("tun0 kind tun owner openvpn[1]", "openvpn"),
        ("tun0 kind tun owner acme-vpn[1]", "acme-vpn"),
        ("wg0 kind wireguard", "wg-quick"),
        ("office kind wireguard", "wg-quick"),
        ("tailscale0 kind tun", "tailscale"),
        ("tun0 kind tun", None),
        ("ppp0 kind ppp", None),
        ("eth0", None),
    ],
)
def test_a_link_is_its_holders_or_bears_a_clients_name(line: str, client: str | None) -> None:
    assert client_of_link(build.link(line)) == client


def test_the_kernel_cuts_the_names_of_processes() -> None:
    assert client_of_process("openvpn3-servic") == "openvpn3"
    assert client_of_process("open") is None


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("32765: not from all fwmark 0xca6c lookup 51820", "wg-quick"),
        ("32763: not from all fwmark 0xca6d lookup 51821", "wg-quick"),
        ("32764: from all lookup main suppress_prefixlength 0", "wg-quick"),
        ("5210: from all fwmark 0x80000/0xff0000 lookup main", "tailscale"),
        ("5270: from all lookup 52", "tailscale"),
        ("105: from all lookup 7120", "netbird"),
        ("9001: from all goto 9010", "sing-box"),
        ("220: from all lookup 220", "strongswan"),
        ("100: from all lookup 52", None),
        ("100: from all lookup 220", None),
        ("100: from all fwmark 0x99 lookup 100", None),
        ("1000: from all lookup [l3mdev-table]", None),
        ("32764: from 10.9.0.0/16 lookup main suppress_prefixlength 0", None),
        ("32764: from all iif eth1 lookup main suppress_prefixlength 0", None),
    ],
)
def test_a_rule_bears_a_mark_a_priority_with_its_table_or_a_telling_table(line: str, client: str | None) -> None:
    found = client_of_rule(build.rule(line))
    assert (None if found is None else found.client) == client


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("default dev wg0 table 51820", "wg-quick"),
        ("10.0.0.0/8 dev tailscale0 table 52", "tailscale"),
        ("10.0.0.0/8 dev eth0 table 52", None),
        ("10.0.0.0/8 dev eth0 table 220", None),
        ("10.0.0.0/8 dev eth0", None),
    ],
)
def test_a_table_of_a_popular_number_tells_only_on_the_clients_own_link(line: str, client: str | None) -> None:
    found = client_of_table(build.route(line))
    assert (None if found is None else found.client) == client


def test_clients_of_ones_own_are_known_by_what_the_configuration_says() -> None:
    own = (*SIGNATURES, Signature(client="acme", processes=("acmed",), interfaces=("acme*",)))
    assert client_of_process("acmed", own) == "acme"
    running = (build.process("acmed[7]"), build.process("bash[8]"), build.process("acme[9]"))
    assert [p.pid for p in processes_of("acme", running, own)] == [7, 9]


def test_the_names_of_all_clients_processes_are_told_as_the_kernel_cuts_them() -> None:
    names = client_processes()
    assert {"openvpn", "openvpn3-servic"} <= names
    assert all(len(name) <= 15 for name in names)
