"""Between values and stored bytes: snapshots, baselines, sessions, events and steps as msgpack.

The routes of a snapshot are kept as the chunks they came in, with the format's name: a full table is stored without
being decoded, and read again by the host that knows the format.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from msgspec import Struct

from routewatch.core.memory import Trace
from routewatch.core.model import Family, Link, Moment, Neighbour, NexthopObject, Place, PolicyRule, Process
from routewatch.core.snapshot import Snapshot
from routewatch.core.steps import Step
from routewatch.core.table import Table
from routewatch.errors import StateError

if TYPE_CHECKING:
    from routewatch.host.port import Host

T = TypeVar("T")

UNREADABLE = "Name another directory with --state-dir, or move this one away: a new one is begun."
LARGEST = 2**30  # bytes of a snapshot: ten times the table of a full Internet router
LEVEL = 1  # zlib: a table of 100,000 routes packs ten to one in the time of one dump


class StoredSnapshot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A snapshot whose routes are bytes of a named format."""

    platform: Literal["linux", "macos"]
    place: Place
    taken: Moment
    format: str
    names: dict[int, str]
    chunks: tuple[bytes, ...]
    rules: tuple[PolicyRule, ...] = ()
    links: tuple[Link, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    nexthop_objects: tuple[NexthopObject, ...] = ()
    processes: tuple[Process, ...] = ()
    processes_seen: bool = True
    complete: bool = True
    unsure: tuple[Family, ...] = ()
    unparsed: tuple[str, ...] = ()


SHARED = tuple(name for name in StoredSnapshot.__struct_fields__ if name not in {"format", "names", "chunks"})


CAME_BACK = "it came back at once"  # the detail of a deletion that somebody else took back before it was verified


class StoredStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of the journal, with the trace that undoing it brings back to its session."""

    step: Step
    session: int | None = None
    trace: Trace | None = None


def pack(value: Struct | tuple[Struct | tuple[Struct, ...], ...]) -> bytes:
    """Encode a value of the core."""
    return msgspec.msgpack.encode(value)


def unpack(value: bytes, kind: type[T], what: str) -> T:
    """Decode a stored value; ``what`` names it. Raises StateError for bytes that are none."""
    try:
        return msgspec.msgpack.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StateError(f"a stored {what} can't be read: {error}", UNREADABLE) from error


def pack_snapshot(snapshot: Snapshot) -> bytes:
    """Encode a snapshot; its routes are not decoded for that."""
    stored = StoredSnapshot(
        format=snapshot.routes.codec.name,
        names=dict(snapshot.routes.codec.names),
        chunks=snapshot.routes.chunks,
        **{name: getattr(snapshot, name) for name in SHARED},
    )
    return zlib.compress(msgspec.msgpack.encode(stored), LEVEL)


def unpack_snapshot(blob: bytes, host: Host) -> Snapshot:
    """Decode a snapshot. Raises StateError for bytes that are none, or of an unknown format."""
    try:
        # zlib packs a thousand to one: of damaged bytes nobody knows how much they would become
        packed = zlib.decompressobj()
        opened = packed.decompress(blob, LARGEST)
    except zlib.error as error:
        raise StateError(f"a stored snapshot can't be read: {error}") from error
    if not packed.eof:
        raise StateError("a stored snapshot can't be read: it is cut short, or too large")
    stored = unpack(opened, StoredSnapshot, "snapshot")
    routes = Table(stored.chunks, host.codec(stored.format, stored.names))
    return Snapshot(routes=routes, **{name: getattr(stored, name) for name in SHARED})
