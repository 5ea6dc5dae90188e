from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.core import addresses
from routewatch.core.model import Address, Family
from tests import strategies
from tests.build import route


def test_a_prefix_loses_its_host_bits() -> None:
    assert str(addresses.prefix("10.8.0.2/24")) == "10.8.0.0/24"
    assert str(addresses.address("2001:DB8::1")) == "2001:db8::1"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "tun0", ""])
def test_text_that_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        addresses.prefix(text)


@pytest.mark.parametrize(
    ("outer", "inner", "answer"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "10.0.0.0/8", True),
        ("10.0.0.0/8", "10.0.0.0/7", False),
        ("10.0.0.0/8", "11.0.0.0/9", False),
        ("0.0.0.0/0", "::/0", False),
        ("::/0", "0.0.0.0/0", False),
        ("fe80::/10", "fe80::1", True),
    ],
)
def test_a_prefix_covers_what_lies_within_it_and_is_of_its_family(outer: str, inner: str, answer: bool) -> None:  # noqa: FBT001 the expected answer, one of a table's columns
    assert addresses.covers(outer, inner) is answer


@given(data=st.data(), family=strategies.families)
def test_of_two_prefixes_one_covers_the_other_or_they_share_nothing(data: st.DataObject, family: Family) -> None:
    one, other = data.draw(strategies.prefixes(family)), data.draw(strategies.prefixes(family))

    overlap = addresses.prefix(one).overlaps(addresses.prefix(other))

    assert (addresses.covers(one, other) or addresses.covers(other, one)) == overlap


def test_an_address_connects_its_prefix_and_a_point_to_point_one_its_peer() -> None:
    assert addresses.connected_prefix(Address(address="192.168.1.10", prefix_length=24)) == "192.168.1.0/24"
    assert addresses.connected_prefix(Address(address="10.8.0.6", prefix_length=32, peer="10.8.0.5")) == "10.8.0.5/32"


def test_a_default_matches_every_destination_from_every_source() -> None:
    assert addresses.is_default(route("default via 192.168.1.1 dev eth0"))
    assert addresses.is_default(route("default via fe80::1 dev eth0"))
    assert not addresses.is_default(route("default via fe80::1 dev eth0 from 2001:db8::/64"))
    assert not addresses.is_default(route("0.0.0.0/1 via 10.8.0.1 dev tun0"))


def test_halves_are_what_vpn_clients_lay_over_a_default() -> None:
    assert addresses.is_half_default(route("128.0.0.0/1 via 10.8.0.1 dev tun0"))
    assert addresses.is_half_default(route("2000::/4 dev tun0"))
    assert not addresses.is_half_default(route("default dev tun0"))


def test_a_host_route_leads_to_a_single_address() -> None:
    host = route("203.0.113.10 via 192.168.1.1 dev eth0")

    assert addresses.is_host(host)
    assert addresses.host_address(host) == "203.0.113.10"
    assert addresses.is_host(route("2001:db8::1 dev eth0"))
    assert not addresses.is_host(route("203.0.113.10/31 dev eth0"))


def test_link_local_is_known_in_both_families() -> None:
    assert addresses.is_link_local("fe80::/64")
    assert addresses.is_link_local("169.254.7.7")
    assert not addresses.is_link_local("192.168.1.1")
