"""Events of the log: as objects of the JSON and as one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.render.findings import author_object, author_text, row_text
from routewatch.render.objects import Object, route_object, rule_object
from routewatch.render.routes import printable
from routewatch.render.times import clock, iso

if TYPE_CHECKING:
    from routewatch.core.memory import Event


def event_object(number: int, event: Event) -> Object:
    """Return an event under its number in the log."""
    return {
        "id": number,
        "at": iso(event.at.wall),
        "kind": event.kind,
        "session": event.session,
        "route": route_object(event.route) if event.route else None,
        "before": route_object(event.before) if event.before else None,
        "policy_rule": rule_object(event.policy_rule) if event.policy_rule else None,
        "author": author_object(event.author),
        "detail": event.detail or None,
    }


def event_line(event: Event) -> str:
    """Return an event as one line: when, what, which row, by whom, in which session."""
    row = event.route or event.policy_rule
    said = [row_text(row).removeprefix("rule ")] if row is not None else []  # the kind has said that it is one
    if event.before is not None:
        said.append(f"(was {row_text(event.before)})")
    whose = [f"(session {event.session})"] if event.session else []
    words = [event.kind.replace("_", " "), *said, event.detail, author_text(event.author), *whose]
    return printable(f"{clock(event.at.wall)}  " + " ".join(word for word in words if word))
