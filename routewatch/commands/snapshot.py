"""``snapshot``: the table now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.filters import add_filters, filter_of
from routewatch.commands.settle import complete
from routewatch.render.objects import link_object, route_object, rule_object
from routewatch.render.routes import rule_text, text
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
    lines = [text(route) for route in routes]
    lines += [f"rule {rule_text(rule)}" for rule in rules]
    context.say("\n".join(lines))
    return 0
