from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.addresses import covers, prefix
from routewatch.core.index import Index, Query
from routewatch.core.lookup import NOWHERE, Answer, lookup
from tests import strategies
from tests.build import route, rule, rules

if TYPE_CHECKING:
    from routewatch.core.model import Family, Route

DEFAULT = "default via 192.168.1.1 dev eth0"
HALF = "0.0.0.0/1 via 10.8.0.1 dev tun0"


def answer(lines: list[str], policy: list[str], destination: str, query: Query | None = None) -> Answer:
    return lookup([route(line) for line in lines], [rule(line) for line in policy], destination, query or Query())


def way(lines: list[str], destination: str, query: Query | None = None) -> Route | None:
    return answer(lines, [], destination, query).route


def tables(*policy: str, query: Query | None = None) -> str:
    """Say which of the tables 1 to 4 (each has a default, over the link of its number) the rules lead to."""
    lines = [f"default via 192.168.1.{n} dev eth{n} table {n}" for n in range(1, 5)]
    found = answer(lines, list(policy), "203.0.113.10", query)
    return found.reason or str(found.table)


def test_the_longest_prefix_wins() -> None:
    assert way([DEFAULT, HALF], "1.2.3.4") == route(HALF)
    assert way([DEFAULT, HALF], "203.0.113.10") == route(DEFAULT)


def test_of_one_prefix_the_lowest_metric_wins_then_the_first() -> None:
    lines = [f"{DEFAULT} metric 600", f"{DEFAULT} metric 100 proto dhcp", f"{DEFAULT} metric 100 proto ra"]

    assert way(lines, "1.1.1.1") == route(lines[1])


def test_a_metric_that_net_tools_prints_below_zero_is_the_worst() -> None:
    real, null = route(f"{DEFAULT} metric 600"), replace(route("unreachable default"), metric=-1)

    assert lookup([null, real], [], "1.1.1.1").route == real


def test_the_very_type_of_service_comes_before_the_metric() -> None:
    lines = ["10.0.0.0/8 via 192.168.1.1 dev eth0 metric 5", "10.0.0.0/8 via 192.168.1.2 dev eth0 tos 16 metric 9"]

    assert way(lines, "10.1.1.1", Query(tos=16)) == route(lines[1])
    assert way(lines, "10.1.1.1", Query(tos=8)) == route(lines[0])


def test_where_nothing_matches_there_is_no_route() -> None:
    assert answer(["10.0.0.0/8 dev eth0"], [], "11.0.0.1") == NOWHERE
    assert answer([], [], "2001:db8::1") == NOWHERE


def test_without_rules_the_kernels_own_three_apply_and_two_for_ipv6() -> None:
    lines = [f"{DEFAULT} table default", "local 192.168.1.10 dev eth0", "default via fe80::1 dev eth0 table default"]

    assert answer(lines, [], "192.168.1.10").table == 255
    assert answer(lines, [], "192.168.1.11").table == 253
    assert answer(lines, [], "2001:db8::1") == NOWHERE


@pytest.mark.parametrize("kind", ["unreachable", "blackhole", "prohibit"])
@pytest.mark.parametrize(("anywhere", "inside"), [("10.0.0.0/8", "10.1.1.1"), ("fd00::/8", "fd00::1")])
def test_a_rejecting_route_is_the_answer_and_its_type_the_reason(kind: str, anywhere: str, inside: str) -> None:
    found = answer([f"{kind} {anywhere} metric 20"], [], inside)

    assert (found.route, found.reason) == (route(f"{kind} {anywhere} metric 20"), kind)


def test_a_throw_leaves_its_table_to_the_next_rule() -> None:
    lines = ["throw 10.0.0.0/8 table 1", "default dev eth1 table 1", "default dev eth0"]

    found = answer(lines, ["100: from all lookup 1", "200: from all lookup main"], "10.1.1.1")

    assert found.route == route("default dev eth0")


def test_a_dead_route_is_passed_over_for_a_wider_one() -> None:
    assert way([DEFAULT, f"{HALF} dead linkdown"], "1.2.3.4") == route(DEFAULT)


def test_a_route_without_carrier_is_taken_unless_the_system_ignores_those() -> None:
    down = f"{HALF} linkdown"

    assert way([DEFAULT, down], "1.2.3.4") == route(down)
    assert way([DEFAULT, down], "1.2.3.4", Query(ignore_linkdown=True)) == route(DEFAULT)


def test_one_leg_alive_keeps_a_route_alive() -> None:
    legs = "0.0.0.0/1 nexthop via 10.0.0.1 dev tun0 dead nexthop via 10.0.0.2 dev tun1"

    assert way([DEFAULT, legs], "1.2.3.4") == route(legs)
    assert way([DEFAULT, f"{legs} dead"], "1.2.3.4") == route(DEFAULT)


def test_a_bound_socket_takes_the_longest_prefix_on_its_interface() -> None:
    assert way([DEFAULT, HALF], "1.2.3.4", Query(oif="eth0")) == route(DEFAULT)
    assert way([DEFAULT, "blackhole 1.0.0.0/8"], "1.2.3.4", Query(oif="eth0")) == route("blackhole 1.0.0.0/8")


def test_an_ipv6_interface_binds_only_while_the_source_is_open() -> None:
    lines = ["2001:db8::/32 dev tun0 metric 1", "2001:db8::/32 dev eth0 metric 1", "default via fe80::1 dev wlan0"]

    assert way(lines, "2001:db8::1", Query(oif="wlan0")) == route(lines[2])
    assert way(lines, "2001:db8::1", Query(oif="wlan0", source="fd00::1")) == route(lines[0])
    assert way(lines, "2001:db8::1", Query(oif="eth0", source="fd00::1")) == route(lines[1])


def test_a_zone_says_the_outgoing_interface() -> None:
    lines = [f"fe80::/64 dev {name} proto kernel metric 256" for name in ("eth0", "tun0")]

    assert way(lines, "fe80::1%tun0") == route(lines[1])


def test_of_two_ipv6_routers_the_preferred_one_is_taken() -> None:
    lines = [f"default via fe80::{n} dev eth0 proto ra pref {word}" for n, word in enumerate(("low", "medium", "high"))]

    assert way(lines, "2001:db8::1") == route(lines[2])


def test_a_source_specific_route_is_for_its_sources_only_the_narrowest_first() -> None:
    wide, narrow = "default from 2001:db8::/32 dev tun0", "default from 2001:db8:1::/48 dev tun1"
    lines = ["default via fe80::1 dev eth0", wide, narrow]

    assert way(lines, "2620::1", Query(source="2001:db8:1::7")) == route(narrow)
    assert way(lines, "2620::1", Query(source="2001:db8:2::7")) == route(wide)
    assert way(lines, "2620::1", Query(source="fd00::7")) == route(lines[0])
    assert way(lines, "2620::1") == route(lines[0])


def test_a_prefix_with_source_specific_routes_of_other_sources_is_passed_over_as_the_kernel_does() -> None:
    lines = ["2000::/3 dev eth0", "2620::/16 dev eth1", "2620::/16 from 2001:db8::/32 dev tun0"]

    assert way(lines, "2620::1", Query(source="fd00::7")) == route(lines[0])


def test_a_prefix_passed_over_at_first_is_looked_at_on_the_way_back() -> None:
    lines = ["2620:1::/32 dev eth2", "2620::/16 dev eth1", "2620::/16 from 2001:db8::/32 dev tun0", "::/0 dev eth1"]

    assert way(lines, "2620:1::1", Query(oif="eth1")) == route(lines[1])
    assert way(lines[1:], "2620:1::1", Query(oif="eth1")) == route(lines[3])


def test_a_source_specific_route_that_is_dead_leaves_the_way_to_wider_ones_of_its_prefix() -> None:
    lines = ["2620::/16 dev eth1", "2620::/16 from 2001:db8::/32 dev tun0 dead", "2620::/16 from 2001::/16 dev tun1"]

    assert way(lines, "2620::1", Query(source="2001:db8::7")) == route(lines[2])
    assert way(lines[:2], "2620::1", Query(source="2001:db8::7")) == route(lines[0])


def test_rules_are_asked_by_priority_and_equal_ones_in_their_order() -> None:
    assert tables("200: from all lookup 2", "100: from all lookup 1") == "1"
    assert tables("100: from all lookup 2", "100: from all lookup 1") == "2"


def test_a_rule_whose_table_has_no_way_leaves_the_word_to_the_next() -> None:
    assert tables("100: from all lookup 9", "200: from all lookup 2") == "2"
    assert tables("100: from all lookup 9") == "no route"


@pytest.mark.parametrize(
    ("selector", "query"),
    [
        ("from 10.0.0.0/8", Query(source="10.1.1.1")),
        ("from all to 203.0.113.0/24", Query()),
        ("from all iif eth7", Query(iif="eth7")),
        ("from all iif lo", Query()),
        ("from all oif eth1", Query(oif="eth1")),
        ("from all fwmark 0xca6c", Query(fwmark=0xCA6C)),
        ("from all fwmark 0x10/0xf0", Query(fwmark=0xA1F)),
        ("from all fwmark 0x0/0x1", Query(fwmark=0x2)),
        ("from all tos 0x10", Query(tos=0x10)),
        ("from all uidrange 1000-2000", Query(uid=1500)),
        ("from all uidrange 0-0", Query()),
        ("from all ipproto 17", Query(ip_protocol=17)),
        ("from all sport 500", Query(source_port=500)),
        ("from all dport 80-90", Query(destination_port=90)),
    ],
)
def test_a_rule_selects_the_packets_it_describes_and_not_turns_that_round(selector: str, query: Query) -> None:
    assert tables(f"100: {selector} lookup 1", "200: from all lookup 2", query=query) == "1"
    assert answer(["default dev eth1 table 1"], [f"100: not {selector} lookup 1"], "203.0.113.10", query) == NOWHERE


@pytest.mark.parametrize(
    ("selector", "query"),
    [
        ("from 10.0.0.0/8", Query()),
        ("from 10.0.0.0/8", Query(source="11.1.1.1")),
        ("from all to 198.51.100.0/24", Query()),
        ("from all iif eth7", Query()),
        ("from all iif lo", Query(iif="eth7")),
        ("from all oif eth1", Query()),
        ("from all fwmark 0xca6c", Query()),
        ("from all tos 0x10", Query()),
        ("from all uidrange 1000-2000", Query(uid=2001)),
        ("from all ipproto 17", Query(ip_protocol=6)),
        ("from all sport 500", Query()),
        ("from all dport 80-90", Query(destination_port=91)),
        ("from all l3mdev", Query()),
    ],
)
def test_a_rule_leaves_other_packets_alone(selector: str, query: Query) -> None:
    verb = "" if "l3mdev" in selector else "lookup 1"

    assert answer(["default dev eth1 table 1"], [f"100: {selector} {verb}"], "203.0.113.10", query) == NOWHERE


@pytest.mark.parametrize("action", ["unreachable", "blackhole", "prohibit"])
def test_a_rule_may_reject_by_itself(action: str) -> None:
    found = answer([DEFAULT], [f"100: from all {action}", "200: from all lookup main"], "1.1.1.1")

    assert (found.route, found.rule, found.reason) == (None, rule(f"100: from all {action}"), action)


def test_goto_jumps_ahead_and_falls_through_where_its_target_is_missing() -> None:
    assert tables("100: from all goto 300", "200: from all lookup 2", "300: from all lookup 3") == "3"
    assert tables("100: from all goto 250", "200: from all lookup 2", "300: from all lookup 3") == "2"


def test_nop_does_nothing() -> None:
    assert tables("100: from all nop", "200: from all lookup 2") == "2"


def test_wg_quicks_rules_send_all_but_the_specific_routes_into_the_tunnel() -> None:
    lines = [DEFAULT, "192.168.1.0/24 dev eth0 proto kernel", "default dev wg0 table 51820"]
    policy = ["32764: from all lookup main suppress_prefixlength 0", "32765: not from all fwmark 0xca6c lookup 51820"]
    policy += ["32766: from all lookup main"]

    assert answer(lines, policy, "203.0.113.10").table == 51820
    assert answer(lines, policy, "192.168.1.7").route == route(lines[1])
    assert answer(lines, policy, "203.0.113.10", Query(fwmark=0xCA6C)).route == route(DEFAULT)


def test_a_rule_for_packets_of_a_kind_that_we_cannot_name_is_passed_over() -> None:
    foreign = replace(rule("100: from all lookup 1"), unwritable=("tun_id",))

    assert lookup([route("default dev eth1 table 1")], [foreign], "1.1.1.1") == NOWHERE


def test_a_rejecting_route_is_never_suppressed_for_its_length() -> None:
    policy = ["100: from all lookup 1 suppress_prefixlength 8", "200: from all lookup main"]

    assert answer([DEFAULT, "blackhole default table 1"], policy, "1.1.1.1").reason == "blackhole"


def test_an_unknown_interface_group_suppresses_nothing() -> None:
    assert tables("100: from all lookup 1 suppress_ifgroup 7", "200: from all lookup 2") == "1"


def test_rules_of_the_other_family_say_nothing() -> None:
    policy = rules("100: from all blackhole", family="inet6")

    assert lookup([route(DEFAULT)], policy, "1.1.1.1").route == route(DEFAULT)


def test_text_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        lookup([], [], "vpn.example.org")


@given(data=st.data(), family=strategies.families)
def test_the_index_finds_what_a_search_through_all_routes_finds(data: st.DataObject, family: Family) -> None:
    drawn = data.draw(st.lists(strategies.routes(family), max_size=15))
    rows = [replace(each, table=254, source=None, tos=None) for each in drawn]
    destination = data.draw(strategies.addresses(family))

    found = Index(rows).choose(254, destination)

    holding = [each for each in rows if covers(each.destination, destination)]
    best = min(holding, key=lambda each: (-prefix(each.destination).prefixlen, each.metric), default=None)
    assert found == best


@given(data=st.data(), family=strategies.families)
def test_every_answer_holds_its_destination_and_says_its_table(data: st.DataObject, family: Family) -> None:
    rows = data.draw(st.lists(strategies.routes(family), max_size=15))
    destination = data.draw(strategies.addresses(family))

    found = lookup(rows, [rule("100: from all lookup 51820"), rule("200: from all lookup main")], destination)

    if found.route:
        assert covers(found.route.destination, destination)
        assert found.route.table == found.table
        assert found.route.type != "throw"
    else:
        assert found == NOWHERE
