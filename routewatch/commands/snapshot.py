"""``snapshot``: the table now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.filters import add_filters, filter_of
from routewatch.commands.settle import complete
from routewatch.render.findings import row_text
from routewatch.render.objects import link_object, route_object, rule_object
from routewatch.render.times import iso

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context


def add(parser: argparse.ArgumentParser) -> None:
    """Take the filters."""
    add_filters(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print routes, rules and links as they are now. Raises ObservationError."""
    wanted = filter_of(arguments)
    now = complete(context.host.observe())
    wanted.require_interface(now)
    routes = [route for route in now.routes.values() if wanted.wants(route)]
    rules = [rule for rule in now.rules if wanted.wants(rule)]
    if context.json:
        context.emit(
            {
                "taken_at": iso(now.taken.wall),
                "platform": now.platform,
                "complete": now.complete,
                "routes": [route_object(route) for route in routes],
                "policy_rules": [rule_object(rule) for rule in rules],
                "links": [link_object(link) for link in now.links],
                "unparsed": list(now.unparsed),
            }
        )
        return 0
    context.say("\n".join([*map(row_text, routes), *map(row_text, rules)]))
    return 0
