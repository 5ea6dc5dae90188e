"""The scene works out no more than it is asked for: a proven and unchanged table is never decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from routewatch.core.baselines import Series, extended, next_baseline
from routewatch.core.memory import Memory
from routewatch.core.missing import find_missing
from routewatch.core.model import Neighbour
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.scene import Scene
from routewatch.core.table import Table
from routewatch.core.verdict import find_leftovers
from tests import build
from tests.build import Packed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.memory import Baseline
    from routewatch.core.model import Route
    from routewatch.core.snapshot import Snapshot

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
RULES = build.rules("0: from all lookup local", "32766: from all lookup main", "32767: from all lookup default")
INTERNET = 100_000


class Counting(Packed):
    """A codec that counts how many routes were decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.decoded = 0

    def decode(self, fingerprint: bytes) -> Route:
        self.decoded += 1
        return super().decode(fingerprint)


def internet(codec: Counting, *more: str) -> Table:
    """Make a table of a whole Internet, seen from behind one router."""
    default = build.route("default via 192.168.1.1 dev eth0")
    routes = [
        replace(default, destination=f"{20 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24") for n in range(INTERNET)
    ]
    return Table([msgspec.msgpack.encode([*routes, default, *map(build.route, more)])], codec)


def seen(routes: Table, at: float = 0.0) -> Snapshot:
    snapshot = build.snapshot(routes=routes, links=[ETH], rules=RULES, at=at)
    return replace(snapshot, neighbours=(Neighbour(address="192.168.1.1", interface="eth0", mac="02:00:00:00:00:01"),))


def proven(snapshot: Snapshot) -> Baseline:
    return next_baseline(snapshot, Series(first=-1000.0), "periodic")


def judged(scene: Scene) -> int:
    found = (*find_leftovers(scene), *find_missing(scene))
    return len(plan(found, scene, Wishes(login_peers=())).steps)


@pytest.fixture
def codec() -> Counting:
    return Counting()


def remembering(*baselines: Baseline) -> Memory:
    return Memory(latest=baselines[-1], baselines={b.id: b for b in baselines})


def test_a_proven_and_unchanged_table_is_not_decoded(codec: Counting) -> None:
    baseline = proven(seen(internet(codec)))
    codec.decoded = 0

    assert judged(Scene(seen(internet(codec), at=600.0), remembering(baseline))) == 0

    assert codec.decoded == 0


def test_of_a_changed_table_only_what_differs_is_decoded_to_judge_it(codec: Counting) -> None:
    baseline = proven(seen(internet(codec)))
    codec.decoded = 0
    changed = internet(codec, "10.1.0.0/16 via 192.168.1.7 dev eth0")

    findings = find_leftovers(Scene(seen(changed, at=600.0), remembering(baseline)))

    assert [f.rule for f in findings if f.route is not None] == ["unexplained"]
    assert codec.decoded < 10


def test_without_a_baseline_the_table_is_decoded_once(codec: Counting) -> None:
    scene = Scene(seen(internet(codec)), Memory())
    codec.decoded = 0

    assert judged(scene) == 0

    assert codec.decoded == INTERNET + 1


def lines(routes: Iterable[Route]) -> list[str]:
    return [route.destination for route in routes]


def test_table_local_is_left_out() -> None:
    scene = Scene(build.snapshot(routes=["local 192.168.1.2 dev eth0", "10.0.0.0/8 dev eth0"]), Memory())
    assert lines(scene.rows.routes) == ["10.0.0.0/8"]


def test_series_go_on_from_the_latest_baseline() -> None:
    first = next_baseline(build.snapshot(at=5.0), Series(), "periodic")
    series = extended(Series(), first)
    assert (series.latest, series.first, series.next_id) == (first, 5.0, 2)
    assert extended(series, next_baseline(build.snapshot(at=9.0), series, "stop")).first == 5.0
