from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hypothesis import given
from msgspec.structs import replace

from routewatch.core.steps import Step
from routewatch.render.command import command
from tests import strategies
from tests.build import route, rule

if TYPE_CHECKING:
    from routewatch.core.model import Route


def test_a_delete_names_every_attribute_of_the_route() -> None:
    step = Step(action="delete", route=route("203.0.113.10 via 192.168.77.1 dev eth0 table 7 metric 5 mtu lock 1400"))

    assert command(step) == (
        "ip route del 203.0.113.10/32 via 192.168.77.1 dev eth0 table 7 proto boot metric 5 mtu lock 1400"
    )


def test_metric_0_is_left_out_for_ip_takes_it_for_any() -> None:
    assert command(Step(action="delete", route=route("default via 192.168.77.1 dev eth0"))) == (
        "ip route del default via 192.168.77.1 dev eth0 proto boot"
    )


def test_ipv6_routes_are_named_to_ip_as_such() -> None:
    assert command(Step(action="add", route=route("2000::/4 dev tun0"))) == (
        "ip -6 route add 2000::/4 dev tun0 proto boot metric 1024"
    )


def test_a_replace_names_the_new_route() -> None:
    step = Step(action="replace", route=route("default via 10.0.0.1 dev a"), replaces=route("default dev tun0"))

    assert command(step) == "ip route replace default via 10.0.0.1 dev a proto boot"


def test_a_scope_is_named_where_ip_would_choose_another() -> None:
    assert "scope" not in command(Step(action="add", route=route("10.0.0.0/8 via 10.0.0.1 dev a")))
    assert "scope global" in command(Step(action="add", route=route("10.0.0.0/8 dev a scope global")))
    assert "scope link" in command(Step(action="add", route=route("10.0.0.0/8 dev a")))


def test_a_local_row_of_the_table_main_names_its_table() -> None:
    assert "table 254" in command(Step(action="delete", route=route("local 10.9.9.9 dev eth0 table main")))


def test_a_nexthop_object_says_where_to_and_nothing_else_does() -> None:
    step = Step(action="delete", route=route("10.0.0.0/8 nhid 7 via 192.168.77.1 dev eth0"))

    assert command(step) == "ip route del 10.0.0.0/8 nhid 7 proto boot"


def test_an_expiry_is_given_to_a_new_route_only() -> None:
    mortal = route("2001:db8::/32 dev eth0 expires 60")

    assert "expires 60" in command(Step(action="add", route=mortal))
    assert "expires" not in command(Step(action="delete", route=mortal))


def test_a_rule_is_named_by_its_priority_and_all_it_says() -> None:
    step = Step(action="delete", policy_rule=rule("32765: not from all fwmark 0xca6c lookup 51820"))

    assert command(step) == "ip rule del priority 32765 not from all fwmark 0xca6c lookup 51820"


def test_legs_are_named_with_their_weights_and_flags() -> None:
    legs = "nexthop via 10.0.0.1 dev a weight 2 onlink nexthop dev b weight 1"

    assert command(Step(action="add", route=route(f"10.0.0.0/8 {legs}"))) == (
        f"ip route add 10.0.0.0/8 proto boot {legs}"
    )


def test_a_local_route_of_global_scope_says_so_for_ip_would_make_it_host() -> None:
    assert "scope global" in command(Step(action="add", route=route("local 10.9.9.9 dev a scope global")))


def test_a_step_without_an_object_is_no_command() -> None:
    assert command(Step(action="add")) == ""


def test_a_hostile_interface_name_stays_one_word() -> None:
    printed = command(Step(action="delete", route=replace(route("10.0.0.0/8 dev X"), interface="a;reboot")))

    assert "'a;reboot'" in printed
    assert "a;reboot" in shlex.split(printed)


def test_control_characters_in_a_name_are_written_for_the_shell_and_not_sent_to_the_terminal() -> None:
    printed = command(Step(action="delete", route=replace(route("10.0.0.0/8 dev X"), interface="a'\x1b[2J\\")))

    assert r"dev $'a\'\x1b[2J\\'" in printed


@given(of=strategies.routes())
def test_every_command_is_one_printable_line_that_reads_back_as_its_route(of: Route) -> None:
    words = shlex.split(command(Step(action="add", route=of)))
    words = words[words.index("add") + 1 :]

    assert replace(route(" ".join(words), of.family), zone=of.zone) == of
