"""``log``: what happened, in order; --follow goes on as it happens."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from threading import Event as Pause
from typing import TYPE_CHECKING

from routewatch.commands.archive import unpack
from routewatch.commands.recall import require_session
from routewatch.core.memory import Event
from routewatch.errors import UsageError
from routewatch.render.events import event_lines, event_object

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.store.database import Store
    from routewatch.store.events import EventRow

PORTION = 1000
PACE = 0.5  # seconds between two looks for news


def add(parser: argparse.ArgumentParser) -> None:
    """Take --follow, --session, --since."""
    parser.add_argument("--follow", action="store_true", help="go on as things happen; with --json a line each")
    parser.add_argument("--session", type=int, metavar="ID", help="only of this session")
    parser.add_argument("--since", metavar="T", help='only of the last "30m", "2h", "7d", or since a date')


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the events. Raises StateError, UsageError."""
    start = _start(arguments.since, context)
    with context.store(readonly=True) as store:
        require_session(store, arguments.session)
        rows = _rows(store, arguments.session, start)
        if not arguments.follow:
            _print_all(rows, start, context)
            return 0
        last = store.events.last()
        _print(rows, context)
    _follow(context, last, arguments.session)
    return 0


def _start(since: str | None, context: Context) -> float:
    """Return the wall time to begin at. A date without a zone is one of the machine's own."""
    if since is None:
        return 0.0
    from routewatch.config.values import duration

    with suppress(ValueError):
        return context.host.now().wall - duration(since)
    with suppress(ValueError):
        return datetime.fromisoformat(since).astimezone().timestamp()
    raise UsageError(f"--since {since} is no time", 'write it as "30m", "2h", "7d" or "2026-11-24 14:00"')


def _rows(store: Store, session: int | None, start: float) -> list[EventRow]:
    rows = store.events.since(start) if session is None else store.events.of_session(session)
    return [row for row in rows if row.wall >= start]


def _print_all(rows: list[EventRow], start: float, context: Context) -> None:
    if context.json:
        context.emit({"events": [event_object(row.id, _event(row)) for row in rows]})
    elif rows:
        context.say("\n".join(event_lines(map(_event, rows), verbose=context.verbose)))
    else:
        context.say("nothing has happened yet" if start == 0.0 else "nothing has happened since then")


def _follow(context: Context, last: int, session: int | None) -> None:
    """Ask the store for what is new, for ever: no socket to the daemon is needed, nor its being there."""
    pause = Pause()
    while True:
        with context.store(readonly=True) as store:
            while rows := store.events.after(last, PORTION):
                last = rows[-1].id
                _print([row for row in rows if session in {None, row.session}], context)
        pause.wait(PACE)


def _print(rows: list[EventRow], context: Context) -> None:
    if context.json:
        for row in rows:
            context.emit_line(event_object(row.id, _event(row)))
        return
    for line in event_lines(map(_event, rows), verbose=context.verbose):
        context.say(line)
    context.flush()


def _event(row: EventRow) -> Event:
    return unpack(row.value, Event, f"event {row.id}")
