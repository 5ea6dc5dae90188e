"""tinc, fastd and strongSwan: what their scripts and daemons leave when they are killed."""

from __future__ import annotations

import pytest

from tests.scenarios.clients import dies
from tests.scenarios.story import DHCP_DEFAULT, HOME, LEFT_SERVER, SERVER, Story, cleans_exactly


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def client_connects(story: Story, client: str, interface: str, *adds: str) -> None:
    story.runs(client)
    with story.by("ip[811]", "tinc-up[810]", client):
        story.up(f"{interface} kind tun up carrier point_to_point owner {client}", "10.67.0.2/24")
        story.add(*adds)
    story.look()
    story.wait(120)


def test_a_killed_tinc_leaves_the_route_to_its_peer(story: Story) -> None:
    client_connects(story, "tincd[800]", "office", SERVER, "0.0.0.0/1 dev office", "128.0.0.0/1 dev office")
    dies(story, "office")
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME)


def test_tincs_clean_stop_after_a_gateway_change_leaves_the_route_through_the_old_gateway(story: Story) -> None:
    client_connects(story, "tincd[800]", "office", SERVER, "0.0.0.0/1 dev office", "128.0.0.0/1 dev office")
    new = "default via 192.168.77.254 dev eth0 proto dhcp metric 100"
    with story.by("dhclient[400]"):
        story.remove(DHCP_DEFAULT)
        story.add(new)
    story.wait(60)
    with story.by("ip[822]", "host-down[821]", "tincd[800]"):
        story.remove("0.0.0.0/1 dev office", "128.0.0.0/1 dev office")
    dies(story, "office")
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, new, *HOME[1:])


def test_a_killed_fastd_leaves_its_route_and_a_rule_into_an_empty_table(story: Story) -> None:
    rule = "1067: from 10.67.0.2 lookup 67"
    client_connects(story, "fastd[800]", "mesh0", SERVER, rule, "default dev mesh0 table 67")
    assert story.left() == {}
    dies(story, "mesh0")
    assert story.left() == {LEFT_SERVER: sure(story), "1067: from 10.67.0.2/32 lookup 67": sure(story)}
    cleans_exactly(story, *HOME)


def test_a_killed_strongswan_leaves_rule_220_in_both_families(story: Story) -> None:
    rules = ("220: not from all fwmark 0x42 lookup 220", "-6 220: not from all fwmark 0x42 lookup 220")
    client_connects(story, "charon[800]", "ipsec0", *rules, "default dev ipsec0 table 220 proto static")
    assert story.left() == {}
    dies(story, "ipsec0")
    assert story.left() == {
        "220: not fwmark 0x42 lookup 220": sure(story),
        "220: not fwmark 0x42 lookup 220 inet6": sure(story),
    }
    cleans_exactly(story, *HOME)


def test_rule_220_stays_while_strongswan_runs_without_a_tunnel(story: Story) -> None:
    story.runs("charon[800]")
    story.add("220: from all lookup 220")
    story.wait(600)
    assert story.left() == {}
