"""The state now: of a machine nobody looked at, under a VPN, and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.render.times import clock
from tests.commands.desk import Answer

if TYPE_CHECKING:
    from tests.commands.desk import Desk


SERVER = "203.0.113.10/32"


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


def test_looking_once_says_what_it_found(desk: Desk) -> None:
    told = desk.say("run", "--once")
    assert (told.status, told.out) == (0, "nothing is left over\n")

    desk.vpn_dies()
    assert desk.ask("run", "--once").document["findings"][0]["route"]["destination"] == SERVER


def test_who_sets_hooks_is_told_that_none_is_run_yet(desk: Desk) -> None:
    desk.configuration.write_text('[hooks]\ncleaned = ["/bin/true"]\n')

    told = desk.say("config", "check")
    assert told.status == 0
    assert "does not run hooks yet" in told.err
