"""wg-quick's endings: rules in both families, a table of its own, and a rule that all its tunnels share."""

from __future__ import annotations

import pytest

from tests.scenarios.clients import OPENVPN, WG_RULES, dies, openvpn_connects, wireguard_up
from tests.scenarios.story import HOME, LEFT_SERVER, SERVER, Story, cleans_exactly

SHORT_RULES = {
    "32764: lookup 254 suppress 0",
    "32765: not fwmark 0xca6c lookup 51820",
    "32764: lookup 254 suppress 0 inet6",
    "32765: not fwmark 0xca6c lookup 51820 inet6",
}


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def test_a_full_tunnel_that_is_up_is_left_alone(story: Story) -> None:
    wireguard_up(story)
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_a_clean_down_leaves_nothing(story: Story) -> None:
    wireguard_up(story)
    with story.by("ip[601]", "wg-quick[600]"):
        story.remove(*WG_RULES)
    dies(story, "wg0")
    assert (story.left(), story.missing(), story.uncertain()) == ({}, {}, set())


def test_a_killed_tunnel_leaves_its_rules_in_both_families(story: Story) -> None:
    wireguard_up(story)
    dies(story, "wg0")
    assert story.left() == dict.fromkeys(SHORT_RULES, sure(story))
    cleans_exactly(story, *HOME)


def test_rules_are_found_also_when_nobody_saw_the_tunnel() -> None:
    story = Story((*HOME, *WG_RULES), quiet=0)
    assert story.left() == dict.fromkeys(SHORT_RULES, "likely")
    cleans_exactly(story, *HOME)


def test_the_shared_rule_stays_while_another_tunnel_is_up(story: Story) -> None:
    wireguard_up(story)
    second = ("32762: from all lookup main suppress_prefixlength 0", "32763: not from all fwmark 0xca6d lookup 51821")
    wireguard_up(story, name="wg1", table=51821, rules=second)
    dies(story, "wg0")
    assert story.left().keys() == {
        "32765: not fwmark 0xca6c lookup 51820",
        "32765: not fwmark 0xca6c lookup 51820 inet6",
    }
    steps = story.clean()
    assert {"32764: lookup 254 suppress 0", "32762: lookup 254 suppress 0"} <= story.table()
    dies(story, "wg1")
    assert story.left().keys() == {
        "32762: lookup 254 suppress 0",
        "32763: not fwmark 0xca6d lookup 51821",
        "32764: lookup 254 suppress 0",
        "32764: lookup 254 suppress 0 inet6",
    }
    assert len(steps) == 2


def test_the_rules_of_a_killed_tunnel_serve_the_next_one_and_go_with_it(story: Story) -> None:
    wireguard_up(story)
    dies(story, "wg0")
    again = tuple(line.replace("32764", "32762").replace("32765", "32763") for line in WG_RULES)
    wireguard_up(story, rules=again)
    assert (story.left(), story.missing()) == ({}, {})
    dies(story, "wg0")
    assert len(story.left()) == 8
    cleans_exactly(story, *HOME)


def test_an_endpoint_route_of_postup_is_the_clients(story: Story) -> None:
    with story.by("ip[501]", "bash[502]", "wg-quick[500]"):
        story.up("wg0 kind wireguard up carrier point_to_point", "10.9.0.2/32")
        story.add("0.0.0.0/1 dev wg0", "128.0.0.0/1 dev wg0", SERVER)
    story.look()
    story.wait(120)
    dies(story, "wg0")
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME)


def test_a_userspace_wireguard_is_held_by_its_process(story: Story) -> None:
    story.runs("wireguard-go[700]")
    with story.by("ip[501]", "wg-quick[500]"):
        story.up("wg0 kind tun up carrier point_to_point owner wireguard-go[700]", "10.9.0.2/32")
        story.add("default dev wg0 table 51820", *WG_RULES)
    story.look()
    story.wait(120)
    assert story.left() == {}
    dies(story, "wg0")
    assert story.left() == dict.fromkeys(SHORT_RULES, sure(story))
    cleans_exactly(story, *HOME)


def userspace_up(story: Story, number: int, *, adds: tuple[str, ...]) -> None:
    """Let wg-quick bring up one of several tunnels of wireguard-go: the process that holds it is none of wg-quick's."""
    holders = [f"wireguard-go[{700 + each}]" for each in range(number + 1)]
    wg_quick = f"wg-quick[{500 + 100 * number}]"
    tunnel = f"wg{number} kind tun index {10 + number} up carrier point_to_point owner {holders[-1]}"
    story.runs(*holders)
    with story.by(f"ip[{501 + 100 * number}]", wg_quick):
        story.up(tunnel, f"10.{9 + number}.0.2/32")
        story.add(f"default dev wg{number} table {51820 + number}")
    story.look()
    with story.by(f"ip[{502 + 100 * number}]", f"wg-quick[{503 + 100 * number}]", wg_quick):
        story.add(*adds)
    story.look()


@pytest.mark.parametrize("dying", [0, 1])
def test_two_tunnels_that_came_up_in_one_moment_are_told_apart(dying: int) -> None:
    own = (
        (SERVER, "32764: from all lookup main suppress_prefixlength 0", WG_RULES[1]),
        (
            "203.0.113.11 via 192.168.77.1 dev eth0",
            "32762: from all lookup main suppress_prefixlength 0",
            "32763: not from all fwmark 0xca6d lookup 51821",
        ),
    )
    story = Story()
    for number in (0, 1):
        userspace_up(story, number, adds=own[number])
    story.wait(120)
    dies(story, f"wg{dying}", leaving=(f"wireguard-go[{701 - dying}]",))
    assert story.left() == dict.fromkeys(
        (
            ("203.0.113.10/32 via 192.168.77.1 dev eth0", "32765: not fwmark 0xca6c lookup 51820"),
            ("203.0.113.11/32 via 192.168.77.1 dev eth0", "32763: not fwmark 0xca6d lookup 51821"),
        )[dying],
        "certain",
    )
    other = 1 - dying
    live = (f"0.0.0.0/0 dev wg{other} table {51820 + other}", f"10.{9 + other}.0.2/32 dev wg{other} proto kernel")
    cleans_exactly(story, *HOME, *own[other], own[dying][1], left=live)


def test_a_dead_tunnels_rules_that_nobody_saw_come_are_not_what_an_openvpn_lives_by(story: Story) -> None:
    openvpn_connects(story)
    story.heard = False
    story.runs(OPENVPN, "wireguard-go[700]")
    story.up("wg0 kind tun index 10 up carrier point_to_point owner wireguard-go[700]", "10.9.0.2/32")
    story.add("default dev wg0 table 51820", *WG_RULES)
    story.look()
    story.wait(120)
    dies(story, "wg0", leaving=(OPENVPN,))
    assert story.left() == dict.fromkeys(SHORT_RULES, "likely")


def test_a_rule_that_its_client_finds_again_after_a_crash_stays() -> None:
    rule = "1067: from 10.67.0.2 lookup 67"
    story = Story()
    for pid in (800, 801):
        fastd = f"fastd[{pid}]"
        story.runs(fastd)
        with story.by(fastd):
            story.up(f"tun0 kind tun index {pid} up carrier point_to_point owner {fastd}", "10.67.0.2/32")
            story.add("default dev tun0 table 67", *((rule,) if pid == 800 else ()))
        story.look()
        story.wait(120)
        if pid == 800:
            dies(story)
    assert (story.left(), story.uncertain()) == ({}, set())
