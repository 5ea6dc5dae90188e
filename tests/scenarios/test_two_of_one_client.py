"""Two connections of one client at once, as two ``openvpn@`` services are: what one process does is not the other's."""

from __future__ import annotations

from tests.scenarios.clients import OPENVPN, dies, openvpn_connects
from tests.scenarios.story import LEFT_SERVER, SERVER, Story

SECOND = "openvpn[5678]"
OTHER = "203.0.113.20 via 192.168.77.1 dev eth0"
LEFT_OTHER = "203.0.113.20/32 via 192.168.77.1 dev eth0"


def second_connects(story: Story) -> None:
    """Let the second connection come up beside the first; two minutes pass."""
    story.runs(OPENVPN, SECOND)
    with story.by(SECOND):
        story.up(f"tun1 kind tun index 8 up carrier point_to_point owner {SECOND}", "10.9.0.6/24")
        story.add(OTHER)
    story.look()
    story.wait(120)


def test_what_the_older_process_adds_later_does_not_go_with_the_younger_ones_tunnel() -> None:
    story = Story()
    openvpn_connects(story)
    second_connects(story)
    with story.by("ip[900]", OPENVPN):
        story.add("203.0.113.12 via 192.168.77.1 dev eth0")
    story.wait(60)
    dies(story, "tun1", leaving=(OPENVPN,))

    assert story.left() == {LEFT_OTHER: "certain"}
    assert "203.0.113.12/32 via 192.168.77.1 dev eth0" not in story.uncertain()


def test_the_second_to_connect_within_seconds_has_a_first_sign_and_a_baseline_of_its_own() -> None:
    story = Story()
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(f"tun0 kind tun index 7 up carrier point_to_point owner {OPENVPN}", "10.8.0.6/24")
        story.add(SERVER, "0.0.0.0/1 dev tun0")
    story.look()
    story.wait(3)
    second_connects(story)
    first, second = story.sessions

    assert second.opened.boot > first.opened.boot + 3
    assert second.baseline is not None
    assert story.baselines[second.baseline].tainted
    assert len({trace.route for trace in first.appeared}) == len(first.appeared)
    dies(story, "tun0", leaving=(SECOND,))
    assert story.left() == {LEFT_SERVER: "certain"}


def test_a_route_that_the_second_makes_before_its_tunnel_is_not_the_firsts() -> None:
    story = Story()
    openvpn_connects(story)
    story.runs(OPENVPN, SECOND)
    with story.by("vpnc-script[901]", SECOND):
        story.add(OTHER)
    story.look()
    with story.by(SECOND):
        story.up(f"tun1 kind tun index 8 up carrier point_to_point owner {SECOND}", "10.9.0.6/24")
    story.look()
    story.wait(120)

    dies(story, "tun0", leaving=(SECOND,))
    assert story.left() == {LEFT_SERVER: "certain"}
    dies(story, "tun1")
    assert story.left() == {LEFT_SERVER: "certain", LEFT_OTHER: "certain"}


def test_a_leftover_that_nobody_saw_the_author_of_beside_another_vpn_is_told_at_least() -> None:
    story = Story(heard=False)
    openvpn_connects(story)
    second_connects(story)
    dies(story, "tun1", leaving=(OPENVPN,))
    dies(story)

    assert story.left() == {LEFT_SERVER: "likely"}
    assert story.rulings()[LEFT_OTHER] == "came-beside-a-vpn"
    assert LEFT_OTHER in story.uncertain()
