"""What keeps a step from being taken for what it would do: to the last default of a family, or to a remote login.

The steps are played one after the other, so that each is asked about on top of those before it: of a plan, all that
come before; while acting, those that were really done. What is wrong with a step by itself is told in refusals.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.addresses import is_default
from routewatch.core.foresight import Prospect, loses_default
from routewatch.core.logins import Watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Login
    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step

LAST_DEFAULT = "it is the last default route of its family that leads somewhere"


class Objection(NamedTuple):
    """The standing refusal that a step meets, and its sentence."""

    rule: str
    sentence: str


class Guard:
    """Watches over one table while steps are taken on it, or imagined to be."""

    def __init__(self, scene: Scene, logins: Iterable[Login]) -> None:
        """Watch over what works now."""
        self._before = self._now = Prospect.of(scene)
        self._watched = Watched(logins, self._before, scene)

    def objection(self, step: Step) -> Objection | None:
        """Return what is to be said against a step, on top of those done so far."""
        after = self._now.after(step)
        peer = self._watched.cut_by(step, after)
        if peer is not None:
            return Objection("remote-login", f"it carries the remote login from {peer}")
        if _touches_default(step) and loses_default(self._before, after):
            return Objection("last-default", LAST_DEFAULT)
        return None

    def done(self, step: Step) -> None:
        """Go on from here: the table is as this step wants it."""
        self._now = self._now.after(step)


def _touches_default(step: Step) -> bool:
    return any(route is not None and is_default(route) for route in (step.route, step.replaces))
