"""What is shown afterwards: sessions, the log, status, the difference; and what a person keeps and captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.commands.watchman import Watchman
from routewatch.log import configure, get_logger
from routewatch.render.times import clock, iso
from tests import build
from tests.commands.desk import Answer
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import SERVER as SERVER_ROUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.desk import Desk


SERVER = "203.0.113.10/32"


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


def persistent_tun_is_left(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story)
    with desk.host.acting_as(desk.story.kernel):
        desk.story.add("10.8.0.0/24 dev tun0 proto kernel src 10.8.0.6")
    desk.ask("run", "--once")
    desk.story.runs()
    desk.story.die("tun0")
    desk.ask("run", "--once")
    desk.host.advance(30)


def test_what_is_left_agrees_with_the_findings_also_after_an_undo(desk: Desk) -> None:
    persistent_tun_is_left(desk)
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


def test_the_log_tells_a_session_of_its_own(desk: Desk) -> None:
    desk.vpn_dies()
    desk.story.add("10.77.0.0/16 via 192.168.77.5 dev eth0")
    desk.ask("run", "--once")

    everything = desk.ask("log").document["events"]
    of_session = desk.ask("log", "--session", "1").document["events"]
    assert {event["session"] for event in of_session} == {1}
    assert len(everything) > len(of_session)
    kinds = [event["kind"] for event in of_session]
    assert (kinds[0], kinds.count("session_closed")) == ("session_opened", 1)
    assert kinds.count("route_removed") == kinds.count("route_added") - 1


def test_the_log_since_a_while_or_a_date(desk: Desk) -> None:
    desk.vpn_dies()
    desk.host.advance(3600)
    desk.story.add("10.77.0.0/16 via 192.168.77.5 dev eth0")
    desk.ask("run", "--once")

    [event] = desk.ask("log", "--since", "30m").document["events"]
    assert event["route"]["destination"] == "10.77.0.0/16"
    assert desk.ask("log", "--since", event["at"]).document["events"] == [event]
    assert desk.ask("log", "--since", "2099-01-01").document["events"] == []
    assert desk.say("log", "--since", "2099-01-01").out == "nothing has happened since then\n"
    assert len(desk.ask("log", "--since", "2001-01-01 10:00").document["events"]) > 5


def test_a_line_of_the_log_says_what_where_and_in_which_session(desk: Desk) -> None:
    desk.vpn_dies()

    assert "route added 203.0.113.10 via 192.168.77.1 dev eth0 (session 1)" in desk.say("log").out
    assert "session closed the link is gone (session 1)" in desk.say("log").out


def test_status_of_a_machine_nobody_looked_at(desk: Desk) -> None:
    told = desk.say("status")

    assert desk.say("log").out == "nothing has happened yet\n"
    assert "daemon: not running, nobody ever looked" in told.out
    assert "baseline: none" in told.out
    assert "no tunnel\nnothing is left over" in told.out
    assert desk.ask("status").document["baseline"] is None


def test_moments_are_told_in_the_machines_own_time(desk: Desk) -> None:
    desk.vpn_dies()
    seen = desk.host.now().wall - 30

    assert f"nobody has looked since {clock(seen)} (" in desk.say("status").out


def test_status_under_a_vpn_and_after_it(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.runs("openvpn[1234]")
    desk.story.up("tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]", "10.8.0.6/24")
    desk.ask("run", "--once")

    document = desk.ask("status").document
    [tunnel], [session] = document["tunnels"], document["sessions"]
    assert (tunnel["name"], tunnel["client"], tunnel["ownership"]) == ("tun0", "openvpn", "holding")
    assert (session["id"], session["closed"]) == (1, None)
    assert "tunnel tun0 10.8.0.6: openvpn (openvpn[1234]), holding" in desk.say("status").out


def test_status_check_answers_by_its_status_alone(desk: Desk) -> None:
    desk.knows_the_machine()
    assert desk.say("status", "--check") == Answer(0, "", "")

    desk.vpn_dies()
    told = desk.say("status", "--check")
    assert (told.status, told.out, told.err) == (1, "", "")


def test_without_a_baseline_the_difference_is_judged_by_the_table_itself(desk: Desk) -> None:
    told = desk.say("diff")
    assert (told.status, told.out) == (0, "nothing is left over or missing\n")
    assert "there is no baseline" in told.err
    assert desk.ask("diff").document["baseline"] is None


def test_a_difference_is_shown_with_its_verdict_and_can_be_filtered(desk: Desk) -> None:
    desk.vpn_dies()

    told = desk.say("diff")
    assert told.status == 1
    assert "orphaned, likely" in told.out or "orphaned, certain" in told.out
    assert desk.ask("diff", "-6").status == 0
    assert desk.ask("diff", "--interface", "eth0").status == 1
    assert desk.ask("diff", "--table", "52").status == 0


@pytest.mark.parametrize("command", ["snapshot", "diff"])
def test_an_unknown_interface_names_those_there_are(desk: Desk, command: str) -> None:
    answer = desk.ask(command, "--interface", "eht0")

    assert answer.document["error"]["message"] == "there is no interface eht0"
    assert answer.document["error"]["hint"] == "there are br-lab, eth0, lo"


def test_an_interface_that_has_gone_is_still_known_by_its_lost_routes(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.gone("br-lab")

    answer = desk.ask("diff", "--interface", "br-lab")
    assert answer.status == 1
    assert [row["route"]["destination"] for row in answer.document["removed"]] == ["172.18.0.0/16"]


def test_what_a_person_keeps_is_never_reported(desk: Desk) -> None:
    desk.vpn_dies()

    assert desk.ask("keep", "203.0.113.10").document == {"schema": "routewatch/1", "changed": True, "kept": [SERVER]}
    assert desk.ask("keep", "203.0.113.10").document["changed"] is False
    assert desk.ask("status").document["findings"] == []
    assert desk.ask("cleanup", "--yes", "--only", "203.0.113.10").rows == {}
    assert desk.ask("keep", "--forget", "203.0.113.10").document["kept"] == []
    assert desk.ask("cleanup", "--dry-run").rows == {SERVER: "planned"}


def test_what_a_person_keeps_after_a_cleanup_comes_back_with_its_undo(desk: Desk) -> None:
    desk.vpn_dies()
    desk.ask("cleanup", "--yes")
    desk.ask("keep", "203.0.113.10")

    answer = desk.ask("undo")
    assert (answer.status, answer.rows, answer.refused) == (0, {SERVER: "done"}, {})
    assert desk.ask("status").document["findings"] == []


def test_a_kept_prefix_is_that_very_route_and_not_what_is_inside_it(desk: Desk) -> None:
    desk.vpn_dies()

    told = desk.say("keep", "203.0.113.0/24").out
    assert told == "203.0.113.0/24: yours from now on (only this very prefix, not what is inside it)\n"
    assert desk.ask("cleanup", "--dry-run").rows == {SERVER: "planned"}
    assert desk.say("keep", "203.0.113.10").out == f"{SERVER}: yours from now on\n"


def test_only_what_is_named_is_cleaned(desk: Desk) -> None:
    desk.vpn_dies()

    assert desk.ask("cleanup", "--dry-run", "--only", "10.9.9.0/24").rows == {}
    assert desk.ask("cleanup", "--dry-run", "--only", "default").rows == {}
    assert desk.ask("cleanup", "--dry-run", "--only", "203.0.113.10").rows == {SERVER: "planned"}
    assert desk.ask("cleanup", "--dry-run", "--session", "1").rows == {SERVER: "planned"}


def test_a_baseline_captured_under_a_vpn_is_tainted_and_said_to_be(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.story.runs("openvpn[1234]")
    desk.story.up("tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]", "10.8.0.6/24")

    answer = desk.ask("baseline", "capture")
    assert (answer.status, answer.document["tainted"]) == (0, True)
    assert "warning: tun0 is up" in answer.err


def test_a_baseline_captured_after_a_session_makes_its_leftovers_a_persons_own(desk: Desk) -> None:
    desk.vpn_dies()
    assert desk.say("status", "--check").status == 1

    told = desk.say("baseline", "capture")
    assert told.status == 0
    words = "1 row in it is what a VPN left behind: it counts as yours from now on:\n  203.0.113.10 via 192.168.77.1"
    assert words in told.err
    assert desk.say("status", "--check").status == 0
    assert desk.ask("cleanup", "--yes", "--only", "203.0.113.10").rows == {}
    told = desk.say("diff")
    assert (told.status, told.out) == (0, "the table is as it was in the baseline\n")
    assert told.err.startswith("compared with baseline 3 of ")
    assert told.err.endswith(" (by hand)\n")
    assert desk.say("baseline", "capture").err == ""
    for number in (3, 4):
        desk.ask("baseline", "forget", str(number))
    assert desk.say("status", "--check").status == 1


def test_a_baseline_captured_right_after_the_end_vouches_though_nobody_saw_the_end(desk: Desk) -> None:
    desk.knows_the_machine()
    openvpn_connects(desk.story)
    desk.ask("run", "--once")
    dies(desk.story)

    assert "1 row in it is what a VPN left behind" in desk.say("baseline", "capture").err
    assert desk.ask("status").document["findings"] == []


def test_a_captured_baseline_does_not_vouch_for_what_is_dead(desk: Desk) -> None:
    persistent_tun_is_left(desk)

    told = desk.say("baseline", "capture")
    assert "1 row in it is what a VPN left behind: it counts as yours from now on" in told.err
    assert "rows in it are what a VPN left behind, and stay leftovers" in told.err
    assert "203.0.113.10/32" not in {f["route"]["destination"] for f in desk.ask("status").document["findings"]}


def test_a_baseline_is_shown_and_forgotten_by_its_number(desk: Desk) -> None:
    desk.knows_the_machine()
    newest = desk.ask("baseline", "show").document["id"]

    assert desk.ask("baseline", "show", str(newest)).document["id"] == newest
    assert desk.ask("baseline", "forget", str(newest)).document == {"schema": "routewatch/1", "forgotten": newest}
    assert desk.ask("baseline", "show", str(newest)).status == 2


@pytest.mark.parametrize("command", ["snapshot", "baseline show"])
def test_rules_of_both_families_are_told_apart(desk: Desk, command: str) -> None:
    desk.knows_the_machine()

    told = [line.strip() for line in desk.say(*command.split()).out.splitlines()]
    assert told.count("rule 0: from all lookup local") == 1
    assert told.count("rule 0: from all lookup local (IPv6)") == 1


def test_looking_once_says_what_it_found(desk: Desk) -> None:
    told = desk.say("run", "--once")
    assert (told.status, told.out) == (0, "nothing is left over\n")

    desk.vpn_dies()
    assert desk.ask("run", "--once").document["findings"][0]["route"]["destination"] == SERVER


def test_the_log_shows_a_rule_as_ip_rule_does(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.host.add(build.rule("7000: from all fwmark 0x1 lookup 7000 proto unspec"))
    desk.ask("run", "--once")

    assert "rule added 7000: from all fwmark 0x1 lookup 7000\n" in desk.say("log").out


def test_who_sets_hooks_is_told_that_none_is_run_yet(desk: Desk) -> None:
    desk.configuration.write_text('[hooks]\ncleaned = ["/bin/true"]\n')

    told = desk.say("config", "check")
    assert told.status == 0
    assert "does not run hooks yet" in told.err


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
