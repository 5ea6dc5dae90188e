"""A step as the command a person would type on macOS: the words of route(8), quoted for a shell.

They are the words that are run (``core.route_words``). A replace is shown as the two commands that it takes; what
route(8) can't say is no command. Nothing is run here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.route_words import Unsayable, route_words
from routewatch.core.steps import Step
from routewatch.render.command import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


def route_command(step: Step) -> str:
    """Return the command line of a step; empty where route(8) has no words for it, or for a part of it."""
    said = [route_words(part) for part in _parts(step)]
    sayable = [" ".join(map(quoted, ("route", *words))) for words in said if not isinstance(words, Unsayable)]
    return " && ".join(sayable) if len(sayable) == len(said) else ""


def _parts(step: Step) -> Iterator[Step]:
    if step.action == "replace":
        yield Step(action="delete", route=step.replaces)
    yield Step(action="delete" if step.action == "delete" else "add", route=step.route)
