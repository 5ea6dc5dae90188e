"""What is seen while the store can't be written is written down once it can."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from routewatch.commands.context import Context
from routewatch.commands.observer import Observer
from routewatch.commands.speech import Options
from routewatch.core.sessions import Sight
from routewatch.errors import StateError
from routewatch.store import connection
from tests.scenarios.clients import openvpn_connects

if TYPE_CHECKING:
    from tests.commands.desk import Desk


def test_a_session_seen_while_the_store_is_busy_is_stored_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.knows_the_machine()
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    with context.store() as store:
        observer = Observer(context, store, writes=True)
        openvpn_connects(desk.story)
        with closing(sqlite3.connect(desk.state / "routewatch.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError):
                observer.take(Sight(snapshot=desk.host.observe()))
        desk.host.advance(10)
        observer.take(Sight(snapshot=desk.host.observe()))

    [session] = desk.ask("sessions").document["sessions"]
    assert session["closed"] is None
    kinds = [event["kind"] for event in desk.ask("log", "--session", "1").document["events"]]
    assert kinds.count("session_opened") == 1
