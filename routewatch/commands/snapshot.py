"""``snapshot``: the table now, or one that somebody saved as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.commands.filters import add_filters, filter_of
from routewatch.core.model import Link, PolicyRule, Route
from routewatch.render.findings import row_text
from routewatch.render.objects import link_object, route_object, rule_object
from routewatch.render.routes import printable

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context

_LONGEST = 200  # what is shown of a line that is not understood


class Shown(Struct, frozen=True, kw_only=True):
    """What is shown of a table, live or saved."""

    taken_at: str | None
    platform: str | None
    complete: bool
    routes: tuple[Route, ...]
    rules: tuple[PolicyRule, ...]
    links: tuple[Link, ...]
    unparsed: tuple[str, ...]
    problems: tuple[str, ...] = ()


def add(parser: argparse.ArgumentParser) -> None:
    """Take the filters, and a file."""
    add_filters(parser)
    parser.add_argument("--from", dest="source", metavar="FILE", help="read a saved table instead; - is standard input")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print routes, rules and links. Raises ObservationError, and UsageError for a file that holds no table."""
    wanted = filter_of(arguments)
    shown = _live(context) if arguments.source is None else _saved(arguments.source)
    wanted.require_interface(shown.links, shown.routes, shown.rules)
    routes = [route for route in shown.routes if wanted.wants(route)]
    rules = [rule for rule in shown.rules if wanted.wants(rule)]
    if context.json:
        context.emit(
            {
                "taken_at": shown.taken_at,
                "platform": shown.platform,
                "complete": shown.complete,
                "routes": [route_object(route) for route in routes],
                "policy_rules": [rule_object(rule) for rule in rules],
                "links": [link_object(link) for link in shown.links],
                "unparsed": list(shown.unparsed),
            }
        )
    else:
        context.say("\n".join([*map(row_text, routes), *map(row_text, rules)]))
    _warn(shown, context)
    return 0


def _live(context: Context) -> Shown:
    from routewatch.commands.settle import complete
    from routewatch.render.times import iso

    now = complete(context.host.observe())
    return Shown(
        taken_at=iso(now.taken.wall),
        platform=now.platform,
        complete=now.complete,
        routes=tuple(now.routes.values()),
        rules=now.rules,
        links=now.links,
        unparsed=now.unparsed,
    )


def _saved(source: str) -> Shown:
    from routewatch.commands.saved import read_saved

    saved = read_saved(source)
    return Shown(
        taken_at=None,
        platform=saved.platform,
        complete=saved.complete,
        routes=saved.routes,
        rules=saved.rules,
        links=saved.links,
        unparsed=saved.unparsed,
        problems=saved.problems,
    )


def _warn(shown: Shown, context: Context) -> None:
    """Say beside the table why it can't be relied on."""
    for problem in shown.problems:
        context.note(f"warning: {problem}")
    if not context.json:
        for line in shown.unparsed:
            context.note(printable(f"not understood: {line[:_LONGEST]}"))
