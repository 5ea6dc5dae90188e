from __future__ import annotations

import msgspec
from hypothesis import given

from routewatch.core.model import Link, PolicyRule, Route
from routewatch.render.objects import link_object, route_object, rule_object
from tests import strategies
from tests.build import link, route, rule

# As the design lists them
ROUTES = """
    family destination zone gateway gateway_zone link interface flags scoped expires table metric protocol scope type
    preferred_source source tos nexthops nexthop_id
"""
RULES = """
    family priority not source destination iif oif fwmark fwmask tos uid_range ip_protocol source_ports
    destination_ports action table goto suppress_prefixlength suppress_ifgroup l3mdev protocol
"""
LINKS = "name index kind up carrier mac addresses owner generation"
ROUTE_KEYS, RULE_KEYS, LINK_KEYS = (set(names.split()) for names in (ROUTES, RULES, LINKS))


def test_a_route_without_anything_has_every_key() -> None:
    assert set(route_object(Route(family="inet", destination="0.0.0.0/0"))) == ROUTE_KEYS


@given(of=strategies.routes())
def test_every_route_has_these_keys_and_is_plain_json(of: Route) -> None:
    found = route_object(of)

    assert set(found) - {"metrics", "unwritable"} == ROUTE_KEYS
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


def test_a_route_says_its_table_by_number_and_its_legs_as_objects() -> None:
    found = route_object(
        route("10.0.0.0/8 table main mtu 1400 nexthop via 10.8.0.1 dev tun0 weight 2 nexthop dev tun1")
    )

    assert found["table"] == 254
    assert found["metrics"] == {"mtu": 1400}
    assert found["nexthops"] == [
        {"gateway": "10.8.0.1", "interface": "tun0", "weight": 2, "flags": ""},
        {"gateway": None, "interface": "tun1", "weight": 1, "flags": ""},
    ]


def test_what_a_route_has_not_is_null_and_only_one_that_has_such_tells_of_metrics_and_what_cannot_be_written() -> None:
    found = route_object(route("default via 192.168.1.1 dev eth0"))

    assert (found["nexthops"], found["tos"]) == (None, None)
    assert found.keys().isdisjoint({"metrics", "unwritable"})
    assert (found["scoped"], found["flags"]) == (False, "")


def test_a_rule_has_every_key_and_its_ranges_are_lists() -> None:
    found = rule_object(rule("102: not from all uidrange 1000-2000 sport 500 lookup 51820"))

    assert set(found) == set(rule_object(PolicyRule(family="inet6"))) == RULE_KEYS
    assert (found["not"], found["uid_range"], found["source_ports"]) == (True, [1000, 2000], [500, 500])
    assert found["destination_ports"] is None


def test_a_link_shows_its_addresses_as_prefixes_and_its_owner_in_short() -> None:
    found = link_object(link("tun0 kind tun index 7 up owner openvpn[1234]", "10.8.0.2/24", "fe80::1/64"))

    assert set(found) == set(link_object(Link(name="lo", index=1, kind="loopback"))) == LINK_KEYS
    assert found["addresses"] == ["10.8.0.2/24", "fe80::1/64"]
    assert found["owner"] == "openvpn[1234]"
    assert link_object(link("eth0"))["owner"] is None
