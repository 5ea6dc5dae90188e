"""A look long after the one before it: what a VPN found to be up is measured against, and what is its doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.commands.watchman import Watchman
from routewatch.log import configure, get_logger
from routewatch.store.locks import try_lock
from tests.scenarios.clients import dies, openvpn_connects

if TYPE_CHECKING:
    from tests.commands.desk import Desk

LATER = "203.0.113.11 via 192.168.77.1 dev eth0"
AWAY = "nobody looked for 12 s (the daemon was not running): what changed meanwhile is tied to no VPN by time"
STRANGER = "10.66.0.0/16 via 192.168.77.1 dev eth0"


def daemon_looks(desk: Desk, *, stops_after: float | None = None) -> None:
    """Let a daemon start, take one settled look, and stop after so many seconds, or die at once."""
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman = Watchman(context, store, get_logger())
        snapshot = watchman.observe()
        assert snapshot is not None
        watchman.follow(snapshot, settled=True)
        if stops_after is not None:
            desk.host.advance(stops_after)
            again = watchman.observe()
            assert again is not None
            watchman.follow(again, settled=True)
            watchman.stop()


def session(desk: Desk) -> dict[str, Any]:
    [found] = desk.ask("sessions").document["sessions"]
    assert isinstance(found, dict)
    return found


def test_a_daemon_that_starts_while_a_vpn_is_up_has_no_baseline_and_says_so(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.add(STRANGER)
    desk.host.advance(3600)
    openvpn_connects(desk.story)
    daemon_looks(desk)

    assert session(desk)["baseline"] is None
    assert "no baseline: it was up already" in desk.say("sessions").out
    assert "no baseline: it was up already" in desk.say("log").out
    dies(desk.story)
    desk.host.advance(30)
    daemon_looks(desk)
    found = [f["route"]["destination"] for f in desk.ask("status").document["findings"] if f["verdict"] == "orphaned"]
    assert "10.66.0.0/16" not in found


@pytest.mark.parametrize(("downtime", "has"), [(5, True), (50, True), (200, False)])
def test_a_restarted_daemon_keeps_the_baseline_it_has_just_seen(desk: Desk, downtime: float, *, has: bool) -> None:
    desk.knows_the_machine()
    daemon_looks(desk, stops_after=7200)  # nothing changes for two hours
    desk.host.advance(downtime)
    openvpn_connects(desk.story)
    daemon_looks(desk)

    assert (session(desk)["baseline"] is not None) == has


def test_what_came_while_a_daemon_was_away_is_not_the_vpns_for_that(desk: Desk) -> None:
    desk.knows_the_machine()
    daemon_looks(desk, stops_after=600)
    desk.story.add(STRANGER)
    desk.host.advance(12)
    openvpn_connects(desk.story)
    daemon_looks(desk)

    assert session(desk)["baseline"] is not None
    events = desk.ask("log").document["events"]
    ties = {e["route"]["destination"]: e["session"] for e in events if e["kind"] == "route_added"}
    assert ties["10.66.0.0/16"] is None


def test_what_changed_while_no_daemon_ran_is_told_as_a_gap(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.knows_the_machine()
    daemon_looks(desk)
    openvpn_connects(desk.story)
    daemon_looks(desk)
    desk.host.advance(30)
    look_again_and_die(desk)  # long after the last change: when it looked last is told by its health
    desk.story.add(LATER)
    desk.host.advance(12)
    before = len(gaps(desk))
    capsys.readouterr()
    lock = try_lock(desk.state, "observe.lock")
    assert lock is not None
    with lock:
        daemon_looks(desk)

        log = [line for line in capsys.readouterr().err.splitlines() if '"gap"' in line]
        assert len(log) == 1
        assert '"level":"warning"' in log[0].replace(": ", ":")
        assert gaps(desk)[before:] == [AWAY]
        assert ", 1 gap" in desk.say("status").out
        assert ", 1 gaps" not in desk.say("status").out
        assert desk.ask("status").document["daemon"]["gaps"] == 1
    events = desk.ask("log").document["events"]
    assert [e["session"] for e in events if e["route"] and e["route"]["destination"] == "203.0.113.11/32"] == [None]


def test_a_daemon_that_was_away_while_nothing_changed_tells_of_no_gap(desk: Desk) -> None:
    desk.knows_the_machine()
    daemon_looks(desk)
    desk.host.advance(3600)
    daemon_looks(desk)

    assert gaps(desk) == []
    assert desk.ask("status").document["daemon"]["gaps"] == 0


def test_what_a_daemon_hears_before_its_first_look_is_no_gap(desk: Desk) -> None:
    desk.knows_the_machine()
    daemon_looks(desk)
    desk.host.advance(12)
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman, bell = Watchman(context, store, get_logger()), desk.host.doorbell()
        with desk.story.by("ip[700]", "bash[600]"):
            desk.story.add(STRANGER)
        watchman.hear(bell.read())
        look(watchman)

    assert gaps(desk) == []


def test_single_looks_hours_apart_are_no_gap_for_nobody_promised_more(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.host.advance(7200)
    desk.story.add(STRANGER)
    desk.ask("run", "--once")

    assert gaps(desk) == []


def look_again_and_die(desk: Desk) -> None:
    """Let a daemon start and take two looks, the second half a minute later and of the same table."""
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman = Watchman(context, store, get_logger())
        look(watchman)
        desk.host.advance(30)
        look(watchman)


def gaps(desk: Desk) -> list[str]:
    return [event["detail"] for event in desk.ask("log").document["events"] if event["kind"] == "gap"]


def test_two_single_looks_minutes_apart_keep_the_baseline_and_tie_nothing_by_time(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.host.advance(300)
    desk.story.add(STRANGER)
    openvpn_connects(desk.story)
    desk.ask("run", "--once")

    assert session(desk)["baseline"] is not None
    events = desk.ask("log").document["events"]
    ties = {e["route"]["destination"]: e["session"] for e in events if e["kind"] == "route_added"}
    assert ties["10.66.0.0/16"] is None
    assert ties["203.0.113.10/32"] is None  # nobody heard who made it: it may be anybody's
    assert 1 in ties.values()  # what leads into the tunnel


def test_two_single_looks_within_a_minute_tie_by_time(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.host.advance(10)
    openvpn_connects(desk.story)
    desk.ask("run", "--once")

    events = desk.ask("log").document["events"]
    ties = {e["route"]["destination"]: e["session"] for e in events if e["kind"] == "route_added"}
    assert ties["203.0.113.10/32"] == 1


def test_what_a_daemon_heard_too_late_is_not_the_vpns_for_its_time(desk: Desk) -> None:
    desk.knows_the_machine()
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman, bell = Watchman(context, store, get_logger()), desk.host.doorbell()
        openvpn_connects(desk.story)
        watchman.hear(bell.read())
        look(watchman)
        desk.host.advance(8)
        desk.story.add(STRANGER)  # by somebody who is gone before his message is read
        watchman.hear(bell.read())
        desk.host.advance(0.1)
        watchman.overslept("did not look for 8 s", counts=True)
        look(watchman)
        desk.host.advance(1)
        look(watchman)

    events = desk.ask("log").document["events"]
    ties = {e["route"]["destination"]: e["session"] for e in events if e["kind"] == "route_added"}
    assert ties["10.66.0.0/16"] is None
    assert [event["detail"] for event in events if event["kind"] == "gap"] == ["did not look for 8 s"]
    assert desk.ask("status").document["daemon"]["gaps"] == 1


def look(watchman: Watchman) -> None:
    snapshot = watchman.observe()
    assert snapshot is not None
    watchman.follow(snapshot, settled=True)


def test_a_daemon_that_runs_and_has_not_looked_for_long_is_told_of(desk: Desk) -> None:
    desk.knows_the_machine()
    lock = try_lock(desk.state, "observe.lock")
    assert lock is not None
    with lock:
        daemon_looks(desk)
        desk.host.advance(60)
        assert desk.ask("status").document["daemon"]["stalled"] is False
        desk.host.advance(10)
        assert desk.ask("status").document["daemon"]["stalled"] is True
        assert "but no look of it was stored for 1 m 10 s" in desk.say("status").out
    assert desk.ask("status").document["daemon"]["stalled"] is False
