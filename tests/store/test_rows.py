"""Each table gives back what was put into it, at its own place, in its own order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Place
from routewatch.errors import StateError
from routewatch.store.baselines import BaselineRow
from routewatch.store.database import Store, open_store
from routewatch.store.events import EventRow
from routewatch.store.journal import CleanupRow, Mark
from routewatch.store.keeps import KeepRow
from routewatch.store.observations import HealthRow, ObservationRow
from routewatch.store.places import Horizon
from routewatch.store.sessions import SessionRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = Place(boot="b1", namespace="4026531840")
EARLIER = Place(boot="b0", namespace="4026531840")
BASELINE = BaselineRow(place=HERE, wall=10.0, boot=1.0, network=b"home", proven=True, snapshot=b"routes")
SESSION = SessionRow(place=HERE, opened_wall=20.0, opened_boot=2.0, client="openvpn", tunnel="tun0", value=b"session")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, now=0.0) as opened:
        yield opened


def event(kind: str = "route_added", wall: float = 30.0, session: int | None = None) -> EventRow:
    return EventRow(place=HERE, wall=wall, boot=3.0, session=session, kind=kind, value=b"\x81")


def begun(store: Store, place: Place = HERE, wall: float = 40.0) -> int:
    return store.journal.begin(CleanupRow(place=place, wall=wall, boot=4.0), [b"first", b"second"])


def before(wall: float) -> Horizon:
    """Return a horizon of a later boot than all that is stored."""
    return Horizon("b2", 0.0, wall)


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


def test_a_session_keeps_its_place_when_its_baseline_is_forgotten(store: Store) -> None:
    baseline = store.baselines.add(BASELINE)
    session = store.sessions.add(SessionRow(place=HERE, opened_wall=20.0, opened_boot=2.0, baseline=baseline))

    assert store.baselines.forget(baseline)
    assert not store.baselines.forget(baseline)

    kept = store.sessions.get(session)
    assert kept is not None
    assert kept.baseline is None


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


def test_old_events_go_unless_an_open_finding_needs_their_session(store: Store) -> None:
    needed = store.sessions.add(SESSION)
    store.events.add_many([event(wall=1.0), event(wall=1.0, session=needed), event(wall=100.0)])

    assert store.events.prune(before(50.0), 10**9, keep={needed}) == 1
    assert [row.wall for row in store.events.after(0)] == [1.0, 100.0]


def test_the_oldest_events_go_when_the_store_is_too_large(store: Store) -> None:
    store.events.add_many(event(wall=float(n)) for n in range(50_000))

    store.events.prune(before(0.0), 1_500_000)

    kept = store.events.after(0, limit=10**6)
    assert 5_000 < len(kept) < 50_000
    assert kept[-1].wall == 49_999.0
    store.close()
    assert store.path.stat().st_size < 1_500_000


def test_an_old_session_goes_with_its_events_but_an_open_one_stays(store: Store) -> None:
    old = SessionRow(place=HERE, opened_wall=1.0, opened_boot=1.0, closed_wall=2.0, closed_boot=2.0)
    gone, needed, still_open = store.sessions.add(old), store.sessions.add(old), store.sessions.add(SESSION)
    store.events.add_many([event(session=gone), event(session=needed)])

    assert store.sessions.prune(before(50.0), keep=[needed]) == 1
    assert [row.id for row in store.sessions.newest(9)] == [still_open, needed]
    assert [row.session for row in store.events.after(0)] == [needed]


def test_a_baseline_stays_while_a_session_names_it_or_it_is_the_newest(store: Store) -> None:
    named, unnamed, newest = (store.baselines.add(BASELINE) for _ in range(3))
    store.sessions.add(SessionRow(place=HERE, opened_wall=1.0, opened_boot=1.0, baseline=named))

    assert store.baselines.prune(before(1000.0)) == 1
    assert [row.id for row in store.baselines.all(HERE)] == [newest, named]
    assert store.baselines.get(unnamed) is None


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


def test_a_cleanup_is_written_down_step_by_step(store: Store) -> None:
    number = begun(store)
    store.journal.mark(number, 1, "doing")
    store.journal.mark(number, 1, "done")
    store.journal.mark(number, 2, "failed", "File exists")

    cleanup = store.journal.get(number)

    assert cleanup is not None
    assert [(step.n, step.value, step.status, step.detail) for step in cleanup.steps] == [
        (1, b"first", "done", ""),
        (2, b"second", "failed", "File exists"),
    ]
    assert [row.id for row in store.journal.unfinished(HERE)] == [number]


def test_a_finished_cleanup_is_no_longer_unfinished_and_its_undo_names_it(store: Store) -> None:
    number = begun(store)
    store.journal.finish(number, "done")
    undo = store.journal.begin(CleanupRow(place=HERE, wall=50.0, boot=5.0, kind="undo", undoes=number), [b"back"])
    store.journal.finish(number, "undone")

    latest = store.journal.latest(HERE)

    assert latest is not None
    assert (latest.id, latest.undoes) == (undo, number)
    assert [row.state for row in store.journal.recent(HERE, 5)] == ["acting", "undone"]


def test_a_step_that_was_never_planned_cannot_be_marked(store: Store) -> None:
    number = begun(store)

    with pytest.raises(StateError, match="no such row"):
        store.journal.mark(number, 3, "done")


def test_the_journal_refuses_to_be_part_of_something_that_may_be_taken_back(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError, match="durable"):
        begun(store)


def test_old_cleanups_go_except_unfinished_ones(store: Store) -> None:
    done, acting = begun(store), begun(store)
    store.journal.finish(done, "done")

    assert store.journal.prune(before(1000.0)) == 1
    assert store.journal.get(done) is None
    assert store.journal.get(acting) is not None


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


def test_the_first_baseline_of_a_place_is_told_from_those_elsewhere(store: Store) -> None:
    assert store.baselines.first_taken(HERE) is None
    store.baselines.add(BASELINE)
    store.baselines.add(BaselineRow(place=HERE, wall=90.0, boot=9.0, network=b"", proven=False, snapshot=b""))

    assert store.baselines.first_taken(HERE) == 1.0
    assert not store.baselines.stands_elsewhere(HERE)
    assert store.baselines.stands_elsewhere(EARLIER)


@pytest.mark.parametrize(("boot", "left"), [(0.5, True), (100.0, False)])
def test_what_is_of_this_boot_grows_old_by_its_own_clock_only(store: Store, boot: float, *, left: bool) -> None:
    store.baselines.add(BASELINE)
    store.baselines.add(BASELINE)
    session = store.sessions.add(
        SessionRow(place=HERE, opened_wall=1.0, opened_boot=1.0, closed_wall=2.0, closed_boot=2.0)
    )
    store.events.add_many([event(session=session), event()])
    cleanup = begun(store)
    store.journal.finish(cleanup, "done")
    elsewhere = begun(store, EARLIER)
    store.journal.finish(elsewhere, "done")

    ahead = Horizon(HERE.boot, boot, 1e9)
    gone = [store.events.prune(ahead, 10**9), store.sessions.prune(ahead), store.baselines.prune(ahead)]
    assert gone == ([0, 0, 0] if left else [2, 1, 1])
    assert store.journal.prune(ahead) == (1 if left else 2)
    assert (store.journal.get(cleanup) is not None) == left
    assert store.journal.get(elsewhere) is None


def test_numbers_are_never_given_twice(store: Store) -> None:
    first = begun(store)
    store.journal.finish(first, "done")
    store.journal.prune(before(1000.0))

    assert begun(store) > first


def test_what_became_of_several_steps_is_written_at_once_or_not_at_all(store: Store) -> None:
    number = begun(store)
    store.journal.mark_all(number, [Mark(1, "done"), Mark(2, "doing")])
    with pytest.raises(StateError):
        store.journal.mark_all(number, [Mark(2, "done"), Mark(3, "doing")])

    row = store.journal.get(number)
    assert row is not None
    assert [step.status for step in row.steps] == ["done", "doing"]
