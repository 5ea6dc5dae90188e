"""Each table gives back what was put into it, at its own place, in its own order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Place
from routewatch.store.baselines import BaselineRow
from routewatch.store.keeps import KeepRow
from routewatch.store.observations import HealthRow, ObservationRow
from routewatch.store.sessions import SessionRow
from tests.store.rows import BASELINE, EARLIER, HERE, SESSION, before, begun, event

if TYPE_CHECKING:
    from routewatch.store.database import Store


def test_the_latest_baseline_of_a_place_is_the_last_one_stored(store: Store) -> None:
    store.baselines.add(BASELINE)
    second = store.baselines.add(BASELINE)
    store.baselines.add(BaselineRow(place=EARLIER, wall=90.0, boot=9.0, network=b"", proven=False, snapshot=b""))

    latest = store.baselines.latest(HERE)

    assert latest is not None
    assert (latest.id, latest.network, latest.proven, latest.tainted) == (second, b"home", True, False)
    assert [row.id for row in store.baselines.all(HERE)] == [second, second - 1]


def test_a_place_never_seen_has_nothing(store: Store) -> None:
    assert store.baselines.latest(HERE) is None
    assert store.sessions.open(HERE) == []
    assert store.observations.last(HERE) is None
    assert store.observations.health(HERE) is None
    assert store.journal.latest(HERE) is None


def test_a_closed_session_is_no_longer_open(store: Store) -> None:
    number = store.sessions.add(SESSION)
    still = store.sessions.add(SESSION)
    closed = SessionRow(id=number, place=HERE, opened_wall=20.0, opened_boot=2.0, closed_wall=25.0, closed_boot=2.5)

    assert store.sessions.update(closed)

    assert [row.id for row in store.sessions.open(HERE)] == [still]
    assert store.sessions.get(number) == closed


def test_sessions_of_an_earlier_boot_that_nobody_closed_are_found(store: Store) -> None:
    store.sessions.add(SESSION)
    old = store.sessions.add(SessionRow(place=EARLIER, opened_wall=1.0, opened_boot=1.0))

    assert [row.id for row in store.sessions.open_elsewhere(HERE)] == [old]
    assert len(store.sessions.open_elsewhere(Place(boot="b2", namespace="n"))) == 2


def test_sessions_are_listed_newest_first_and_by_client(store: Store) -> None:
    first, second = store.sessions.add(SESSION), store.sessions.add(SESSION)
    other = store.sessions.add(SessionRow(place=EARLIER, opened_wall=1.0, opened_boot=1.0, client="vpnc"))

    assert [row.id for row in store.sessions.newest(10)] == [other, second, first]
    assert [row.id for row in store.sessions.newest(1, client="openvpn")] == [second]
    assert [row.id for row in store.sessions.recent(HERE, 1)] == [second]


def test_events_are_followed_by_their_number(store: Store) -> None:
    store.events.add_many([event(), event("route_deleted")])
    seen = store.events.last()
    store.events.add_many([event("link_gone", wall=5.0)])

    assert [row.kind for row in store.events.after(seen)] == ["link_gone"]
    assert [row.kind for row in store.events.since(30.0)] == ["route_added", "route_deleted"]


def test_events_of_a_session_are_its_own(store: Store) -> None:
    session = store.sessions.add(SESSION)
    store.events.add_many([event(), event("rule_added", session=session)])

    assert [row.kind for row in store.events.of_session(session)] == ["rule_added"]


def test_all_that_one_wake_up_learned_is_stored_at_once_or_not_at_all(store: Store) -> None:
    def learn_and_fail() -> None:
        with store.transaction():
            store.sessions.add(SESSION)
            store.events.add_many([event()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        learn_and_fail()

    assert store.sessions.newest(10) == []
    assert store.events.last() == 0


def test_an_event_may_be_stored_before_its_session_within_one_transaction(store: Store) -> None:
    with store.transaction():
        store.events.add_many([event(session=1)])
        assert store.sessions.add(SESSION) == 1

    assert len(store.events.of_session(1)) == 1


def test_the_last_observation_replaces_the_one_before(store: Store) -> None:
    store.observations.save(ObservationRow(place=HERE, wall=1.0, boot=1.0, snapshot=b"a"))
    last = ObservationRow(place=HERE, wall=2.0, boot=2.0, snapshot=b"b", state=b"running")
    store.observations.save(last)

    assert store.observations.last(HERE) == last
    assert store.observations.prune(3.0) == 1


def test_health_is_what_the_daemon_last_said(store: Store) -> None:
    store.observations.save_health(HealthRow(place=HERE, pid=7, started=1.0))
    now = HealthRow(place=HERE, pid=7, started=1.0, snapshot=5.0, gaps=2, error="no buffer", error_at=4.0)
    store.observations.save_health(now)

    assert store.observations.health(HERE) == now


def test_a_destination_is_kept_once_until_it_is_forgotten(store: Store) -> None:
    assert store.keeps.add("10.0.0.0/8", 1.0)
    assert not store.keeps.add("10.0.0.0/8", 2.0)
    assert store.keeps.list() == [KeepRow(destination="10.0.0.0/8", wall=1.0)]
    assert store.keeps.forget("10.0.0.0/8")
    assert not store.keeps.forget("10.0.0.0/8")


def test_a_session_is_put_under_its_number_and_again_in_its_place(store: Store) -> None:
    number = store.sessions.next_id()
    for tunnel in ("tun0", "tun1"):
        store.sessions.put(SessionRow(id=number, place=HERE, opened_wall=1.0, opened_boot=1.0, tunnel=tunnel))

    assert [(row.id, row.tunnel) for row in store.sessions.newest(9)] == [(number, "tun1")]


def test_the_next_number_is_one_that_no_deleted_row_bore(store: Store) -> None:
    assert (store.baselines.next_id(), store.sessions.next_id()) == (1, 1)
    store.sessions.put(SessionRow(id=7, place=HERE, opened_wall=1.0, opened_boot=1.0, closed_wall=2.0, closed_boot=2.0))
    store.sessions.prune(before(100.0))
    store.baselines.forget(store.baselines.add(BASELINE))

    assert (store.baselines.next_id(), store.sessions.next_id()) == (2, 8)


def test_numbers_are_never_given_twice(store: Store) -> None:
    first = begun(store)
    store.journal.finish(first, "done")
    store.journal.prune(before(1000.0))

    assert begun(store) > first
