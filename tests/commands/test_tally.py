"""What is counted of sessions: of those that are shown, and of no others."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.context import Context
from routewatch.commands.recall import session_of
from routewatch.commands.speech import Options
from routewatch.commands.tally import tallied
from routewatch.commands.watchman import Watchman
from routewatch.log import configure, get_logger
from routewatch.store.locks import try_lock
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import DHCP_DEFAULT, SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.memory import Session
    from routewatch.host.port import Doorbell
    from routewatch.store.database import Store
    from tests.commands.desk import Desk


def test_only_the_sessions_that_are_shown_are_counted(desk: Desk) -> None:
    desk.vpn_dies()
    desk.host.advance(60)
    openvpn_connects(desk.story)
    desk.ask("run", "--once")
    second, first = sessions(desk)
    assert second.closed is None

    with store_of(desk) as store:
        [(shown, tally)] = tallied(store, [first])
        assert (shown, tally.added > 0) == (first, True)
        assert tallied(store, []) == ()


def test_what_a_cleanup_did_is_no_longer_left_though_the_daemon_has_not_seen_it_yet(desk: Desk) -> None:
    desk.vpn_dies()
    [before] = sessions(desk)
    with beside_a_daemon(desk):
        assert desk.ask("cleanup", "--yes").status == 0
        assert sessions(desk) == [before]  # the daemon has not looked since
        assert counts(desk) == (0, 0, 1)

        assert desk.ask("undo").status == 0
        assert counts(desk) == (1, 0, 0)


def test_what_came_back_after_a_cleanup_is_left_again(desk: Desk) -> None:
    desk.vpn_dies()
    with beside_a_daemon(desk):
        desk.ask("cleanup", "--yes")
    desk.host.advance(1)
    [session] = sessions(desk)
    again = replace(session.appeared[0], at=desk.host.now())
    with store_of(desk) as store:
        [(shown, _)] = tallied(store, [replace(session, appeared=(again,))])
    assert shown.appeared == (again,)


def test_what_a_cleanup_brought_back_is_no_longer_lost(desk: Desk) -> None:
    desk.knows_the_machine()
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    configure(0, color=False)
    with context.store() as store:
        watchman, bell = Watchman(context, store, get_logger()), desk.host.doorbell()
        look(watchman, bell)
        openvpn_connects(desk.story, takes=(DHCP_DEFAULT,), adds=(SERVER, "default via 10.8.0.1 dev tun0"))
        look(watchman, bell)
        dies(desk.story)
        look(watchman, bell)
    desk.host.advance(30)
    with beside_a_daemon(desk):
        before = counts(desk)
        cleaned = desk.ask("cleanup", "--yes")
        assert set(cleaned.rows.values()) == {"done"}
        assert (before[:2], counts(desk)[:2]) == ((1, 1), (0, 0))


def look(watchman: Watchman, bell: Doorbell) -> None:
    watchman.hear(bell.read())
    snapshot = watchman.observe()
    assert snapshot is not None
    watchman.follow(snapshot, settled=True)


def sessions(desk: Desk) -> list[Session]:
    """Return the sessions as they are stored, the newest first."""
    with store_of(desk) as store:
        return [session_of(row) for row in store.sessions.newest(10)]


def store_of(desk: Desk) -> Store:
    context = Context(Options(config=str(desk.configuration), state_dir=str(desk.state)), desk.host)
    return context.store(readonly=True)


@contextmanager
def beside_a_daemon(desk: Desk) -> Iterator[None]:
    """Let somebody else be the one who writes down what is seen."""
    lock = try_lock(desk.state, "observe.lock")
    assert lock is not None
    with lock:
        yield


def counts(desk: Desk) -> tuple[int, int, int]:
    [session] = desk.ask("sessions").document["sessions"]
    return session["left"], session["lost"], session["cleaned"]


def test_counting_looks_at_the_events_of_those_sessions_only(desk: Desk) -> None:
    desk.vpn_dies()
    with closing(sqlite3.connect(desk.state / "routewatch.db")) as database:
        plan = database.execute(
            "EXPLAIN QUERY PLAN SELECT session, kind, count(*) FROM events"
            " WHERE session IN (SELECT value FROM json_each('[1]')) GROUP BY session, kind"
        ).fetchall()
    assert any("events_by_session" in row[3] for row in plan)
