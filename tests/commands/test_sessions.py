"""What a session is counted and shown as: what came and went, what is left of it, also after a cleanup and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.commands.watchman import Watchman
from routewatch.log import configure, get_logger
from routewatch.render.times import iso
from tests import build
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import SERVER as SERVER_ROUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.desk import Desk


def test_a_session_counts_what_came_went_stayed_and_was_cleaned(desk: Desk) -> None:
    desk.vpn_dies()
    [session] = desk.ask("sessions").document["sessions"]
    assert (session["client"], session["tunnel"]["name"], session["ended"]) == ("openvpn", "tun0", "the link is gone")
    assert session["added"] == session["removed"] + 1
    assert (session["left"], session["lost"], session["cleaned"]) == (1, 0, 0)

    desk.ask("cleanup", "--yes")
    [session] = desk.ask("sessions").document["sessions"]
    assert (session["left"], session["cleaned"]) == (0, 1)
    assert session["added"] == session["removed"]

    desk.ask("undo")
    [session] = desk.ask("sessions").document["sessions"]
    assert session["cleaned"] == 0


def test_what_is_left_agrees_with_the_findings_also_after_an_undo(desk: Desk) -> None:
    desk.persistent_tun_is_left()
    found = len(desk.ask("status").document["findings"])
    [session] = desk.ask("sessions").document["sessions"]
    assert (session["left"], found > 3) == (found, True)

    desk.host.link_up(build.link("tun0 kind tun index 7 up persistent", "10.8.0.6/24"))
    desk.ask("cleanup", "--yes")
    assert desk.ask("sessions").document["sessions"][0]["left"] == 0
    desk.host.advance(1200)  # so long that nobody looks after the session any more
    desk.ask("run", "--once")
    last = desk.ask("log").document["events"][-1]["id"]
    undone = desk.ask("undo")
    back = list(undone.rows.values()).count("done")
    [session] = desk.ask("sessions").document["sessions"]
    assert (session["left"], session["cleaned"]) == (back, found - back)
    assert len(desk.ask("status").document["findings"]) == back
    events = [event for event in desk.ask("log").document["events"] if event["id"] > last]
    assert [event["session"] for event in events if event["kind"] == "route_added"] == [1] * back


def test_a_loss_that_is_put_right_and_taken_back_is_its_sessions_again(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story, takes=("10.50.0.0/16 via 192.168.77.5 dev eth0",))
    desk.ask("run", "--once")
    dies(desk.story)
    desk.ask("run", "--once")
    desk.host.advance(30)
    assert desk.ask("sessions").document["sessions"][0]["lost"] == 1
    desk.ask("cleanup", "--yes")
    assert desk.ask("sessions").document["sessions"][0]["lost"] == 0

    assert desk.ask("undo").status == 0
    [session] = desk.ask("sessions").document["sessions"]
    assert (session["lost"], session["left"]) == (1, 1)
    assert desk.ask("log").document["events"][-3]["session"] == 1


def test_a_row_that_a_stranger_brings_back_after_an_undo_is_no_sessions(desk: Desk) -> None:
    desk.vpn_dies()
    desk.ask("cleanup", "--yes")
    desk.ask("undo")
    desk.story.remove(SERVER_ROUTE)
    desk.ask("run", "--once")
    daemon_looks_while(desk, lambda: desk.story.add(SERVER_ROUTE))

    assert desk.ask("log").document["events"][-1]["session"] is None
    assert desk.ask("sessions").document["sessions"][0]["left"] == 0


def daemon_looks_while(desk: Desk, deed: Callable[[], None]) -> None:
    """Let a daemon hear how somebody else changes the table, and look."""
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman, bell = Watchman(context, store, get_logger()), desk.host.doorbell()
        with desk.story.by("ip[77]"):
            deed()
        watchman.hear(bell.read())
        seen = watchman.observe()
        assert seen is not None
        watchman.follow(seen, settled=True)


def test_nothing_is_left_while_a_session_is_open(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story)
    desk.ask("run", "--once")

    assert desk.ask("sessions").document["sessions"][0]["left"] is None
    line = desk.say("sessions").out.splitlines()[1].split()
    assert (line[-4], line[-1]) == ("-", "open")


def test_sessions_of_one_client_only(desk: Desk) -> None:
    desk.vpn_dies()

    assert len(desk.ask("sessions", "--vpn", "openvpn").document["sessions"]) == 1
    assert desk.ask("sessions", "--vpn", "tinc").document["sessions"] == []
    assert desk.say("sessions", "--vpn", "tinc").out == "no session was seen yet\n"


def test_a_reboot_closes_the_session_that_was_open_at_the_last_look(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story)
    desk.ask("run", "--once")
    seen = desk.host.now().wall
    desk.host.advance(3600)
    desk.story.reboots()
    desk.ask("run", "--once")

    [session] = desk.ask("sessions").document["sessions"]
    assert session["ended"] == "the machine was started anew"
    assert session["closed"] == iso(seen)
    closed = [event for event in desk.ask("log").document["events"] if event["kind"] == "session_closed"]
    assert [event["session"] for event in closed] == [session["id"]]
    desk.ask("run", "--once")
    assert len([e for e in desk.ask("log").document["events"] if e["kind"] == "session_closed"]) == 1
