"""How much is done unattended: by the journal, for each session by itself, and not too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.archive import StoredStep, pack
from routewatch.commands.budget import CLEANUPS, WITHIN, unattended
from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.core.refusals import Wishes
from routewatch.core.steps import Step
from routewatch.store.journal import CleanupRow
from tests.build import route

if TYPE_CHECKING:
    from routewatch.store.database import Store
    from tests.commands.desk import Desk

STEP = Step(action="delete", route=route("203.0.113.10 via 192.168.77.1 dev eth0"))


def context_of(desk: Desk) -> Context:
    return Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)


def cleaned(store: Store, desk: Desk, session: int, status: str = "done") -> None:
    now = desk.host.now()
    row = CleanupRow(place=desk.host.place(), wall=now.wall, boot=now.boot)
    number = store.journal.begin(row, [pack(StoredStep(step=STEP, session=session))])
    store.journal.mark(number, 1, status)  # type: ignore[arg-type]  # a word of the journal
    store.journal.finish(number, "done")


def test_what_was_done_counts_for_its_session_and_what_was_not_for_none(desk: Desk) -> None:
    context = context_of(desk)
    with context.store() as store:
        for session, status in ((1, "done"), (1, "done"), (2, "done"), (2, "failed"), (2, "undone")):
            cleaned(store, desk, session, status)
        assert unattended(context, store, Wishes()).spent == {1: 2, 2: 1}
        assert unattended(context, store, Wishes()).limit == 20


def test_after_some_cleanups_it_rests_whatever_the_clock_on_the_wall_says(desk: Desk) -> None:
    context = context_of(desk)
    with context.store() as store:
        for _ in range(CLEANUPS):
            assert not unattended(context, store, Wishes()).resting
            cleaned(store, desk, 1)
        assert unattended(context, store, Wishes()).resting
        desk.host.advance(WITHIN - 1)
        assert unattended(context, store, Wishes()).resting
        desk.host.advance(2)
        assert not unattended(context, store, Wishes()).resting


def test_a_cleanup_that_did_nothing_is_not_counted(desk: Desk) -> None:
    context = context_of(desk)
    with context.store() as store:
        for _ in range(2 * CLEANUPS):
            cleaned(store, desk, 1, "skipped")
        assert not unattended(context, store, replace(Wishes(), resting=True)).resting
