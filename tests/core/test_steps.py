from __future__ import annotations

from routewatch.core.steps import Step, inverse
from tests.build import route, rule

HOST = route("203.0.113.10 via 192.168.77.1 dev eth0")
OLD = route("default via 10.8.0.1 dev tun0")
NEW = route("default via 192.168.77.1 dev eth0 proto dhcp metric 100")


def test_a_delete_is_taken_back_by_adding_the_very_route() -> None:
    assert inverse(Step(action="delete", route=HOST)) == Step(action="add", route=HOST)


def test_an_added_rule_is_taken_back_by_deleting_it() -> None:
    mark = rule("100: from all fwmark 0x1 lookup 100")

    assert inverse(Step(action="add", policy_rule=mark)) == Step(action="delete", policy_rule=mark)


def test_a_replace_is_taken_back_by_putting_the_old_route_in_its_place() -> None:
    step = Step(action="replace", route=NEW, replaces=OLD)

    assert inverse(step) == Step(action="replace", route=OLD, replaces=NEW)


def test_taking_back_twice_leaves_what_is_done_and_the_group_it_is_done_in() -> None:
    step = Step(action="replace", route=NEW, replaces=OLD, group="g1", because="the tunnel is gone")

    again = inverse(inverse(step))

    assert (again.action, again.route, again.replaces, again.group) == ("replace", NEW, OLD, "g1")
