"""A routing table as a mapping from fingerprint to route, decoded on demand.

Two tables are compared by fingerprints (on Linux the dump's own bytes), and only what differs is decoded: a full
Internet table of a million routes stays cheap, and small tables don't notice. What a fingerprint is, only the codec
knows; it comes in from the host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from routewatch.core.model import Route


class Codec(Protocol):
    """How one host writes routes into bytes."""

    @property
    def name(self) -> str:
        """Name the format, as it is stored beside the bytes."""

    @property
    def names(self) -> Mapping[int, str]:
        """Interface names by index, which the bytes need to be read; empty where they need none."""

    def split(self, chunks: Sequence[bytes]) -> list[bytes]:
        """Return the fingerprint of each route, in order, doubles included."""

    def decode(self, fingerprint: bytes) -> Route:
        """Return the route behind a fingerprint."""


class Table(Mapping[bytes, "Route"]):
    """The routes of one snapshot. ``chunks`` are kept as they came and split when somebody looks."""

    __slots__ = ("_counts", "chunks", "codec")

    def __init__(self, chunks: Sequence[bytes], codec: Codec) -> None:
        """Keep the chunks of one dump and the codec that reads them."""
        self.chunks = tuple(chunks)
        self.codec = codec
        self._counts: Counter[bytes] | None = None

    @property
    def counts(self) -> Counter[bytes]:
        """How often each fingerprint stands in the table: more than once only where a dump went wrong."""
        if self._counts is None:
            self._counts = Counter(self.codec.split(self.chunks))
        return self._counts

    def __getitem__(self, fingerprint: bytes) -> Route:
        """Return the route behind the fingerprint; KeyError where the table has none such."""
        if fingerprint not in self.counts:
            raise KeyError(fingerprint)
        return self.codec.decode(fingerprint)

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the fingerprints in the kernel's order."""
        return iter(self.counts)

    def __len__(self) -> int:
        """Count the different routes."""
        return len(self.counts)

    def only(self, is_kept: Callable[[Route], bool]) -> Table:
        """Return a table of some of the rows."""
        counts = Counter({each: number for each, number in self.counts.items() if is_kept(self.codec.decode(each))})
        part = Table(tuple(counts), self.codec)  # nobody splits these chunks: they are split already
        part._counts = counts
        return part

    def same_bytes(self, other: Table) -> bool:
        """Tell whether both were written by the same codec in the same bytes: nothing changed, nothing to decode."""
        return self.comparable(other) and self.chunks == other.chunks

    def same_rows(self, other: Table) -> bool:
        """Tell whether both hold the same routes, whoever dumped them.

        The bytes of two processes differ in any case: the header of each message names who asked (nlmsg_pid).
        """
        if self.same_bytes(other):
            return True
        lengths = [sum(map(len, table.chunks)) for table in (self, other)]
        return self.comparable(other) and lengths[0] == lengths[1] and self.counts == other.counts

    def comparable(self, other: Table) -> bool:
        """Tell whether equal fingerprints mean equal routes: same format, no index that names another link now."""
        mine, theirs = self.codec.names, other.codec.names
        return self.codec.name == other.codec.name and all(theirs.get(i, name) == name for i, name in mine.items())
