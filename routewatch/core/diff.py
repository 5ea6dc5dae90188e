"""What changed between two tables: routes that came, routes that went, and rows that stayed but changed.

Two tables are compared by fingerprint, and only what differs is decoded. Attributes that the kernel changes by itself
(a lifetime counting down, "linkdown" after a cable was pulled) are no change. This module doesn't judge: that a route
is new says nothing about whether it should be there.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.model import PolicyRule, Route
from routewatch.core.volatile import lasting_flags, lasting_link

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from routewatch.core.model import Nexthop
    from routewatch.core.table import Table

Row = TypeVar("Row")


class Changed(Struct, frozen=True, kw_only=True):
    """The same row before and after: its destination and next hops stayed, something else changed."""

    before: Route
    after: Route


class Changes(Struct, frozen=True, kw_only=True):
    """How one table became another. A replaced row (another next hop) is one removed and one added."""

    added: tuple[Route, ...] = ()
    removed: tuple[Route, ...] = ()
    changed: tuple[Changed, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything changed at all."""
        return bool(self.added or self.removed or self.changed)


class RuleChanges(Struct, frozen=True, kw_only=True):
    """How one list of policy rules became another."""

    added: tuple[PolicyRule, ...] = ()
    removed: tuple[PolicyRule, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything changed at all."""
        return bool(self.added or self.removed)


def diff(before: Table, after: Table) -> Changes:
    """Return what turns one table into the other, each list in the order of the table it comes from."""
    if before.same_bytes(after):
        return Changes()
    if before.comparable(after):
        old, new = _differing(before, after), _differing(after, before)
    else:
        old, new = _everything(before), _everything(after)
    old, new, _ = _matched(old, new, steady)
    return _paired(old, new)


def diff_rules(before: Sequence[PolicyRule], after: Sequence[PolicyRule]) -> RuleChanges:
    """Return the rules that came and those that went; a rule that stands twice counts twice."""
    removed, added, _ = _matched(before, after, lambda rule: rule)
    return RuleChanges(added=tuple(added), removed=tuple(removed))


def patch(routes: Iterable[Route], changes: Changes) -> tuple[Route, ...]:
    """Apply changes to routes: ``patch(before, diff(before, after))`` holds the routes of ``after``, in some order.

    Routes are told apart by their steady form. A route to be removed that isn't there is passed over.
    """
    gone = Counter(steady(route) for route in chain(changes.removed, (pair.before for pair in changes.changed)))
    kept = []
    for route in routes:
        if gone[steady(route)]:
            gone[steady(route)] -= 1
        else:
            kept.append(route)
    return (*kept, *changes.added, *(pair.after for pair in changes.changed))


def steady(route: Route) -> Route:
    """Return the route without what changes by itself: its lifetime, the states of its links, the order of its legs."""
    if not route.nexthops and not route.flags and route.expires is None:
        return route
    legs = tuple(sorted((replace(leg, flags=lasting_flags(leg.flags)) for leg in route.nexthops), key=_leg_order))
    return replace(route, expires=None, flags=lasting_flags(route.flags), link=lasting_link(route), nexthops=legs)


def key(route: Route) -> Hashable:
    """Return what makes it this row of the table, whatever its metric, protocol, flags and lifetime are.

    Which prefix, for whom, in which table, and where to: a row that leads elsewhere is another row.
    """
    matches = (route.family, route.table, route.destination, route.zone, route.source, route.tos)
    legs = tuple(sorted(_leg_order(leg)[:2] for leg in route.nexthops))
    leads = (route.type, route.scoped, route.gateway, route.gateway_zone, lasting_link(route), route.interface, legs)
    return matches + leads


def _leg_order(leg: Nexthop) -> tuple[str, str, int, str]:
    return (leg.interface or "", leg.gateway or "", leg.weight, leg.flags)


def _everything(table: Table) -> list[Route]:
    return [table[fingerprint] for fingerprint in table.counts.elements()]


def _differing(mine: Table, theirs: Table) -> list[Route]:
    """Decode what stands here and not there, or here more often."""
    counts = theirs.counts
    routes = [mine[fingerprint] for fingerprint in mine.counts if fingerprint not in counts]
    if mine.counts.total() != len(mine):
        routes += [mine[double] for double in _surplus(mine.counts, counts)]
    return routes


def _surplus(mine: Counter[bytes], theirs: Counter[bytes]) -> Iterable[bytes]:
    """Yield the doubles; the first of each stands in the other table, or has been told already."""
    for fingerprint, count in mine.items():
        if count > 1:
            yield from [fingerprint] * (count - max(1, theirs[fingerprint]))


def _paired(old: Sequence[Route], new: Sequence[Route]) -> Changes:
    """Pair the rows of the same key, the closest first; what finds no partner was removed or added."""
    changed: list[Changed] = []
    for likeness in (_metric_and_protocol, _metric, _protocol, key):
        old, new, pairs = _matched(old, new, likeness)
        changed += [Changed(before=before, after=after) for before, after in pairs]
    return Changes(added=tuple(new), removed=tuple(old), changed=tuple(changed))


def _metric_and_protocol(route: Route) -> Hashable:
    return (key(route), route.metric, route.protocol)


def _metric(route: Route) -> Hashable:
    return (key(route), route.metric)


def _protocol(route: Route) -> Hashable:
    return (key(route), route.protocol)


def _matched(
    old: Sequence[Row], new: Sequence[Row], likeness: Callable[[Row], Hashable]
) -> tuple[list[Row], list[Row], list[tuple[Row, Row]]]:
    """Match each old row with one new row that is alike; return the old and the new ones left over, and the pairs."""
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for place, row in enumerate(new):
        waiting[likeness(row)].append(place)
    left: list[Row] = []
    pairs: list[tuple[Row, Row]] = []
    taken: set[int] = set()
    for row in old:
        places = waiting.get(likeness(row))
        if places:
            taken.add(places[0])
            pairs.append((row, new[places.popleft()]))
        else:
            left.append(row)
    return left, [row for place, row in enumerate(new) if place not in taken], pairs
