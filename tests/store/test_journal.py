"""The journal: steps written down before they are taken, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.errors import StateError
from routewatch.store.journal import CleanupRow, Mark
from tests.store.rows import HERE, begun

if TYPE_CHECKING:
    from routewatch.store.database import Store


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


def test_what_became_of_several_steps_is_written_at_once_or_not_at_all(store: Store) -> None:
    number = begun(store)
    store.journal.mark_all(number, [Mark(1, "done"), Mark(2, "doing")])
    with pytest.raises(StateError):
        store.journal.mark_all(number, [Mark(2, "done"), Mark(3, "doing")])

    row = store.journal.get(number)
    assert row is not None
    assert [step.status for step in row.steps] == ["done", "doing"]
