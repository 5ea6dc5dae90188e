"""The world of the in-memory host: routes, rules, links and clocks, as their owner moves them.

He adds and removes, lets links come and go, advances the clocks and says who is acting; the doorbells ring as Linux
would ring them. Nothing is checked here; it does not know what a step is.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from routewatch.core.model import Author, Change, Moment, Place, PolicyRule, Route
from routewatch.host.memory_kernel import connected_routes, without_link
from routewatch.host.port import Rings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.model import Link, Neighbour, Process
    from routewatch.host.memory_doorbell import MemoryDoorbell

KERNEL = Author(kind="kernel")


class MemoryWorld:
    """Routing in memory.

    ``neighbours``, ``processes`` and ``here`` (the place) may be set as they are; while ``unheard`` is set, what is
    told to the doorbells is lost.
    """

    def __init__(
        self, routes: Iterable[Route] = (), rules: Iterable[PolicyRule] = (), links: Iterable[Link] = ()
    ) -> None:
        """Begin with these routes, rules and links."""
        self._entries: list[Route | PolicyRule] = [*routes, *rules]
        self.links = list(links)
        self.neighbours: tuple[Neighbour, ...] = ()
        self.processes: tuple[Process, ...] = ()
        self.here = Place(boot="memory", namespace="memory")
        self.unheard = False
        self._moment = Moment(wall=1_700_000_000.0, boot=1_000.0, monotonic=1_000.0)
        self._author = Author()
        self._doorbells: list[MemoryDoorbell] = []

    @property
    def routes(self) -> list[Route]:
        """Return the routes, in order."""
        return [entry for entry in self._entries if isinstance(entry, Route)]

    @property
    def rules(self) -> list[PolicyRule]:
        """Return the policy rules, in order."""
        return [entry for entry in self._entries if isinstance(entry, PolicyRule)]

    def add(self, entry: Route | PolicyRule, place: int | None = None) -> None:
        """Let somebody add a route or rule, last or before another's place; nothing is checked."""
        self._entries.insert(len(self._entries) if place is None else place, entry)
        self._ring("add", entry)

    def remove(self, entry: Route | PolicyRule) -> None:
        """Let somebody remove a route or rule. Raises ValueError where it is not there."""
        self._entries.remove(entry)
        self._ring("delete", entry)

    def link_up(self, link: Link) -> None:
        """Let a link come up, or change: it takes the place of one of its name, and has its connected routes."""
        self.links = [other for other in self.links if other.name != link.name] + [link]
        self._tell(Rings(links=True, messages=1))
        with self.acting_as(KERNEL):
            for route in connected_routes(link) if link.up else ():
                if route not in self._entries:
                    self.add(route)

    def link_down(self, name: str) -> None:
        """Let a link go down: its routes go, those of IPv4 without a word."""
        self.links = [replace(link, up=False, carrier=False) if link.name == name else link for link in self.links]
        self._purge(name)

    def link_gone(self, name: str) -> None:
        """Let a link be deleted: its routes go, those of IPv4 without a word."""
        self.links = [link for link in self.links if link.name != name]
        self._purge(name)

    def advance(self, seconds: float) -> None:
        """Let time pass; routes with a lifetime count down and end."""
        self._pass(seconds, awake=seconds)

    def sleep(self, seconds: float) -> None:
        """Let the machine sleep: CLOCK_MONOTONIC stands still meanwhile."""
        self._pass(seconds, awake=0)

    @contextmanager
    def acting_as(self, author: Author) -> Iterator[None]:
        """Let the changes made within be this author's."""
        before, self._author = self._author, author
        try:
            yield
        finally:
            self._author = before

    def _purge(self, name: str) -> None:
        self._tell(Rings(links=True, messages=1))
        kept: list[Route | PolicyRule] = []
        for entry in self._entries:
            left = without_link(entry, name) if isinstance(entry, Route) else entry
            if left is not None:
                kept.append(left)
            if left != entry and entry.family == "inet6":
                with self.acting_as(KERNEL):
                    self._ring("delete", entry)
        self._entries = kept

    def _pass(self, seconds: float, awake: float) -> None:
        at = self._moment
        self._moment = Moment(wall=at.wall + seconds, boot=at.boot + seconds, monotonic=at.monotonic + awake)
        aged = [(entry, _aged(entry, seconds)) for entry in self._entries]
        self._entries = [older for _, older in aged if older is not None]
        with self.acting_as(KERNEL):
            for entry, older in aged:
                if older is None:
                    self._ring("delete", entry)

    def _ring(self, action: Literal["add", "delete"], entry: Route | PolicyRule) -> None:
        change = Change(
            action=action,
            at=self._moment,
            author=self._author,
            route=entry if isinstance(entry, Route) else None,
            policy_rule=entry if isinstance(entry, PolicyRule) else None,
        )
        self._tell(Rings(changes=(change,), messages=1))

    def _tell(self, rings: Rings) -> None:
        for doorbell in self._doorbells:
            doorbell.ring(Rings(lost=True) if self.unheard else rings)


def _aged(entry: Route | PolicyRule, seconds: float) -> Route | PolicyRule | None:
    if not isinstance(entry, Route) or not isinstance(entry.expires, int):
        return entry
    left = entry.expires - round(seconds)
    return replace(entry, expires=left) if left > 0 else None
