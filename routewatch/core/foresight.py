"""What the table will be after some steps, and what that means: for the last default, and for traffic.

The steps are played on values, one after the other; the kernel's choice is simulated on what comes out.
"""

from __future__ import annotations

from functools import cached_property
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING

from routewatch.core.addresses import covers, is_default, prefix
from routewatch.core.diff import steady
from routewatch.core.index import ORDINARY, Index, Query
from routewatch.core.lookup import Answer, lookup
from routewatch.core.model import MAIN_TABLE, PolicyRule, Route

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step


class _Played(Index):
    """The index of a table, without the routes that differ, and with those that come before and behind the others."""

    def __init__(self, table: Index, differing: Container[Route], leading: Index, come: Index) -> None:
        self._table = table
        self._differing = differing
        self._leading = leading
        self._come = come

    def matching(self, table: int, destination: str) -> Iterator[list[Route]]:
        stay = self._table.matching(table, destination)
        kept = ([route for route in routes if steady(route) not in self._differing] for routes in stay)
        first, last = (index.matching(table, destination) for index in (self._leading, self._come))
        found = merge(first, filter(None, kept), last, key=_shortness)
        for _, alike in groupby(found, key=_shortness):
            yield [route for routes in alike for route in routes]


def _shortness(routes: list[Route]) -> int:
    return -int(routes[0].destination.partition("/")[2])


class Prospect:
    """The routes and rules as they will be after the steps played so far.

    A step is remembered with the prospect before it, and what they come to is worked out when it is asked for: a plan
    may have thousands of steps, and few of them touch a default or the way of a login.
    """

    def __init__(self, scene: Scene, earlier: Prospect | None = None, step: Step | None = None) -> None:
        """Begin with the table of the scene, or go on from an earlier prospect by one step."""
        self._scene = scene
        self._earlier = earlier
        self._step = step

    @classmethod
    def of(cls, scene: Scene, steps: Iterable[Step] = ()) -> Prospect:
        """Play steps on the table as it is now."""
        prospect = cls(scene)
        for step in steps:
            prospect = prospect.after(step)
        return prospect

    def after(self, step: Step) -> Prospect:
        """Return the prospect after one more step."""
        return Prospect(self._scene, self, step)

    def _steps(self) -> list[Step]:
        """Return the steps played so far, the first first."""
        steps, prospect = [], self
        while prospect._earlier is not None and prospect._step is not None:
            steps.append(prospect._step)
            prospect = prospect._earlier
        return steps[::-1]

    @cached_property
    def _differing(self) -> dict[Route, Route | None]:
        """The rows that differ from the table of the scene, by steady form; None: gone."""
        differing: dict[Route, Route | None] = {}
        for step in self._steps():
            gone = {"add": None, "delete": step.route, "replace": step.replaces}[step.action]
            if gone is not None:
                differing[steady(gone)] = None
            if step.route is not None and step.action != "delete":
                differing[steady(step.route)] = step.route
        return differing

    @cached_property
    def _leading(self) -> frozenset[Route]:
        """The rows, by steady form, that come back before others of their prefix, as the last that was added."""
        return frozenset(steady(s.route) for s in self._steps() if s.route and s.action == "add" and s.leading)

    @cached_property
    def _rules(self) -> tuple[PolicyRule, ...]:
        rules = list(self._scene.now.rules)
        for step in self._steps():
            if step.policy_rule is not None and step.action == "delete":
                if step.policy_rule in rules:
                    rules.remove(step.policy_rule)  # of two that are the same, the kernel takes one
            elif step.policy_rule is not None:
                rules.append(step.policy_rule)
        return tuple(rules)

    def _played(self, routes: Iterable[Route]) -> Iterable[Route]:
        """Yield the routes that stay of these, then those that come."""
        yield from (route for route in routes if steady(route) not in self._differing)
        yield from self._come()

    def _come(self) -> Iterable[Route]:
        return (route for route in self._differing.values() if route is not None)

    def index(self) -> Index:
        """Return the routes, ready to be asked many times."""
        come = list(self._come())
        leading = Index(reversed([route for route in come if steady(route) in self._leading]))
        others = Index(route for route in come if steady(route) not in self._leading)
        return _Played(self._scene.rows.index, self._differing, leading, others)

    def answer(self, destination: str, index: Index | None = None, query: Query = ORDINARY) -> Answer:
        """Return where a packet to this address would go."""
        return lookup(index or self.index(), self._rules, destination, query)

    def usable_defaults(self) -> frozenset[str]:
        """Return the families that have a default route in table main which leads somewhere."""
        found = (r for r in self._played(self._scene.rows.defaults) if r.table == MAIN_TABLE and is_default(r))
        return frozenset(route.family for route in found if self._scene.is_usable(route))


def loses_default(before: Prospect, after: Prospect) -> bool:
    """Tell whether a family loses its last usable default."""
    return bool(before.usable_defaults() - after.usable_defaults())


GLOBAL = "2000::1"  # of the addresses of the Internet, RFC 4291


def sample(destination: str) -> str:
    """Return an address inside a prefix: the first that a host could have."""
    network = prefix(destination)
    if network.network_address.is_unspecified and network.version == 6:  # noqa: PLR2004 - IPv6: ::1 is the loopback
        return GLOBAL if covers(destination, GLOBAL) else str(network.network_address + 2)
    return str(network.network_address if network.num_addresses == 1 else network.network_address + 1)


def effect(step: Step, after: Prospect, index: Index) -> str:
    """Say where the traffic of a step's destination goes once the plan is done."""
    row = step.route or step.policy_rule
    if row is None or row.destination is None:
        return "the rules below it decide" if step.action == "delete" else ""
    answer = after.answer(sample(row.destination), index)
    if answer.route is None or answer.reason:
        return f"{row.destination} will be answered: {answer.reason}"
    route = answer.route
    via = f"via {route.gateway} " if route.gateway else ""
    through = f"dev {route.interface}" if route.interface else "over several next hops"
    # of twins that differ in the metric alone the destination would not tell which one is left
    twin = f" metric {route.metric}" if isinstance(row, Route) and _is_twin(route, row) else ""
    return f"{row.destination} will go {via}{through} (by {route.destination}{twin})"


def _is_twin(route: Route, row: Route) -> bool:
    return route.destination == row.destination and route.table == row.table and route.metric != row.metric
