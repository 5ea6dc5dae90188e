"""Steps that are right only where earlier ones were done: what the plan took for granted is looked at once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.commands.acting import Actor, Intent
from routewatch.commands.archive import StoredStep
from routewatch.core.guard import Guard
from routewatch.core.memory import Memory
from routewatch.core.model import Login
from routewatch.core.scene import Scene
from routewatch.core.steps import Step
from routewatch.host.memory import MemoryHost
from routewatch.store.database import open_store
from tests import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from routewatch.store.database import Store

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
LAN = "192.168.1.0/24 dev eth0 proto kernel"
TWIN, DEFAULT = "default via 192.168.1.1 dev eth0", "default via 192.168.1.1 dev eth0 metric 100"
SERVER, OTHER = "203.0.113.10 via 192.168.1.1 dev eth0", "203.0.113.11 via 192.168.1.1 dev eth0"
LOGIN = Login(peer="198.51.100.9", local="192.168.1.2", port=22)
ADD_DEFAULT = Step(action="add", route=build.route(DEFAULT))
DELETE_TWIN = Step(action="delete", route=build.route(TWIN))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, now=0.0) as opened:
        yield opened


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost([build.route(line) for line in (LAN, TWIN, SERVER, OTHER)], (), (ETH,))


def took(store: Store, host: MemoryHost, *steps: Step, logins: tuple[Login, ...] = (LOGIN,)) -> list[tuple[str, str]]:
    guard = Guard(Scene(host.observe(), Memory()), logins)
    acted = Actor(store.journal, host, guard).act([Intent(stored=StoredStep(step=step)) for step in steps])
    return [(entry.status, entry.detail) for entry in acted.taken]


def test_the_way_of_a_login_that_should_have_got_a_successor_stays_where_it_got_none(
    store: Store, host: MemoryHost
) -> None:
    host.refuse(build.route(DEFAULT), "Network is unreachable")

    [added, deleted] = took(store, host, ADD_DEFAULT, DELETE_TWIN)
    assert added[0] == "failed"
    assert deleted[0] == "skipped"
    assert "it carries the remote login from 198.51.100.9, now that an earlier step" in deleted[1]
    assert build.route(TWIN) in host.routes


def test_without_logins_the_last_default_stays_all_the_same(store: Store, host: MemoryHost) -> None:
    host.refuse(build.route(DEFAULT), "Network is unreachable")

    [_, deleted] = took(store, host, ADD_DEFAULT, DELETE_TWIN, logins=())
    assert deleted == (
        "skipped",
        "it is the last default route of its family that leads somewhere, now that an earlier step was not taken",
    )


def test_what_was_there_already_is_as_good_as_done(store: Store, host: MemoryHost) -> None:
    guarded = Guard(Scene(host.observe(), Memory()), (LOGIN,))
    host.add(build.route(DEFAULT))
    intents = [Intent(stored=StoredStep(step=step)) for step in (ADD_DEFAULT, DELETE_TWIN)]

    acted = Actor(store.journal, host, guarded).act(intents)
    assert [entry.status for entry in acted.taken] == ["skipped", "done"]


def test_a_group_of_which_one_step_must_not_be_taken_is_taken_back(store: Store, host: MemoryHost) -> None:
    host.refuse(build.route(DEFAULT), "Network is unreachable")
    group = [
        Step(action="delete", route=build.route(SERVER), group="it"),
        replace(DELETE_TWIN, group="it"),
        Step(action="delete", route=build.route(OTHER), group="it"),
    ]

    statuses = [status for status, _ in took(store, host, ADD_DEFAULT, *group)]
    assert statuses == ["failed", "undone", "skipped", "skipped"]
    assert {build.route(line) for line in (SERVER, TWIN, OTHER)} <= set(host.routes)


def test_a_group_that_was_taken_back_counts_for_nothing(store: Store, host: MemoryHost) -> None:
    bad = build.route("10.99.0.0/16 via 192.168.1.9 dev eth0")
    host.refuse(bad, "busy")
    group = [replace(ADD_DEFAULT, group="it"), Step(action="add", route=bad, group="it")]

    statuses = [status for status, _ in took(store, host, *group, DELETE_TWIN)]
    assert statuses == ["undone", "failed", "skipped"]
