"""The rows of one table, decoded and put in order, each order worked out when it is first asked for.

It knows nothing but routes: no links, no baseline. The rows of the next look are made from these: what stayed is not
decoded again, and a table that is the same is the very same rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from routewatch.core.addresses import DEFAULTS, is_default
from routewatch.core.diff import key, steady
from routewatch.core.index import Index
from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, Route

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from routewatch.core.table import Table


class Rows:
    """The routes of a table outside table local."""

    def __init__(self, table: Table, known: Mapping[bytes, Route] | None = None) -> None:
        """Decode nothing yet; ``known`` are routes by fingerprint that need no decoding."""
        self._table = table
        self._known = known or {}

    def followed_by(self, table: Table) -> Rows:
        """Return the rows of a later look."""
        if self._table.same_rows(table):
            return self
        return Rows(table, self._decoded if "_decoded" in self.__dict__ and self._table.comparable(table) else None)

    @cached_property
    def _decoded(self) -> dict[bytes, Route]:
        known, decode = self._known, self._table.codec.decode
        return {fingerprint: known.get(fingerprint) or decode(fingerprint) for fingerprint in self._table}

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Every route, in the order of the table."""
        return tuple(route for route in self._decoded.values() if route.table != LOCAL_TABLE)

    @cached_property
    def by_steady(self) -> dict[Route, Route]:
        """Every route by its steady form."""
        return {steady(route): route for route in self.routes}

    @cached_property
    def index(self) -> Index:
        """Every route by table and prefix, for simulated lookups of traffic that is bound to no link."""
        return Index(route for route in self.by_steady.values() if not route.scoped)

    def rivals(self, route: Route) -> tuple[Route, ...]:
        """Return the routes of the same prefix, type of service and metric in its table, it among them, in order."""
        network = route.destination.partition("/")[0]
        alike = (found for found in self.index.matching(route.table, network))
        same_prefix = next((x for x in alike if x[0].destination == route.destination), [])
        return tuple(other for other in same_prefix if _slot(other) == _slot(route))

    @cached_property
    def keys(self) -> frozenset[Hashable]:
        """The key of every route: there, whatever its metric."""
        return frozenset(key(route) for route in self.routes)

    @cached_property
    def onlink(self) -> dict[str, tuple[Route, ...]]:
        """The routes without a gateway, by interface: they say what can be reached on a link."""
        found: dict[str, list[Route]] = {}
        for route in self.routes:
            if route.interface and route.gateway is None and route.destination not in DEFAULTS:
                found.setdefault(route.interface, []).append(route)
        return {name: tuple(routes) for name, routes in found.items()}

    @cached_property
    def defaults(self) -> tuple[Route, ...]:
        """The default routes of table main."""
        return tuple(route for route in self.routes if route.table == MAIN_TABLE and is_default(route))

    def table(self, family: str, table: int | None) -> Sequence[Route]:
        """Return the routes of one table and family."""
        return self._tables.get((family, table or 0), ())

    @cached_property
    def _tables(self) -> dict[tuple[str, int], list[Route]]:
        found: dict[tuple[str, int], list[Route]] = {}
        for route in self.routes:
            found.setdefault((route.family, route.table), []).append(route)
        return found


def _slot(route: Route) -> tuple[str | None, int, int]:
    return (route.source, route.tos or 0, route.metric or 0)
