"""What a step would do on top of those done before it: as planned, and as it went."""

from __future__ import annotations

from routewatch.core.guard import Guard, Objection
from routewatch.core.memory import Memory
from routewatch.core.model import Login
from routewatch.core.scene import Scene
from routewatch.core.steps import Step
from tests import build

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
DEFAULT = "default via 192.168.1.1 dev eth0 metric 100"
TWIN = "default via 192.168.1.1 dev eth0"
LOGIN = Login(peer="198.51.100.9", local="192.168.1.2", port=22)


def scene(*lines: str) -> Scene:
    return Scene(build.snapshot(routes=["192.168.1.0/24 dev eth0 proto kernel", *lines], links=[ETH]), Memory())


def add(line: str) -> Step:
    return Step(action="add", route=build.route(line))


def delete(line: str) -> Step:
    return Step(action="delete", route=build.route(line))


def test_a_step_that_harms_nobody_meets_no_objection() -> None:
    guard = Guard(scene(TWIN, DEFAULT), (LOGIN,))
    assert guard.objection(delete(TWIN)) is None


def test_the_way_of_a_login_comes_before_the_last_default() -> None:
    guard = Guard(scene(TWIN), (LOGIN,))
    assert guard.objection(delete(TWIN)) == Objection("remote-login", "it carries the remote login from 198.51.100.9")
    assert Guard(scene(TWIN), ()).objection(delete(TWIN)) == Objection(
        "last-default", "it is the last default route of its family that leads somewhere"
    )


def test_what_is_right_only_by_an_earlier_step_is_objected_to_where_that_was_not_done() -> None:
    guard = Guard(scene(TWIN), (LOGIN,))
    assert guard.objection(add(DEFAULT)) is None
    assert guard.objection(delete(TWIN)) is not None
    guard.done(add(DEFAULT))
    assert guard.objection(delete(TWIN)) is None
