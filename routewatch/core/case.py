"""One row of the table with all that may be known about it: what every piece of evidence is asked about.

A case knows nothing of verdicts; it only gathers.
"""

from __future__ import annotations

from msgspec import Struct

from routewatch.core.memory import Baseline, Session, Trace
from routewatch.core.model import PolicyRule, Route
from routewatch.core.scene import Scene


class Case(Struct, frozen=True, kw_only=True):
    """One row of the table, and all that may be known about it."""

    row: Route | PolicyRule
    scene: Scene
    session: Session | None = None
    trace: Trace | None = None
    baseline: Baseline | None = None

    @property
    def route(self) -> Route | None:
        """Return the row where it is a route."""
        return self.row if isinstance(self.row, Route) else None

    @property
    def policy_rule(self) -> PolicyRule | None:
        """Return the row where it is a policy rule."""
        return self.row if isinstance(self.row, PolicyRule) else None
