"""A routing daemon beside a VPN: what BGP learns is nobody's leftover, what it withdraws no loss."""

from __future__ import annotations

from time import process_time

from tests.scenarios.clients import OPENVPN, dies
from tests.scenarios.story import HOME, LEFT_SERVER, SERVER, Story

MANY = 1500
LEARNT = tuple(f"20.{n >> 8}.{n & 255}.0/24 via 192.168.77.1 dev eth0 proto bird metric 32" for n in range(MANY))


def a_vpn_has_just_come_up(*learnt: str) -> Story:
    story = Story((*HOME, *learnt), heard=False)
    story.runs(OPENVPN)
    story.up(f"tun0 kind tun index 7 up carrier point_to_point owner {OPENVPN}", "10.8.0.6/24")
    story.add(SERVER)
    story.look()
    story.wait(5)
    return story


def test_routes_withdrawn_right_after_a_vpn_came_up_are_not_put_back() -> None:
    story = a_vpn_has_just_come_up(*LEARNT)
    story.remove(*LEARNT[:3])
    story.wait(5)
    dies(story)

    assert (set(story.left()), story.missing()) == ({LEFT_SERVER}, {})
    assert {step.action for step in story.plan().steps} == {"delete"}


def test_routes_learnt_right_after_a_vpn_came_up_are_not_its_leftovers() -> None:
    story = a_vpn_has_just_come_up()
    story.add(*LEARNT[:3])
    story.wait(5)
    dies(story)

    assert story.left().keys() == {LEFT_SERVER}


def test_a_withdrawn_default_of_a_routing_daemon_is_not_put_back_either() -> None:
    default = "default via 192.168.77.1 dev eth0 proto bird metric 32"
    story = Story((*HOME[1:], default))
    story.remove(default)
    story.wait(60)

    assert story.missing() == {}
    assert story.rulings()["0.0.0.0/0 via 192.168.77.1 dev eth0 metric 32 proto bird"] == "routing-daemon"


def time_to_judge(lost: int) -> float:
    """Return the CPU seconds that it takes to judge the loss of so many routes."""
    story = a_vpn_has_just_come_up(*(line.replace("proto bird", "proto static") for line in LEARNT[:lost]))
    for entry in [r for r in story.host.routes if r.destination.startswith("20.")]:
        story.host.remove(entry)
    story.wait(5)
    dies(story)
    begun = process_time()
    assert len(story.missing()) == lost
    return process_time() - begun


def test_a_loss_of_many_routes_is_judged_in_a_time_that_grows_with_their_number_only() -> None:
    few = min(time_to_judge(MANY // 10) for _ in range(3))

    # Ten times is what it takes, a hundred with every row sought in the whole baseline
    assert time_to_judge(MANY) < 40 * few
