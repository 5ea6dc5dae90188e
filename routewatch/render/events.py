"""Events of the log: as objects of the JSON and as lines, one for many rows that came or went together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.render.findings import author_object, author_text, row_text
from routewatch.render.folding import folded, rows_text, way
from routewatch.render.objects import Object, route_object, rule_object
from routewatch.render.routes import printable
from routewatch.render.times import clock, iso

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

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


def event_lines(events: Iterable[Event], *, verbose: bool = False) -> list[str]:
    """Return each event as one line; unless ``verbose``, rows that one look saw come or go the same way share one."""
    return [_line(kin) for kin in ([[event] for event in events] if verbose else folded(events, _alike))]


def _alike(event: Event) -> Hashable | None:
    leads = None if event.before is not None else way(event.route)
    author = event.author
    asked = (author.kind, author.process and author.process.name, author.ancestors[:1]) if author else None
    return None if leads is None else (leads, event.at.boot, event.kind, event.session, event.detail, asked)


def _line(kin: Sequence[Event]) -> str:
    """Return when, what, which row or rows, by whom, in which session."""
    event = kin[0]
    whose = [f"(session {event.session})"] if event.session else []
    words = [*(_what(event) if len(kin) == 1 else _what_all(kin)), event.detail, _by(kin), *whose]
    return printable(f"{clock(event.at.wall)}  " + " ".join(word for word in words if word))


def _what(event: Event) -> Iterator[str]:
    row = event.route or event.policy_rule
    yield event.kind.replace("_", " ")
    if row is not None:
        yield row_text(row).removeprefix("rule ")  # the kind has said that it is one
    if event.before is not None:
        yield f"(was {row_text(event.before)})"


def _what_all(kin: Sequence[Event]) -> Iterator[str]:
    """Yield "126 routes added via ..."."""
    done = kin[0].kind.removeprefix("route_")
    yield rows_text([each.route for each in kin if each.route is not None]).replace("routes", f"routes {done}", 1)


def _by(kin: Sequence[Event]) -> str:
    """Return who it was; of several processes of one name that one client started, not which of them."""
    said, author = author_text(kin[0].author), kin[0].author
    if author is None or author.process is None or all(author_text(each.author) == said for each in kin):
        return said
    return said.replace(f"[{author.process.pid}]", "", 1)
