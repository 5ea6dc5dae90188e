"""Addresses as the BSDs print them: what they mean, and which can't be meant."""

from __future__ import annotations

import pytest

from routewatch.host.macos.cells import Gateway, gateway, inet6_destination, inet_destination, link_layer_address


@pytest.mark.parametrize("text", ["256.0.0.0/8", "10/33", "10.8.0.1/24", "10.8", "10&0xff00", "10.8.", "host7", ""])
def test_what_is_no_ipv4_network_is_not_understood(text: str) -> None:
    assert inet_destination(text, host=False) is None


def test_a_host_has_all_four_octets() -> None:
    assert inet_destination("10.8.0", host=True) is None


@pytest.mark.parametrize("text", ["fe80::1::2/64", "fe80::1/64", "fd00::/129", "fd00::", "::1/64", "10.8/24", ":/0"])
def test_what_is_no_ipv6_network_is_not_understood(text: str) -> None:
    assert inet6_destination(text, host=False) is None


@pytest.mark.parametrize(
    ("printed", "prefix"),
    [
        ("::ffff:0.0.0.0/96", "::ffff:0:0/96"),
        ("::127.0.0.0/104", "::7f00:0/104"),
        ("::ffff:192.0.2.0/120", "::ffff:c000:200/120"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_an_ipv6_prefix_is_written_in_one_way(printed: str, prefix: str) -> None:
    destination = inet6_destination(printed, host=False)

    assert destination is not None
    assert destination.prefix == prefix


def test_eight_groups_with_colons_are_an_address_and_with_dots_a_link_layer_address() -> None:
    assert gateway("20:11:22:33:44:55:66:77") == Gateway("20:11:22:33:44:55:66:77")
    assert gateway("0.11.22.ff.fe.33.44.55") == Gateway(link="00:11:22:ff:fe:33:44:55")


def test_four_groups_with_dots_are_an_address() -> None:
    assert link_layer_address("10.0.0.1") is None
    assert gateway("10.0.0.1") == Gateway("10.0.0.1")


@pytest.mark.parametrize("text", ["10.0.0.256", "10.0.0.1/32", "fe80::1%en0/64", "12345::1", "router", "a.b.c.d.e.f.g"])
def test_what_is_no_gateway_is_not_understood(text: str) -> None:
    assert gateway(text) is None
