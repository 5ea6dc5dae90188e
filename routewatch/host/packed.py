"""Routes as bytes where a platform has none of its own: each is a chunk, and its encoding is its fingerprint.

macOS prints text, and saved tables are text: two rows are the same where all that was read of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routewatch.core.model import Route
from routewatch.core.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class PackedCodec:
    """Routes as msgpack, one a chunk."""

    name = "msgpack/1"
    names: Mapping[int, str] = {}

    def split(self, chunks: Sequence[bytes]) -> list[bytes]:
        """Return the fingerprints: the chunks themselves."""
        return list(chunks)

    def decode(self, fingerprint: bytes) -> Route:
        """Return the route. Raises msgspec.DecodeError for other bytes."""
        return msgspec.msgpack.decode(fingerprint, type=Route)


def packed(routes: Iterable[Route]) -> Table:
    """Return routes as a table."""
    return Table([msgspec.msgpack.encode(route) for route in routes], PackedCodec())
