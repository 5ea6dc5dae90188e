"""The log: what happened, of which session, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import build

if TYPE_CHECKING:
    from tests.commands.desk import Desk


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


def test_the_log_shows_a_rule_as_ip_rule_does(desk: Desk) -> None:
    desk.knows_the_machine()
    desk.host.add(build.rule("7000: from all fwmark 0x1 lookup 7000 proto unspec"))
    desk.ask("run", "--once")

    assert "rule added 7000: from all fwmark 0x1 lookup 7000\n" in desk.say("log").out
