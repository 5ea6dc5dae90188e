"""The rows of a look are made from those of the look before: what stayed is not decoded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.memory import Memory
from routewatch.core.rows import Rows
from routewatch.core.scene import Scene
from routewatch.core.table import Table
from tests import build
from tests.build import Packed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routewatch.core.model import Route

LAN = "192.168.1.0/24 dev eth0 proto kernel"
DEFAULT = "default via 192.168.1.1 dev eth0 metric 100"
NEWER = "10.0.0.0/8 via 192.168.1.7 dev eth0"


class Noting(Packed):
    """A codec that notes what it was asked to decode."""

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        super().__init__(names)
        self.decoded: list[str] = []

    def decode(self, fingerprint: bytes) -> Route:
        route = super().decode(fingerprint)
        self.decoded.append(route.destination)
        return route


def table(codec: Packed, *lines: str) -> Table:
    return Table(build.table(*lines).chunks, codec)


def test_a_table_that_is_the_same_is_the_very_same_rows() -> None:
    rows = Rows(table(Noting(), LAN, DEFAULT))
    assert rows.followed_by(table(Noting(), LAN, DEFAULT)) is rows


def test_of_a_later_look_only_what_is_new_is_decoded() -> None:
    codec = Noting()
    rows = Rows(table(codec, LAN, DEFAULT))
    assert len(rows.routes) == 2
    codec.decoded.clear()

    later = rows.followed_by(table(codec, LAN, NEWER))

    assert later.routes == (build.route(LAN), build.route(NEWER))
    assert codec.decoded == ["10.0.0.0/8"]


def test_what_nobody_asked_for_is_not_decoded_for_the_next_look() -> None:
    codec = Noting()
    later = Rows(table(codec, LAN, DEFAULT)).followed_by(table(codec, LAN, NEWER))
    assert codec.decoded == []
    assert len(later.routes) == 2


def test_rows_are_read_anew_where_an_index_names_another_link_now() -> None:
    rows = Rows(table(Noting({2: "eth0"}), LAN))
    assert len(rows.routes) == 1
    renamed = Noting({2: "wlan0"})
    assert rows.followed_by(table(renamed, LAN, NEWER)).routes
    assert renamed.decoded == ["192.168.1.0/24", "10.0.0.0/8"]


def test_a_row_that_is_gone_is_not_there_in_the_scene_made_from_the_earlier_one() -> None:
    before = Scene(build.snapshot(routes=[LAN, DEFAULT]), Memory())
    assert before.has(build.route(DEFAULT))
    after = Scene(build.snapshot(routes=[LAN, NEWER]), Memory(), earlier=before.rows)
    assert not after.has(build.route(DEFAULT))
    assert after.has(build.route(NEWER))


def test_rivals_are_the_rows_of_one_prefix_tos_and_metric_in_order() -> None:
    first, second = "10.0.0.0/8 via 192.168.1.7 dev eth0", "10.0.0.0/8 via 192.168.1.8 dev eth0"
    others = ["10.0.0.0/8 via 192.168.1.7 dev eth0 metric 5", "10.0.0.0/16 via 192.168.1.7 dev eth0"]
    rows = Rows(build.table(first, *others, second))
    assert rows.rivals(build.route(second)) == (build.route(first), build.route(second))
    assert rows.rivals(build.route("172.16.0.0/12 dev eth0")) == ()
