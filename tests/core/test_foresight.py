"""What a plan will do to the table, seen before it is done."""

from __future__ import annotations

import random

from routewatch.core.foresight import Prospect, effect, loses_default
from routewatch.core.memory import Memory
from routewatch.core.scene import Scene
from routewatch.core.steps import Step
from tests import build

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "fe80::2/64")
OUT = build.link("eth1 index 3 up", "192.168.5.2/24")
RULES = build.rules("0: from all lookup local", "32766: from all lookup main")
LAN = "192.168.1.0/24 dev eth0 proto kernel"
DEFAULT = "default via 192.168.1.1 dev eth0"
PEER = "198.51.100.9"


def scene(*lines: str) -> Scene:
    return Scene(build.snapshot(routes=[LAN, *lines], links=[ETH, OUT], rules=RULES), Memory())


def delete(line: str) -> Step:
    return Step(action="delete", route=build.route(line))


def add(line: str) -> Step:
    return Step(action="add", route=build.route(line))


def test_the_default_that_leads_somewhere_is_missed() -> None:
    now = Prospect.of(scene(DEFAULT))
    assert now.usable_defaults() == {"inet"}
    assert loses_default(now, now.after(delete(DEFAULT)))


def test_a_default_over_a_cut_cable_or_into_a_blackhole_is_not_missed() -> None:
    assert (
        Prospect.of(scene("default via 192.168.5.1 dev eth1", "blackhole default metric 9")).usable_defaults() == set()
    )


def test_a_default_in_another_table_is_no_default_of_the_machine() -> None:
    assert Prospect.of(scene(f"{DEFAULT} table 100")).usable_defaults() == set()


def test_a_default_that_is_replaced_by_a_working_one_is_not_lost() -> None:
    now = Prospect.of(scene(DEFAULT))
    new = build.route("default via 192.168.1.254 dev eth0")
    after = now.after(Step(action="replace", route=new, replaces=build.route(DEFAULT)))
    assert after.usable_defaults() == {"inet"}
    assert after.answer("8.8.8.8").route == new


def test_the_prospect_of_a_whole_plan_is_that_of_its_steps_one_by_one() -> None:
    steps = [delete(DEFAULT), add("default via 192.168.1.254 dev eth0")]
    answer = Prospect.of(scene(DEFAULT), steps).answer("8.8.8.8")
    assert answer.route == steps[1].route


def test_rules_that_come_and_go_decide() -> None:
    rule = build.rule("100: from all lookup 7")
    now = Prospect.of(scene(DEFAULT, "blackhole default table 7"))
    with_rule = now.after(Step(action="add", policy_rule=rule))
    assert with_rule.answer("8.8.8.8").reason
    without = with_rule.after(Step(action="delete", policy_rule=rule))
    assert not without.answer("8.8.8.8").reason
    assert not without.after(Step(action="delete", policy_rule=rule)).answer("8.8.8.8").reason


def told(step: Step, *lines: str) -> str:
    after = Prospect.of(scene(*lines), [step])
    return effect(step, after, after.index())


def test_the_effect_says_where_the_traffic_will_go() -> None:
    server = "203.0.113.10 via 192.168.1.7 dev eth0"
    assert told(delete(server), server, DEFAULT) == "203.0.113.10/32 will go via 192.168.1.1 dev eth0 (by 0.0.0.0/0)"
    assert told(add("172.18.0.0/16 dev eth0")) == "172.18.0.0/16 will go dev eth0 (by 172.18.0.0/16)"


def test_the_effect_names_the_metric_of_the_twin_that_takes_over() -> None:
    near, far = f"{PEER} via 192.168.1.7 dev eth0 metric 10", f"{PEER} via 192.168.1.8 dev eth0 metric 20"
    assert told(delete(near), near, far).endswith(f"will go via 192.168.1.8 dev eth0 (by {PEER}/32 metric 20)")


def test_the_effect_says_where_nothing_answers_any_more() -> None:
    assert told(delete(DEFAULT), DEFAULT).startswith("0.0.0.0/0 will be answered: ")


def test_the_effect_names_several_next_hops_as_such() -> None:
    legs = "default nexthop via 192.168.1.1 dev eth0 nexthop via 192.168.1.2 dev eth0"
    assert told(delete("10.0.0.0/8 dev eth0"), "10.0.0.0/8 dev eth0", legs).endswith(
        "over several next hops (by 0.0.0.0/0)"
    )


def test_without_a_rule_the_rules_below_it_decide() -> None:
    rule = build.rule("9: from all lookup 7")
    assert told(Step(action="delete", policy_rule=rule)) == "the rules below it decide"
    assert told(Step(action="add", policy_rule=rule)) == ""


def test_a_step_of_nothing_changes_nothing() -> None:
    assert Prospect.of(scene(DEFAULT), [Step(action="add")]).usable_defaults() == {"inet"}


def test_what_is_played_on_a_table_answers_as_that_table_would() -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    prefixes = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32")
    zoo = [f"{each} via 192.168.1.{n} dev eth0 metric {n}" for each in prefixes for n in (3, 4, 5)]
    for _ in range(100):
        there = dice.sample(zoo, 8)
        gone, come = dice.sample(there, 4), dice.sample(sorted({*zoo} - {*there}), 4)
        prospect = Prospect.of(scene(*there), [*map(delete, gone), *map(add, come)])
        afterwards = Prospect.of(scene(*(line for line in there if line not in gone), *come))
        for peer in ("10.1.2.3", "10.1.2.4", "10.1.9.9", "10.9.9.9", "8.8.8.8"):
            assert prospect.answer(peer) == afterwards.answer(peer)


def test_a_prospect_goes_on_from_any_earlier_one() -> None:
    begun = Prospect.of(scene(DEFAULT))
    without = begun.after(delete(DEFAULT))
    assert without.answer("8.8.8.8").reason
    assert not begun.after(add("10.0.0.0/8 dev eth0")).answer("8.8.8.8").reason
    assert not without.after(add(DEFAULT)).answer("8.8.8.8").reason
    assert without.answer("8.8.8.8").reason
