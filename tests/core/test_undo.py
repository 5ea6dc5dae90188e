"""How a cleanup is taken back: its steps turned round, the last first, and under the same checks."""

from __future__ import annotations

from routewatch.core.refusals import Protection, Wishes
from routewatch.core.steps import Step
from routewatch.core.undo import plan_undo
from tests import build
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, SERVER, Story, text

RULE = "900: from all fwmark 0x7 lookup 777"


def cleaned() -> tuple[Story, tuple[Step, ...]]:
    story = Story()
    openvpn_connects(story, adds=(SERVER, RULE))
    dies(story)
    return story, story.clean()


def told(story: Story, steps: tuple[Step, ...], wishes: Wishes = Wishes(login_peers=())) -> list[tuple[str, str]]:  # noqa: B008  # a frozen value
    return [(step.action, text(step.route or step.policy_rule)) for step in plan_undo(steps, story.scene, wishes).steps]


def test_what_was_deleted_last_comes_back_first() -> None:
    story, steps = cleaned()
    assert [text(step.route or step.policy_rule) for step in steps] == [
        "900: fwmark 0x7 lookup 777",
        f"{SERVER[:12]}/32{SERVER[12:]}",
    ]
    assert told(story, steps) == [
        ("add", "203.0.113.10/32 via 192.168.77.1 dev eth0"),
        ("add", "900: fwmark 0x7 lookup 777"),
    ]


def test_what_is_back_already_needs_no_step() -> None:
    story, steps = cleaned()
    story.add(SERVER, RULE)
    assert told(story, steps) == []


def test_a_restored_default_is_not_taken_away_again_where_it_is_the_last() -> None:
    story = Story()
    openvpn_connects(story, takes=(DHCP_DEFAULT,), adds=())
    dies(story)
    steps = story.clean()
    undo = plan_undo(steps, story.scene, Wishes(login_peers=()))
    assert (undo.steps, [refusal.rule for refusal in undo.refused]) == ((), ["last-default"])


def test_a_restored_route_stood_in_the_baseline_and_may_go_again_all_the_same() -> None:
    story = Story()
    openvpn_connects(story, takes=("10.50.0.0/16 via 192.168.77.5 dev eth0",), adds=())
    dies(story)
    steps = story.clean()
    assert told(story, steps) == [("delete", "10.50.0.0/16 via 192.168.77.5 dev eth0")]


def test_what_is_kept_or_protected_by_now_comes_back_all_the_same() -> None:
    story, steps = cleaned()
    wishes = Wishes(login_peers=(), protect=Protection(destinations=("203.0.113.0/24",), tables=(777,)))
    story.kept = frozenset({"203.0.113.10/32"})
    undo = plan_undo(steps, story.scene, wishes)
    assert (len(undo.steps), undo.refused) == (2, ())


def test_a_restored_route_that_is_kept_or_protected_by_now_is_not_taken_away_again() -> None:
    story = Story()
    openvpn_connects(story, takes=("10.50.0.0/16 via 192.168.77.5 dev eth0",), adds=())
    dies(story)
    steps = story.clean()
    protecting = Wishes(login_peers=(), protect=Protection(destinations=("10.0.0.0/8",)))
    assert [refusal.rule for refusal in plan_undo(steps, story.scene, protecting).refused] == ["protected"]
    story.kept = frozenset({"10.50.0.0/16"})
    assert [refusal.rule for refusal in plan_undo(steps, story.scene, Wishes(login_peers=())).refused] == ["kept"]


def test_a_replace_is_turned_round() -> None:
    story = Story()
    old, new = (
        build.route("10.50.0.0/16 via 192.168.77.5 dev eth0"),
        build.route("10.50.0.0/16 via 192.168.77.6 dev eth0"),
    )
    story.host.remove(old)
    story.host.add(new)
    [step] = plan_undo([Step(action="replace", route=new, replaces=old)], story.scene, Wishes(login_peers=())).steps
    assert (step.action, step.route, step.replaces) == ("replace", old, new)
