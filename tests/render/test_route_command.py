from __future__ import annotations

from msgspec.structs import replace

from routewatch.core.model import PolicyRule, Route
from routewatch.core.steps import Step
from routewatch.render.route_command import route_command

ROUTE = Route(family="inet", destination="10.20.0.0/16", gateway="10.8.0.5", interface="utun4", flags="UGSc")


def test_a_leftover_is_shown_with_the_command_that_deletes_it() -> None:
    assert route_command(Step(action="delete", route=ROUTE)) == "route -n delete -inet -net 10.20.0.0/16"


def test_a_replace_is_shown_as_the_two_commands_that_it_takes() -> None:
    step = Step(action="replace", route=replace(ROUTE, gateway="192.168.7.1"), replaces=ROUTE)

    assert route_command(step) == (
        "route -n delete -inet -net 10.20.0.0/16 && route -n add -inet -net 10.20.0.0/16 192.168.7.1"
    )


def test_what_can_not_be_said_as_a_whole_is_no_command() -> None:
    cloned = replace(ROUTE, flags="UGHW")

    assert route_command(Step(action="delete", route=cloned)) == ""
    assert route_command(Step(action="replace", route=ROUTE, replaces=cloned)) == ""
    assert route_command(Step(action="add", policy_rule=PolicyRule(family="inet"))) == ""


def test_a_name_from_outside_stays_one_word_and_is_not_sent_to_the_terminal() -> None:
    scoped = replace(ROUTE, scoped=True, interface="utun4;\x1b[2J")

    assert "-ifscope $'utun4;\\x1b[2J' 10.20.0.0/16" in route_command(Step(action="delete", route=scoped))
