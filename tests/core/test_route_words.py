"""What is typed to route(8) on macOS, for rows as netstat prints them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routewatch.core.model import PolicyRule, Route
from routewatch.core.route_words import Unsayable, route_words
from routewatch.core.steps import Action, Step

SPLIT = Route(family="inet", destination="10.20.0.0/16", gateway="10.8.0.5", interface="utun4", flags="UGSc")
DEFAULT = Route(family="inet", destination="0.0.0.0/0", gateway="192.168.7.1", interface="en0", flags="UGSc")
ON_LINK = Route(family="inet", destination="10.20.0.0/16", link="link#18", interface="utun4", flags="UCS")
INET6 = Route(family="inet6", destination="fd00:20::/48", link="utun4", interface="utun4", flags="USc")


def said(action: Action, route: Route) -> str:
    words = route_words(Step(action=action, route=route))
    return words.name if isinstance(words, Unsayable) else " ".join(words)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (SPLIT, "-inet -net 10.20.0.0/16"),
        (replace(SPLIT, scoped=True, flags="UGScI"), "-inet -net -ifscope utun4 10.20.0.0/16"),
        (DEFAULT, "-inet default"),
        (replace(DEFAULT, scoped=True, flags="UGScI"), "-inet -ifscope en0 default"),
        (replace(SPLIT, destination="203.0.113.7/32", flags="UGHS"), "-inet -host 203.0.113.7"),
        (replace(SPLIT, destination="203.0.113.7/32"), "-inet -net 203.0.113.7/32"),
        (replace(SPLIT, destination="0.0.0.0/1"), "-inet -net 0.0.0.0/1"),
        (INET6, "-inet6 -net fd00:20::/48"),
        (replace(INET6, destination="::/0", scoped=True), "-inet6 -ifscope utun4 default"),
        (replace(INET6, destination="fd00:20::5/128", flags="UHS"), "-inet6 -host fd00:20::5"),
        (replace(INET6, destination="fe80::/64", zone="utun4", scoped=True), "-inet6 -net fe80::%utun4/64"),
        (replace(INET6, destination="fe80::5/128", zone="en0", flags="UHS"), "-inet6 -host fe80::5%en0"),
        (replace(INET6, destination="ff00::/8", scoped=True), "-inet6 -net -ifscope utun4 ff00::/8"),
    ],
)
def test_a_delete_names_the_key_and_nothing_else(route: Route, words: str) -> None:
    assert said("delete", route) == f"-n delete {words}"


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (replace(SPLIT, destination="0.0.2.0/23"), "-inet 0.0.2.0 -prefixlen 23 -net"),
        (replace(SPLIT, destination="255.255.255.255/32"), "-inet 255.255.255.255 -prefixlen 32 -net"),
        (replace(INET6, destination="fd00:20::5/128"), "-inet6 fd00:20::5 -prefixlen 128 -net"),
        (replace(INET6, destination="fd00::5/128", scoped=True), "-inet6 -ifscope utun4 fd00::5 -prefixlen 128 -net"),
    ],
)
def test_networks_that_route_would_misread_are_given_their_length_behind_the_address(route: Route, words: str) -> None:
    assert said("delete", route) == f"-n delete {words}"


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (SPLIT, "-inet -net 10.20.0.0/16 10.8.0.5"),
        (DEFAULT, "-inet default 192.168.7.1"),
        (replace(DEFAULT, scoped=True, flags="UGScI"), "-inet -ifscope en0 default 192.168.7.1"),
        (replace(SPLIT, destination="203.0.113.7/32", flags="UGHS"), "-inet -host 203.0.113.7 10.8.0.5"),
        (ON_LINK, "-inet -net 10.20.0.0/16 -cloning -interface utun4"),
        (INET6, "-inet6 -net fd00:20::/48 -interface utun4"),
        (replace(SPLIT, gateway="127.0.0.1", flags="UGRS"), "-inet -net 10.20.0.0/16 -reject 127.0.0.1"),
        (replace(SPLIT, type="blackhole", gateway="127.0.0.1"), "-inet -net 10.20.0.0/16 -blackhole 127.0.0.1"),
        (replace(SPLIT, flags="UG1c"), "-inet -net 10.20.0.0/16 -proto1 -nostatic 10.8.0.5"),
        (replace(SPLIT, flags="US"), "-inet -net 10.20.0.0/16 -interface 10.8.0.5"),
        (replace(SPLIT, flags=""), "-inet -net 10.20.0.0/16 10.8.0.5"),
        (replace(SPLIT, metrics=(("mtu", 1280), ("cc_algo", "reno"))), "-inet -net 10.20.0.0/16 -mtu 1280 10.8.0.5"),
        (replace(INET6, gateway="fe80::1", flags="UGS"), "-inet6 -net fd00:20::/48 fe80::1%utun4"),
        (
            replace(INET6, gateway="fe80::1", gateway_zone="en0", flags="UGS"),
            "-inet6 -net fd00:20::/48 fe80::1%en0",
        ),
        (replace(INET6, gateway="fd00::1", flags="UGS"), "-inet6 -net fd00:20::/48 fd00::1"),
    ],
)
def test_an_add_says_what_the_route_was_like_and_where_it_led(route: Route, words: str) -> None:
    assert said("add", route) == f"-n add {words}"


@pytest.mark.parametrize(
    ("route", "name"),
    [
        (replace(SPLIT, unwritable=("interface name cut",)), "unwritable"),
        (replace(SPLIT, flags="UGHWIig"), "cloned"),
        (replace(SPLIT, flags="UHLS"), "link-layer"),
        (replace(SPLIT, scoped=True, interface=None), "no-scope"),
        (replace(INET6, destination="fe80::/64", zone="23", scoped=True), "link-gone"),
    ],
)
def test_what_route_must_not_or_can_not_be_told_has_a_named_reason(route: Route, name: str) -> None:
    assert said("delete", route) == said("add", route) == name


@pytest.mark.parametrize(
    ("route", "name"),
    [
        (replace(SPLIT, flags="UGHD"), "redirected"),
        (replace(ON_LINK, link="02:00:00:00:00:01"), "link-layer-gateway"),
        (replace(ON_LINK, interface=None), "no-way"),
    ],
)
def test_some_rows_can_be_deleted_but_not_made(route: Route, name: str) -> None:
    assert said("add", route) == name
    assert said("delete", route).startswith("-n delete -inet")


def test_a_replace_is_never_a_change_for_that_may_hit_another_route() -> None:
    assert said("replace", SPLIT) == "replace"


def test_there_are_no_policy_rules_to_route() -> None:
    words = route_words(Step(action="add", policy_rule=PolicyRule(family="inet")))

    assert isinstance(words, Unsayable)
    assert words.name == "no-route"
