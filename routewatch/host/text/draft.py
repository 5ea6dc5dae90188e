"""A route of ``ip route`` while its line is read: the words that are left, and what they have said so far."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from routewatch.core.model import Family, Nexthop

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKED = re.compile(r"[,;>](?:\s|$)")  # the end of a word of a sentence, a list, a mask, a web page; of no table
Read = TypeVar("Read")


class NotUnderstoodError(Exception):
    """A word is not what should stand there: the whole line is one that is not understood."""


class Words:
    """The words of one line, read from the front."""

    def __init__(self, line: str) -> None:
        """Split the line; ``ip -o`` writes a backslash in the place of a line end. Raises NotUnderstoodError."""
        self.left = line.replace("\\", " ").split()[::-1]
        if _MARKED.search(line):
            raise NotUnderstoodError

    def next(self) -> str:
        """Take the next word. Raises NotUnderstoodError at the end."""
        if not self.left:
            raise NotUnderstoodError
        return self.left.pop()

    def peek(self) -> str:
        """Return the next word, "" at the end."""
        return self.left[-1] if self.left else ""

    def took(self, *words: str) -> bool:
        """Take the next word if it is one of these, and tell whether it was."""
        if self.peek() not in words:
            return False
        self.left.pop()
        return True

    def value(self, reader: Callable[[str], Read | None]) -> Read:
        """Take the next word as a value. Raises NotUnderstoodError where it is none."""
        found = reader(self.next())
        if found is None:
            raise NotUnderstoodError
        return found


class Draft(Struct):
    """What a line has said so far."""

    family: Family | None = None
    said: dict[str, object] = field(default_factory=dict)  # by the names of Route's fields
    flags: list[str] = field(default_factory=list)
    metrics: dict[str, int | str] = field(default_factory=dict)
    legs: list[Nexthop] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # what Route has no field for

    def belongs(self, family: Family) -> None:
        """Learn the family from an address. Raises NotUnderstoodError where another one was told before."""
        if self.family not in {None, family}:
            raise NotUnderstoodError
        self.family = family
