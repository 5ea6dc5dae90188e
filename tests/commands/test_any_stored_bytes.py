"""Stored rows as a failing disk may give them back: an error that is named, never another, and never for long."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.commands.archive import LARGEST, StoredStep, pack, pack_snapshot, unpack, unpack_snapshot
from routewatch.core.memory import Event, Session
from routewatch.core.steps import Step
from routewatch.errors import StateError
from routewatch.host.memory import MemoryHost
from tests import build
from tests.build import route

if TYPE_CHECKING:
    from tests.commands.desk import Desk

SNAPSHOT = pack_snapshot(build.snapshot(routes=[route("10.0.0.0/8 via 192.168.1.1 dev eth0")], links=()))
STEP = pack(StoredStep(step=Step(action="delete", route=route("10.0.0.0/8 dev eth0")), session=3))
HOST = MemoryHost()


@st.composite
def damaged(draw: st.DrawFn, sound: bytes) -> bytes:
    """Draw bytes that are near to sound ones: bits flipped, cut, made longer; or any at all."""
    data = bytearray(sound)
    for place in draw(st.lists(st.integers(0, len(data) * 8 - 1), max_size=6)):
        data[place // 8] ^= 1 << place % 8
    cut = draw(st.integers(0, len(data)))
    return draw(st.sampled_from((bytes(data), bytes(data[:cut]), bytes(data) + draw(st.binary(max_size=9)))))


@given(damaged(SNAPSHOT) | st.binary(max_size=200))
def test_a_snapshot_is_read_or_refused(blob: bytes) -> None:
    try:
        snapshot = unpack_snapshot(blob, HOST)
    except StateError:
        return
    assert snapshot.platform in {"linux", "macos"}


@given(damaged(zlib.decompress(SNAPSHOT)))
def test_a_snapshot_whose_damage_is_packed_soundly_is_read_or_refused(content: bytes) -> None:
    try:
        snapshot = unpack_snapshot(zlib.compress(content), HOST)
        list(snapshot.routes.values())
    except StateError:
        return


@given(damaged(STEP) | st.binary(max_size=60), st.sampled_from((StoredStep, Session, Event)))
def test_a_step_a_session_or_an_event_is_read_or_refused(value: bytes, kind: type) -> None:
    try:
        read: object = unpack(value, kind, "row")
    except StateError:
        return
    assert isinstance(read, kind)


def test_bytes_that_would_become_more_than_any_table_are_refused_unopened() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join([*(packer.compress(bytes(2**24)) for _ in range(LARGEST // 2**24 + 2)), packer.flush()])
    with pytest.raises(StateError, match="too large"):
        unpack_snapshot(bomb, HOST)


@pytest.mark.parametrize(
    ("table", "column"),
    [("sessions", "value"), ("events", "value"), ("baselines", "network"), ("baselines", "snapshot"),
     ("observations", "snapshot"), ("steps", "value")],
)  # fmt: skip
@pytest.mark.parametrize("noise", [b"", b"\xc1", b"\x81\xa3", b"\xff" * 64, bytes(64)])
def test_no_command_meets_such_a_row_with_anything_but_a_word(
    desk: Desk, table: str, column: str, noise: bytes
) -> None:
    desk.vpn_dies()
    desk.say("cleanup", "--yes")
    spoils(desk, table, column, noise)


def test_a_word_that_nobody_stores_is_named_too(desk: Desk) -> None:
    desk.vpn_dies()
    spoils(desk, "baselines", "reason", "nonsense")


def spoils(desk: Desk, table: str, column: str, noise: bytes | str) -> None:
    """Overwrite a column, and see that every command that looks answers or names the state."""
    with closing(sqlite3.connect(desk.state / "routewatch.db")) as store, store:
        assert store.execute(f"UPDATE {table} SET {column} = ?", (noise,)).rowcount  # noqa: S608 - our own words

    for words in ("status", "diff", "sessions", "log", "cleanup --dry-run", "undo --dry-run", "baseline show"):
        answer = desk.ask(*words.split())
        assert answer.status in {0, 1} or answer.document["error"]["code"] == "state", (words, answer)
