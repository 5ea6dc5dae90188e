"""What nobody was seen to do belongs to a session that has just opened, unless it is signed by somebody else."""

from __future__ import annotations

from routewatch.core.attribution import UNKNOWN, tie
from routewatch.core.memory import Session
from routewatch.core.model import Author
from tests.build import link, moment, process, route

SESSION = Session(id=1, tunnel=link("tun0 kind tun up carrier"), client="openvpn", opened=moment(100.0))


def test_a_route_that_appears_right_after_the_tunnel_is_the_sessions() -> None:
    assert tie(route("203.0.113.10 via 192.168.77.1 dev eth0"), UNKNOWN, SESSION, moment(101.0)) == "time"


def test_a_route_that_a_tool_set_whose_parents_had_ended_is_the_sessions_by_time() -> None:
    tool = Author(kind="process", process=process("ip[310]"), cut=True)

    assert tie(route("203.0.113.10 via 192.168.77.1 dev eth0"), tool, SESSION, moment(101.0)) == "time"


def test_a_route_that_somebody_elses_tool_set_is_not() -> None:
    tool = Author(kind="process", process=process("ip[310]"), ancestors=(process("bash[300]"),))

    assert tie(route("203.0.113.10 via 192.168.77.1 dev eth0"), tool, SESSION, moment(101.0)) is None


def test_a_lease_renewed_right_after_the_tunnel_came_up_is_not() -> None:
    lease = route("default via 192.168.77.254 dev eth0 proto dhcp metric 100")

    assert tie(lease, UNKNOWN, SESSION, moment(101.0)) is None


def test_a_route_that_appears_much_later_is_not() -> None:
    assert tie(route("203.0.113.10 via 192.168.77.1 dev eth0"), UNKNOWN, SESSION, moment(200.0)) is None
