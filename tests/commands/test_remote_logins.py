"""A cleanup and an undo while somebody is logged in from afar, or while nobody can say whether somebody is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.model import Login
from tests import build
from tests.commands.interference import LEFT, PUSHED_V4
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import ADMIN, DHCP_DEFAULT, SERVER

if TYPE_CHECKING:
    from tests.commands.desk import Desk

AT_THE_LAN = "192.168.77.20"
FROM_BRANCH = Login(peer="10.50.3.4", local=AT_THE_LAN, port=22)


def vpn_took(desk: Desk, *rows: str) -> None:
    """Let a VPN take rows away, and die."""
    desk.knows_the_machine()
    openvpn_connects(desk.story, adds=(SERVER, *PUSHED_V4), takes=rows)
    desk.ask("run", "--once")
    dies(desk.story)
    desk.ask("run", "--once")
    desk.host.advance(30)


def test_a_route_is_not_put_back_under_a_login_that_goes_another_way_by_now(desk: Desk) -> None:
    vpn_took(desk, ADMIN)
    desk.host.logins = (FROM_BRANCH,)

    answer = desk.ask("cleanup", "--yes")
    assert answer.refused == {"10.50.0.0/16": "remote-login"}
    assert (answer.rows, answer.status) == ({LEFT: "done"}, 1)
    assert "it carries the remote login from 10.50.3.4" in answer.out

    desk.host.logins = ()
    assert desk.ask("cleanup", "--yes").rows == {"10.50.0.0/16": "done"}


def test_an_undo_takes_no_route_away_that_a_login_goes_by(desk: Desk) -> None:
    vpn_took(desk, ADMIN)
    assert desk.ask("cleanup", "--yes").rows == {LEFT: "done", "10.50.0.0/16": "done"}
    desk.host.logins = (FROM_BRANCH,)

    answer = desk.ask("undo")
    assert answer.refused == {"10.50.0.0/16": "remote-login"}
    assert (answer.rows, answer.status) == ({LEFT: "done"}, 1)
    assert build.route(ADMIN) in desk.host.routes


def test_a_login_that_comes_while_the_plan_is_read_is_seen(desk: Desk) -> None:
    vpn_took(desk, ADMIN)
    looked = []

    def login_peers() -> tuple[Login, ...]:
        looked.append(True)
        return () if len(looked) == 1 else (FROM_BRANCH,)

    desk.host.login_peers = login_peers  # type: ignore[method-assign]  # the world interferes

    answer = desk.ask("cleanup", "--yes")
    assert answer.refused == {"10.50.0.0/16": "remote-login"}
    assert build.route(ADMIN) not in desk.host.routes


def test_where_logins_cannot_be_looked_up_nothing_goes_and_only_a_lost_default_comes_back(desk: Desk) -> None:
    vpn_took(desk, ADMIN, DHCP_DEFAULT)
    desk.host.logins = None

    answer = desk.ask("cleanup", "--yes")
    # With the default nothing is taken over: nobody had a way. Once it is there, one may go by it to 10.50.0.0/16.
    assert answer.refused == {LEFT: "logins-unknown"}
    assert answer.rows == {"0.0.0.0/0": "done", "10.50.0.0/16": "done"}
    assert answer.status == 1
    assert "whether it carries a remote login could not be looked up" in answer.out


def test_where_logins_cannot_be_looked_up_no_route_is_put_back_beside_a_default(desk: Desk) -> None:
    vpn_took(desk, ADMIN)
    desk.host.logins = None

    answer = desk.say("cleanup", "--yes")
    assert answer.status == 1
    assert "10.50.0.0/16" in answer.out
    assert desk.ask("cleanup", "--dry-run").refused == {LEFT: "logins-unknown", "10.50.0.0/16": "logins-unknown"}
    assert build.route(SERVER) in desk.host.routes
