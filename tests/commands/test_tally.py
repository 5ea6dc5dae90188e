"""What is counted of sessions: of those that are shown, and of no others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from routewatch.commands.context import Context
from routewatch.commands.speech import Options
from routewatch.commands.tally import tallies
from tests.scenarios.clients import openvpn_connects

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_only_the_sessions_that_are_shown_are_counted(desk: Desk) -> None:
    desk.vpn_dies()
    desk.host.advance(60)
    openvpn_connects(desk.story)
    desk.ask("run", "--once")
    first, second = reversed(desk.ask("sessions").document["sessions"])
    assert first["added"] > 0
    assert second["closed"] is None

    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    with context.store(readonly=True) as store:
        assert list(tallies(store, [first["id"]])) == [first["id"]]
        assert tallies(store, []) == {}


def test_counting_looks_at_the_events_of_those_sessions_only(desk: Desk) -> None:
    desk.vpn_dies()
    with closing(sqlite3.connect(desk.state / "routewatch.db")) as database:
        plan = database.execute(
            "EXPLAIN QUERY PLAN SELECT session, kind, count(*) FROM events"
            " WHERE session IN (SELECT value FROM json_each('[1]')) GROUP BY session, kind"
        ).fetchall()
    assert any("events_by_session" in row[3] for row in plan)
