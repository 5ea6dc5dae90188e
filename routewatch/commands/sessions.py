"""``sessions``: the VPN sessions seen so far, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.recall import session_of
from routewatch.commands.tally import tallied
from routewatch.errors import UsageError
from routewatch.render.sessions import HEADER, session_line, session_object

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context

MANY = 1000


def add(parser: argparse.ArgumentParser) -> None:
    """Take --vpn and --limit."""
    parser.add_argument("--vpn", metavar="NAME", help="only sessions of this client")
    parser.add_argument("--limit", type=int, default=MANY, metavar="N", help=f"at most so many (default: {MANY})")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the list. Raises StateError, UsageError."""
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit} shows nothing", "name a number from 1 on")
    with context.store(readonly=True) as store:
        found = tallied(store, [session_of(row) for row in store.sessions.newest(arguments.limit, arguments.vpn)])
    if context.json:
        context.emit({"sessions": [session_object(session, tally) for session, tally in found]})
        return 0
    now = context.host.now().boot
    lines = [HEADER, *(session_line(session, tally, now) for session, tally in found)]
    context.say("\n".join(lines) if found else "no session was seen yet")
    return 0
