"""What a saved text was found to hold: the value that every reader of a format adds to. Knows no format."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct, field

from routewatch.core.model import Family, Link, PolicyRule, Route

Platform = Literal["linux", "macos"]


class Saved(NamedTuple):
    """What a text says: rows in its order, what could not be understood, and why it can't be relied on."""

    platform: Platform | None  # None: no routing table was recognised. "macos" stands for every BSD
    routes: tuple[Route, ...] = ()
    rules: tuple[PolicyRule, ...] = ()
    links: tuple[Link, ...] = ()
    unparsed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # sentences
    families: frozenset[Family] = frozenset()  # families whose table is there, be it empty

    @property
    def complete(self) -> bool:
        """Tell whether all of the text was understood and nothing speaks against it."""
        return not (self.problems or self.unparsed)


class Found(Struct):
    """What was found so far."""

    routes: list[Route] = field(default_factory=list)
    rules: list[PolicyRule] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    unparsed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    families: set[Family] = field(default_factory=set)
    platforms: list[Platform] = field(default_factory=list)

    def whole(self) -> Saved:
        """Return all of it; the platform is the one seen first."""
        if len(set(self.platforms)) > 1:
            self.problems.append("the text holds tables of two systems")
        rows: list[Route | PolicyRule] = [*self.routes, *self.rules]
        return Saved(
            platform=self.platforms[0] if self.platforms else None,
            routes=tuple(self.routes),
            rules=tuple(self.rules),
            links=tuple(self.links),
            unparsed=tuple(self.unparsed),
            problems=tuple(dict.fromkeys(self.problems)),
            families=frozenset(self.families | {row.family for row in rows}),
        )
