"""Confirmations: of who confirms and who takes back exactly one is the first; older files are brought up to date."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from routewatch.store.confirmations import ConfirmationRow
from routewatch.store.database import NAME, open_store
from routewatch.store.schema import FIRST, VERSION
from tests.store.rows import HERE, before, begun
from tests.store.stage import NOON

if TYPE_CHECKING:
    from pathlib import Path

    from routewatch.store.database import Store


@pytest.fixture
def cleanup(store: Store) -> int:
    """A cleanup that is to be confirmed until second 160 of the boot clock."""
    number = begun(store)
    store.confirmations.add(ConfirmationRow(cleanup=number, within=60.0, deadline=160.0))
    return number


def test_what_is_to_be_confirmed_is_pending_with_its_deadline(store: Store, cleanup: int) -> None:
    [row] = store.confirmations.pending(HERE)

    assert row == ConfirmationRow(cleanup=cleanup, within=60.0, deadline=160.0)
    assert store.confirmations.get(cleanup + 1) is None


def test_what_is_confirmed_can_not_be_taken_back_at_its_deadline(store: Store, cleanup: int) -> None:
    assert store.confirmations.confirm(cleanup, 7.0)

    assert not store.confirmations.claim(cleanup)
    assert store.confirmations.pending(HERE) == []
    assert store.confirmations.latest(HERE) == ConfirmationRow(
        cleanup=cleanup, within=60.0, deadline=160.0, state="confirmed", ended=7.0
    )


def test_what_is_being_taken_back_can_not_be_confirmed_but_can_be_gone_on_with(store: Store, cleanup: int) -> None:
    assert store.confirmations.claim(cleanup)

    assert not store.confirmations.confirm(cleanup, 7.0)
    assert [row.state for row in store.confirmations.pending(HERE)] == ["due"]
    assert store.confirmations.claim(cleanup)  # who claimed it was killed
    store.confirmations.undone(cleanup, 8.0)
    assert not store.confirmations.claim(cleanup)
    assert store.confirmations.pending(HERE) == []


def test_what_was_confirmed_can_be_taken_back_by_hand(store: Store, cleanup: int) -> None:
    store.confirmations.confirm(cleanup, 7.0)
    store.confirmations.undone(cleanup, 8.0)

    row = store.confirmations.get(cleanup)
    assert row is not None
    assert (row.state, row.ended) == ("undone", 8.0)


def test_a_cleanup_that_is_forgotten_takes_its_confirmation_with_it(store: Store, cleanup: int) -> None:
    store.confirmations.drop(cleanup)

    assert store.confirmations.latest(HERE) is None


def test_what_awaits_its_confirmation_is_not_forgotten_however_short_the_retention(store: Store, cleanup: int) -> None:
    store.journal.finish(cleanup, "done")
    assert store.journal.prune(before(1000.0)) == 0

    store.confirmations.confirm(cleanup, 7.0)
    assert store.journal.prune(before(1000.0)) == 1
    assert store.confirmations.get(cleanup) is None


def first_version(directory: Path) -> None:
    """Make a store as the first schema had it, with one cleanup that was done."""
    database = sqlite3.connect(directory / NAME)
    database.executescript(f"PRAGMA journal_mode = WAL; {FIRST}; PRAGMA user_version = 1;")
    database.execute("INSERT INTO places (id, boot, namespace) VALUES (1, ?, ?)", (HERE.boot, HERE.namespace))
    database.execute("INSERT INTO cleanups (place, wall, boot, kind, state) VALUES (1, 1.0, 1.0, 'cleanup', 'done')")
    database.commit()
    database.close()


def test_a_store_of_the_first_schema_is_read_as_it_is_and_has_nothing_to_confirm(tmp_path: Path) -> None:
    first_version(tmp_path)

    with open_store(tmp_path, now=NOON, readonly=True) as store:
        assert store.confirmations.pending(HERE) == []
        assert store.confirmations.get(1) is None
        assert store.confirmations.latest(HERE) is None

    database = sqlite3.connect(tmp_path / NAME)
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    database.close()


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    first_version(tmp_path)

    with open_store(tmp_path, now=NOON) as store:
        assert store.warnings == ()
        assert [row.id for row in store.journal.recent(HERE, 9)] == [1]
        store.confirmations.add(ConfirmationRow(cleanup=1, within=60.0, deadline=160.0))

    with open_store(tmp_path, now=NOON, readonly=True) as store:
        assert [row.cleanup for row in store.confirmations.pending(HERE)] == [1]
    database = sqlite3.connect(tmp_path / NAME)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.close()
