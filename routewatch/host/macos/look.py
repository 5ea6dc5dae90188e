"""The routing table as netstat(1) prints it, and how far it can be believed: one fork a look, again where it is torn.

From macOS 26.3 on a failed dump exits 0 with an empty table; while an interface goes, its rows bear the name of the row
before. Both are told in ``torn`` and never taken for what is true.
"""

from __future__ import annotations

from select import select
from typing import TYPE_CHECKING, NamedTuple

from routewatch.errors import ObservationError
from routewatch.host.macos import netstat

if TYPE_CHECKING:
    from routewatch.core.model import Route
    from routewatch.host.macos.programs import Programs

TRIES = 3
BACKOFF = 0.2  # seconds before the second try, twice that before the third: an interface is gone by then


class Look(NamedTuple):
    """The rows of one dump. ``torn`` are the reasons why they can't be relied on."""

    routes: tuple[Route, ...]
    unparsed: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()


def look(programs: Programs) -> Look:
    """Read the table, up to three times while it is torn. Raises ObservationError where netstat can't be had."""
    found = _once(programs)
    for number in range(1, TRIES):
        if not found.torn:
            break
        select([], [], [], BACKOFF * number)
        found = _once(programs)
    return found


def _once(programs: Programs) -> Look:
    said = programs.read("netstat", "-rn")
    if said.status != 0:
        raise ObservationError(f"netstat failed: {said.failure}")
    reading = netstat.parse(said.out)
    return Look(reading.routes, reading.unparsed, reading.torn)
