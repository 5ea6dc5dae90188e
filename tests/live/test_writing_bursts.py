"""Many steps in a row: the table is read once, and again as soon as anybody else has changed anything."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, ClassVar

import pytest

from routewatch.errors import KernelRefusedError
from routewatch.host.linux import write
from routewatch.host.linux.dumps import Dump, RequestSocket
from routewatch.host.linux.kernel import LinuxHost
from routewatch.host.linux.rtnetlink.messages import RTM_GETROUTE
from tests.host.stage import NO_DAD, STAGE
from tests.host.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

DUMPS = 2  # of the first look nothing is kept, of the second everything
V4 = [f"10.50.{number}.0/24 via 10.1.0.2 dev v0" for number in range(12)]
V6 = [f"fd50:{number}::/48 via fd01::2 dev v0" for number in range(12)]


class CountingSocket(RequestSocket):
    """Counts the dumps of routes that are asked for."""

    dumps: ClassVar[int] = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        """Count, and ask."""
        CountingSocket.dumps += kind == RTM_GETROUTE
        return super().dump(kind, family, body)


class Steps:
    """A host whose deletes are taken one after the other, in a process of its own."""

    def __init__(self) -> None:
        """Begin to count."""
        pytest.MonkeyPatch().setattr(write, "RequestSocket", CountingSocket)
        CountingSocket.dumps = 0
        self.host = LinuxHost()

    @property
    def dumps(self) -> int:
        """How often a step has made us read a table."""
        return CountingSocket.dumps

    def delete(self, *lines: str) -> list[str]:
        """Delete the routes, and return the outcomes."""
        return [self._taken(line) for line in lines]

    def _taken(self, line: str) -> str:
        try:
            return self.host.apply(step("delete", line))
        except KernelRefusedError:
            return "refused"


def ip(*commands: str) -> None:
    """Let somebody else change something, in the namespace of this process."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=True)


@pytest.fixture
def stage(namespace: Namespace) -> Namespace:
    namespace.run(NO_DAD)
    namespace.run("ip -batch -", stdin=STAGE)
    namespace.run("ip -batch -", stdin="".join(f"route add {line}\n" for line in (*V4, *V6)))
    return namespace


def played(story: Callable[[Steps], None]) -> None:
    steps = Steps()
    try:
        story(steps)
    finally:
        steps.host.close()


def our_own(steps: Steps) -> None:
    assert steps.delete(*V4) == ["done"] * len(V4)
    assert steps.dumps == DUMPS
    assert steps.delete(*V6) == ["done"] * len(V6)
    assert steps.dumps == DUMPS + 1
    assert steps.delete(*V4, *V6) == ["absent"] * len(V4 + V6)


def a_sibling_that_came(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    ip(f"route prepend {V4[5]} src 10.8.0.2")
    assert steps.delete(*V4[4:8]) == ["done", "refused", "done", "done"]
    assert steps.dumps == 2 * DUMPS


def a_row_that_went(steps: Steps) -> None:
    assert steps.delete(*V6[:4]) == ["done"] * 4
    ip(f"route del {V6[5]}")
    assert steps.delete(*V6[4:8]) == ["done", "absent", "done", "done"]


def a_row_that_is_another_now(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    ip(f"route replace {V4[5]} mtu 1400")
    assert steps.delete(*V4[4:8]) == ["done", "absent", "done", "done"]


def more_than_the_queue_holds(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    crowd = [f"10.60.{number // 250}.{number % 250}/32 via 10.1.0.2 dev v0" for number in range(4000)]
    ip(*(f"route add {line}" for line in crowd), f"route prepend {V4[5]} src 10.8.0.2")
    assert steps.delete(*V4[4:8], crowd[-1]) == ["done", "refused", "done", "done", "done"]


def a_link_that_went_down(steps: Steps) -> None:
    # IPv4 routes go with their link without a word of their own
    assert steps.delete(*V4[:4]) == ["done"] * 4
    ip("link set v0 down", "link set v0 up", "route add 10.1.0.2/32 dev v0")
    legs = "nexthop via 10.1.0.2 dev v0 nexthop dev t0"
    ip(f"route add 10.50.5.0/24 {legs}")
    assert steps.delete(*V4[4:8]) == ["absent"] * 4
    assert steps.delete(f"10.50.5.0/24 {legs}") == ["done"]


def a_link_that_was_renamed(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    ip("link set b0 down", "link set b0 name b1", "link set b1 up", "route add 10.77.0.0/16 dev b1")
    assert steps.delete(V4[4], "10.77.0.0/16 dev b1") == ["done", "done"]


def one_of_several_with_one_destination(steps: Steps) -> None:
    ip(*(f"route add {V4[5]} metric {number}" for number in (7, 8, 9)))
    assert steps.delete(*V4[:4]) == ["done"] * 4
    assert steps.delete(*(f"{V4[5]} metric {number}" for number in (8, 7, 8, 9))) == ["done", "done", "absent", "done"]
    assert steps.delete(V4[5]) == ["done"]


def a_default_among_others(steps: Steps) -> None:
    ip("route add default via 10.1.0.2 dev v0", "route add default via fd01::2 dev v0")
    wanted = [*V4[:3], "default via 10.1.0.2 dev v0", *V6[:3], "::/0 via fd01::2 dev v0"]
    assert steps.delete(*wanted, wanted[3], wanted[-1]) == ["done"] * 8 + ["absent"] * 2


def a_look_in_between(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    steps.host.observe()
    assert steps.delete(*V4[4:8]) == ["done"] * 4
    assert steps.dumps == 2 * DUMPS


def what_we_put_back(steps: Steps) -> None:
    assert steps.delete(*V4[:4]) == ["done"] * 4
    assert steps.host.apply(step("add", V4[1])) == "done"
    assert steps.delete(*V4[:6]) == ["absent", "done", "absent", "absent", "done", "done"]


@pytest.mark.parametrize(
    "story",
    [
        our_own,
        a_sibling_that_came,
        a_row_that_went,
        a_row_that_is_another_now,
        more_than_the_queue_holds,
        a_link_that_went_down,
        a_link_that_was_renamed,
        one_of_several_with_one_destination,
        a_default_among_others,
        a_look_in_between,
        what_we_put_back,
    ],
)
def test_between_two_steps_everything_but_our_own_deletes_is_seen(
    stage: Namespace, story: Callable[[Steps], None]
) -> None:
    stage.call(played, story)
