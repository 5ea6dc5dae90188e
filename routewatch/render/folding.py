"""Many rows that lead the same way, told for the same reason, as one line: 126 excludes are one thing to a person.

Only text is folded, and only where nobody asked for each (``-v``); the JSON never is. What belongs together is decided
by whoever tells: here it is only known where a route leads and how many are worth a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from routewatch.core.addresses import is_default
from routewatch.core.model import MAIN_TABLE, Route
from routewatch.core.volatile import is_lettered
from routewatch.render.routes import destination, hop, printable, table

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from routewatch.core.model import PolicyRule

FEWEST = 5  # rows that are told as one line; fewer are read as quickly one by one
SHOWN = 2  # destinations of a line that begins, besides the last

T = TypeVar("T")


def way(row: Route | PolicyRule | None) -> Hashable | None:
    """Return where a route leads, the same for all that could stand on one line; None for what stands alone."""
    if not isinstance(row, Route) or is_default(row) or row.nexthops or row.nexthop_id is not None:
        return None
    return (row.family, row.table, row.type, row.gateway, row.gateway_zone, row.link, row.interface)


def folded(entries: Iterable[T], alike: Callable[[T], Hashable | None]) -> list[list[T]]:
    """Gather the entries that are alike where their first one stands, if they are many enough; others stay alone.

    ``alike`` returns what entries of one line have in common, None for one that stands alone.
    """
    listed = [(alike(entry), entry) for entry in entries]
    members: dict[Hashable, list[T]] = {}
    for key, entry in listed:
        members.setdefault(key, []).append(entry)
    lines: list[list[T]] = []
    for key, entry in listed:
        kin = members.get(key, [])
        if key is None or 0 < len(kin) < FEWEST:
            lines.append([entry])
        elif kin:
            lines.append(kin)
            members[key] = []
    return lines


def rows_text(rows: Sequence[Route]) -> str:
    """Return one line for routes that lead the same way: how many, where to, and the first and last of them."""
    first = rows[0]
    words = [str(len(rows)), "routes" if first.type == "unicast" else f"{first.type} routes", *_way_words(first)]
    shown = [destination(route) for route in (*rows[:SHOWN], rows[-1])]
    return printable(f"{' '.join(words)} ({', '.join(shown[:-1])} ... {shown[-1]})")


def _way_words(route: Route) -> list[str]:
    words = list(hop(route, route.family))
    if route.link and not route.gateway and not is_lettered(route):
        words = ["via", route.link, *words]
    return words if route.table == MAIN_TABLE else [*words, "table", table(route.table)]
