"""Takes one step with route(8), and believes only the table: read right before, and right after.

The kernel finds a route to delete by destination, mask and scope alone, whatever else is named, and route(8) exits 0
when it refuses (network_cmds, route.c). So a delete is tried only where exactly the row that is meant stands at its
key, and what went with it by mistake is put back at once. No look serves twice: between two commands others act too.
"""

from __future__ import annotations

import time
from select import select
from typing import TYPE_CHECKING

from routewatch.core.route_words import Unsayable, key_words, route_words
from routewatch.core.steps import Step
from routewatch.core.volatile import is_passing, lasting_link
from routewatch.errors import KernelRefusedError, ObservationError, PermissionRefusedError, RoutewatchError
from routewatch.host.macos.look import look
from routewatch.host.macos.routecommand import Refused, outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Route
    from routewatch.host.macos.look import Look
    from routewatch.host.macos.programs import Programs
    from routewatch.host.port import Outcome

PACE = 0.1  # seconds between two commands: bursts of forked routes have torn down tunnels of GlobalProtect


class RouteWriter:
    """Takes steps, one at a time and not too fast."""

    def __init__(self, programs: Programs) -> None:
        """Act through these programs."""
        self._programs = programs
        self._last = 0.0  # when the last command ended (monotonic)

    def apply(self, step: Step) -> Outcome:
        """Take one step. Raises KernelRefusedError, PermissionRefusedError, ObservationError."""
        self._wait()  # before the look, not after it: nothing comes between the look and the command
        before = self._look(step)
        done = _already(step, before)
        if done is not None:
            return done
        words = route_words(step)
        if isinstance(words, Unsayable):
            raise KernelRefusedError(words.sentence)
        found = self._run(step, words)
        after = self._put_back(step, before, self._look(step))
        _verify(step, found, after)
        return "done"

    def _look(self, step: Step) -> Look:
        found = look(self._programs)
        torn = found.torn or _lacks(step, found)
        if torn:
            raise ObservationError(f"the routing table can't be relied on: {torn[0]}")
        return found

    def _wait(self) -> None:
        select([], [], [], max(0.0, self._last + PACE - time.monotonic()))

    def _run(self, step: Step, words: Iterable[str]) -> Outcome | RoutewatchError:
        """Run route(8). What hindered it is returned: whether it has acted all the same, the table tells."""
        try:
            said = self._programs.act("route", *words)
        except ObservationError as error:
            return error
        finally:
            self._last = time.monotonic()
        found = outcome("add" if step.action == "add" else "delete", *said)
        if isinstance(found, Refused):
            return PermissionRefusedError(found.sentence) if found.privilege else KernelRefusedError(found.sentence)
        return found

    def _put_back(self, step: Step, before: Look, after: Look) -> Look:
        """Put back what a delete hit beside its row or instead of it, and look again. Raises KernelRefusedError."""
        lost = _hit_by_mistake(step, before, after)
        for each in (Step(action="add", route=route) for route in lost):
            words = route_words(each)
            if not isinstance(words, Unsayable):
                self._run(each, words)  # at once: a default that went by mistake is missed in every moment
        after = self._look(step) if lost else after
        still = [route.destination for route in lost if _row(route) not in set(map(_row, after.routes))]
        if still:
            raise KernelRefusedError(f"{', '.join(still)} went with it, and could not be put back")
        return after


def _already(step: Step, seen: Look) -> Outcome | None:
    """Return what is to be said without doing anything. Raises KernelRefusedError where another row stands there."""
    route = step.route
    if route is None:
        return None
    here = [other for other in seen.routes if _key(other) == _key(route)]
    same = [other for other in here if _row(other) == _row(route)]
    if step.action == "add":
        if same:
            return "present"
        if here:
            raise KernelRefusedError(f"another route to {route.destination} stands there already")
        return None
    if not same:
        return "absent"  # it is gone, or another row has taken its place, which is not meant
    if len(here) > 1:
        raise KernelRefusedError(f"{len(here)} routes to {route.destination} stand there, and route(8) can't tell them")
    return None


def _lacks(step: Step, seen: Look) -> tuple[str, ...]:
    """Say where a look shows no row at all of the step's family: the loopback has some of each on every Mac."""
    family = step.route.family if step.route is not None else None
    if family is None or any(route.family == family for route in seen.routes):
        return ()
    return (f"it shows no route of {family} at all",)


def _verify(step: Step, found: Outcome | RoutewatchError, after: Look) -> None:
    """Compare with the table what came of route(8). Raises what hindered it, or KernelRefusedError."""
    route = step.route
    is_there = route is not None and any(_row(other) == _row(route) for other in after.routes)
    if is_there == (step.action == "add"):
        return
    raise found if isinstance(found, RoutewatchError) else KernelRefusedError("the table does not show it")


def _hit_by_mistake(step: Step, before: Look, after: Look) -> list[Route]:
    """Return what a delete took that was not meant.

    It may have hit rows of the same address only: without a mask, a host's delete finds the network of that address
    (rn_delete). What goes elsewhere at the same time was somebody else's doing, or its link took it along.
    """
    if step.action != "delete" or step.route is None:
        return []
    there, meant = set(map(_key, after.routes)), _row(step.route)  # by key: in another's place it can't be put back
    gone = (row for row in before.routes if _key(row) not in there and _row(row) != meant)
    return [row for row in gone if _address(row) == _address(step.route) and not is_passing(row)]


def _address(route: Route) -> tuple[str, str]:
    return (route.family, route.destination.partition("/")[0])


def _key(route: Route) -> tuple[str, ...]:
    """Return what the kernel finds a row by: as ``route`` is told, so that no other word could mean it."""
    return tuple(key_words(route))


def _row(route: Route) -> tuple[object, ...]:
    """Return what makes it this very row, for all that the system changes by itself."""
    return (_key(route), route.gateway, route.gateway_zone, lasting_link(route), route.interface)
