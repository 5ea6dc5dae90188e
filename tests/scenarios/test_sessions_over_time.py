"""Several sessions, one after the other and side by side: whose a row is, and that no leftover becomes sacred."""

from __future__ import annotations

import pytest

from tests.scenarios.clients import HALVES, OPENVPN, PUSHED, TUN, dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, HOME, LEFT_SERVER, SERVER, Story, cleans_exactly

OTHER = "203.0.113.20 via 192.168.77.1 dev eth0"
LEFT_OTHER = "203.0.113.20/32 via 192.168.77.1 dev eth0"
SECOND_TUN = "tun1 kind tun index 8 up carrier point_to_point owner openvpn[5678]"


@pytest.fixture(params=[True, False], ids=["heard", "deaf"])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(heard=request.param)


def sure(story: Story) -> str:
    return "certain" if story.heard else "likely"


def second_connects(story: Story, *adds: str, process: str = "openvpn[5678]", tun: str = SECOND_TUN) -> None:
    story.host.processes = (*story.host.processes, *story.processes(process))
    with story.by(process):
        story.up(tun, "10.9.0.6/24")
        story.add(*adds)
    story.look()
    story.wait(120)


def test_a_leftover_outlives_a_second_session_and_is_still_one(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    second_connects(story, OTHER, "10.61.0.0/16 via 10.9.0.1 dev tun1")
    with story.by("openvpn[5678]"):
        story.remove(OTHER, "10.61.0.0/16 via 10.9.0.1 dev tun1")
    dies(story, "tun1")
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME)


def test_a_new_session_that_relies_on_an_old_ones_route_to_the_server_keeps_it(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    second_connects(story, *(line.replace("tun0", "tun1").replace("10.8.", "10.9.") for line in HALVES))
    assert (story.left(), story.plan().steps) == ({}, ())
    dies(story, "tun1")
    assert story.left() == {LEFT_SERVER: sure(story)}
    cleans_exactly(story, *HOME)


def test_a_reconnect_to_another_server_does_not_rely_on_the_old_ones_route() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    second_connects(story, OTHER)
    assert story.left() == {LEFT_SERVER: "certain"}


def test_a_session_of_another_client_does_not_keep_a_leftover(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    tun = "office kind tun index 8 up carrier point_to_point owner tincd[5678]"
    second_connects(story, "10.61.0.0/16 via 10.9.0.1 dev office", process="tincd[5678]", tun=tun)
    # Where nobody saw who made it, it may be the new one's own way to its server, made right before its tunnel.
    assert story.left() == ({LEFT_SERVER: "certain"} if story.heard else {})


def test_of_two_overlapping_sessions_only_the_dead_ones_rows_go() -> None:
    story = Story()
    openvpn_connects(story)
    second_connects(story, OTHER, "10.61.0.0/16 via 10.9.0.1 dev tun1")
    dies(story, "tun0", leaving=("openvpn[5678]",))
    assert story.left() == {LEFT_SERVER: "certain"}
    steps = story.clean()
    assert [step.action for step in steps] == ["delete"]
    dies(story, "tun1")
    assert story.left() == {LEFT_OTHER: "certain"}
    cleans_exactly(story, *HOME)


@pytest.mark.parametrize("index", [17, 7])
def test_a_tun_of_the_same_name_in_other_hands_is_another_link(story: Story, index: int) -> None:
    openvpn_connects(story)
    dies(story)
    client = "openconnect[900]"
    story.runs(client)
    with story.by(client):
        story.up(f"tun0 kind tun index {index} up carrier point_to_point owner openconnect[900]", "10.70.0.2/32")
        story.add("10.71.0.0/16 dev tun0 scope link")
    story.look()
    story.wait(120)
    assert story.left() == ({LEFT_SERVER: "certain"} if story.heard else {})
    assert "10.71.0.0/16 dev tun0" not in {**story.left(), **story.missing()}
    kept = ("10.71.0.0/16 dev tun0 scope link", *(() if story.heard else (SERVER,)))
    cleans_exactly(story, *HOME, *kept, left=("10.70.0.2/32 dev tun0 proto kernel",))


def test_a_watch_that_begins_in_the_middle_knows_no_baseline_and_restores_nothing() -> None:
    rows = (SERVER, *PUSHED, *(line for line in HOME if line != DHCP_DEFAULT))
    story = Story(rows, quiet=0, connected=TUN)
    assert [session.baseline for session in story.sessions] == [None]
    story.wait(600)
    assert (story.left(), story.missing()) == ({}, {})
    dies(story)
    assert story.missing() == {}
    assert story.plan().steps == ()


def test_a_route_that_a_reconnecting_client_brings_back_belongs_to_its_new_session(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    story.clean()
    openvpn_connects(story, tun=TUN.replace("index 7", "index 8"))
    assert story.left() == {}
    dies(story)
    assert story.left() == {LEFT_SERVER: sure(story)}


def test_a_route_that_somebody_brings_back_after_us_has_an_owner() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story)
    story.clean()
    with story.by("watchdog[77]"):
        story.add(SERVER)
    story.wait(60)
    assert story.left() == {}
    assert story.rulings()[LEFT_SERVER] == "came-back"
    assert story.plan().steps == ()


def test_another_boot_ends_every_session_and_no_earlier_baseline_counts(story: Story) -> None:
    openvpn_connects(story)
    story.reboots()
    assert story.course.series.latest is None
    assert not any(session.is_open for session in story.sessions)


def test_a_kept_route_is_never_a_leftover(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    story.kept = frozenset({"203.0.113.10/32"})
    assert (story.left(), story.plan().steps) == ({}, ())


def test_a_killed_daemonless_machine_is_still_told_about_a_dead_default() -> None:
    dead = "tun0 kind tun index 7 up persistent point_to_point"
    story = Story((*HOME, *HALVES), quiet=0, connected=dead)
    assert story.left() == dict.fromkeys(HALVES, "likely")
    cleans_exactly(story, *HOME, left=("10.8.0.0/24 dev tun0 proto kernel",))


def test_what_was_wrong_when_routewatch_came_does_not_become_sacred_with_time() -> None:
    dead = "tun0 kind tun index 7 up persistent point_to_point"
    rules = ("32765: not from all fwmark 0xca6c lookup 51820", "32764: from all lookup main suppress_prefixlength 0")
    story = Story((*HOME, *HALVES, *rules), connected=dead)
    assert story.course.series.latest is not None
    assert story.course.series.latest.proven
    assert story.left().keys() == {*HALVES, "32765: not fwmark 0xca6c lookup 51820", "32764: lookup 254 suppress 0"}
    cleans_exactly(story, *HOME, left=("10.8.0.0/24 dev tun0 proto kernel",))


def test_openvpn_is_not_cleaned_up_after_while_it_connects_again(story: Story) -> None:
    openvpn_connects(story)
    dies(story)
    story.host.processes = story.processes(OPENVPN, young=True)
    assert {refused.rule for refused in story.plan().refused} == {"connecting"}
    assert story.plan().steps == ()


def test_a_client_restarted_without_a_tunnel_yet_may_take_up_where_the_dead_one_left() -> None:
    story = Story()
    openvpn_connects(story)
    dies(story, leaving=("openvpn[4321]",))
    assert story.left() == {LEFT_SERVER: "likely"}


def test_the_route_to_a_server_over_a_dial_up_uplink_is_found_and_the_uplink_stays() -> None:
    ppp = "ppp0 kind ppp index 20 up carrier point_to_point owner pppd[600]"
    default = "default dev ppp0 scope link"
    story = Story((default,), connected=ppp)
    story.host.processes = story.processes("pppd[600]", OPENVPN)
    with story.by(OPENVPN):
        story.up(TUN, "10.9.0.6/24")
        story.add("203.0.113.10 dev ppp0 scope link", *HALVES)
    story.look()
    story.wait(120)
    assert story.left() == {}
    dies(story, leaving=("pppd[600]",))
    assert "0.0.0.0/0 dev ppp0" not in {**story.left(), **story.missing()}
    story.clean()
    assert "0.0.0.0/0 dev ppp0" in story.table()
