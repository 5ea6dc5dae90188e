"""What grows old goes, and what something still needs stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.store.baselines import BaselineRow
from routewatch.store.places import Horizon
from routewatch.store.sessions import SessionRow
from tests.store.rows import BASELINE, EARLIER, HERE, SESSION, before, begun, event

if TYPE_CHECKING:
    from routewatch.store.database import Store


def test_a_session_keeps_its_place_when_its_baseline_is_forgotten(store: Store) -> None:
    baseline = store.baselines.add(BASELINE)
    session = store.sessions.add(SessionRow(place=HERE, opened_wall=20.0, opened_boot=2.0, baseline=baseline))

    assert store.baselines.forget(baseline)
    assert not store.baselines.forget(baseline)

    kept = store.sessions.get(session)
    assert kept is not None
    assert kept.baseline is None


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


def test_old_cleanups_go_except_unfinished_ones(store: Store) -> None:
    done, acting = begun(store), begun(store)
    store.journal.finish(done, "done")

    assert store.journal.prune(before(1000.0)) == 1
    assert store.journal.get(done) is None
    assert store.journal.get(acting) is not None


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
