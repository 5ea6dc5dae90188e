"""Opening the store on real files: fresh, newer, damaged, locked."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import PermissionRefusedError, StateError
from routewatch.store import connection as connections
from routewatch.store.database import NAME, open_store
from routewatch.store.journal import CleanupRow
from routewatch.store.schema import VERSION
from tests.store.stage import HERE, NOON, events, filled

if TYPE_CHECKING:
    from pathlib import Path


def overwrite(path: Path) -> None:
    """Damage the pages of the events; the head stays sound."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xee" * (size // 4))


def test_what_was_stored_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    filled(tmp_path, 3)

    with open_store(tmp_path, now=NOON, readonly=True) as store:
        assert store.events.last() == 3
        assert store.warnings == ()


def test_every_table_is_strict_and_the_file_says_its_version(tmp_path: Path) -> None:
    database = sqlite3.connect(filled(tmp_path))
    tables = database.execute("PRAGMA table_list").fetchall()
    version = database.execute("PRAGMA user_version").fetchone()
    journal = database.execute("PRAGMA journal_mode").fetchone()
    database.close()

    assert {name for _, name, _, _, _, strict in tables if not strict and not name.startswith("sqlite_")} == set()
    assert (version, journal) == ((VERSION,), ("wal",))


def test_a_missing_store_is_empty_to_a_reader_and_nothing_is_made(tmp_path: Path) -> None:
    with open_store(tmp_path / "never", now=NOON, readonly=True) as store:
        assert store.sessions.newest(5) == []

    assert not (tmp_path / "never").exists()


def test_a_store_of_a_newer_routewatch_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = filled(tmp_path)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()

    for readonly in (False, True):
        with pytest.raises(StateError, match="newer routewatch") as caught:
            open_store(tmp_path, now=NOON, readonly=readonly)
        assert caught.value.exit_status == 4

    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.corrupt-*"))


@pytest.mark.parametrize("garbage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_set_aside_with_a_warning(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / NAME).write_bytes(garbage)

    with open_store(tmp_path, now=NOON) as store:
        assert re.search(r"set aside as routewatch\.db\.corrupt-20260921T\d{6}Z", store.warnings[0])
        store.events.add_many(events(1))

    aside = next(tmp_path.glob(NAME + ".corrupt-*"))
    assert aside.read_bytes() == garbage


def test_a_file_set_aside_never_replaces_another(tmp_path: Path) -> None:
    for content in (b"first" * 500, b"second" * 500):
        (tmp_path / NAME).write_bytes(content)
        open_store(tmp_path, now=NOON).close()

    asides = {path.read_bytes()[:5] for path in tmp_path.glob(NAME + ".corrupt-*")}
    assert asides == {b"first", b"secon"}


def test_a_reader_refuses_a_damaged_file_and_leaves_it_where_it_is(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"this is no database" * 100)

    with pytest.raises(StateError, match="damaged"):
        open_store(tmp_path, now=NOON, readonly=True)

    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_damage_found_while_reading_is_repaired_at_the_next_opening(tmp_path: Path) -> None:
    overwrite(filled(tmp_path))

    with open_store(tmp_path, now=NOON) as store, pytest.raises(StateError, match="damaged"):
        store.events.after(0, limit=10_000)

    with open_store(tmp_path, now=NOON) as store:
        assert len(store.warnings) == 1
        assert store.events.last() == 0


def test_an_act_written_down_before_the_damage_shows_is_not_begun_anew(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with open_store(tmp_path, now=NOON) as store:
        store.journal.begin(CleanupRow(place=HERE, wall=1.0, boot=1.0), [b"step"])
        overwrite(path)
        with pytest.raises(StateError, match="damaged"):
            store.events.after(0, limit=10_000)
        assert not store.may_begin_anew


@pytest.mark.parametrize("renamed", [(), ("-wal",), ("-wal", ""), ("-wal", "", "later")])
def test_setting_aside_that_was_killed_in_the_middle_is_ended_and_said(
    tmp_path: Path, renamed: tuple[str, ...]
) -> None:
    path = filled(tmp_path)
    aside = path.with_name(f"{NAME}.corrupt-20260921T000000Z")
    path.with_name(f"{NAME}-wal").write_bytes(b"the log")
    path.with_name(f"{NAME}.suspect").write_text(aside.name)
    for end in renamed:
        if end != "later":
            path.with_name(NAME + end).rename(aside.with_name(aside.name + end))
    before = path.read_bytes() if path.exists() else aside.read_bytes()
    if "later" in renamed:
        path.with_name(f"{NAME}-wal").write_bytes(b"another log")

    with open_store(tmp_path, now=NOON) as store:
        assert store.warnings == (f"{path} was damaged, and is set aside as {aside.name}; a new one begins.",)
        assert store.events.last() == 0

    assert aside.read_bytes() == before
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"the log"
    if "later" in renamed:
        assert aside.with_name(f"{aside.name}-wal.later").read_bytes() == b"another log"
    assert not path.with_name(f"{NAME}.suspect").exists()


@pytest.mark.parametrize("written", ["", "elsewhere", f"{NAME}.corrupt-/../../x"])
def test_a_mark_that_names_no_file_of_ours_only_asks_for_a_check(tmp_path: Path, written: str) -> None:
    path = filled(tmp_path, 3)
    path.with_name(f"{NAME}.suspect").write_text(written)

    with open_store(tmp_path, now=NOON) as store:
        assert (store.warnings, store.events.last()) == ((), 3)

    assert not path.with_name(f"{NAME}.suspect").exists()


def test_a_damaged_file_that_another_has_open_is_not_renamed(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with open_store(tmp_path, now=NOON):
        good = path.read_bytes()
        path.write_bytes(b"this is no database" * 100)
        with pytest.raises(StateError, match="damaged") as caught:
            open_store(tmp_path, now=NOON)
        path.write_bytes(good)

    assert "stop that" in caught.value.hint
    assert not list(tmp_path.glob("*.corrupt-*"))


@pytest.mark.parametrize("what", ["empty", "gone"])
def test_the_log_of_a_file_that_was_emptied_or_deleted_is_set_aside_with_a_warning(tmp_path: Path, what: str) -> None:
    path = filled(tmp_path, 3)
    log = path.with_name(f"{NAME}-wal")
    log.write_bytes(b"the log")
    path.write_bytes(b"")
    if what == "gone":
        path.unlink()

    with open_store(tmp_path, now=NOON, readonly=True) as store:
        assert store.warnings == (f"{path} is {what}: nothing is remembered.",)
        assert store.events.last() == 0
    assert log.read_bytes() == b"the log"

    with open_store(tmp_path, now=NOON) as store:
        [warning] = store.warnings
        assert warning.startswith(f"{path} is {what}")
        assert store.events.last() == 0
    [aside] = tmp_path.glob("*.corrupt-*-wal")
    assert aside.read_bytes() == b"the log"
    assert f"set aside as {aside.name}; a new one begins." in warning

    with open_store(tmp_path, now=NOON) as store:
        assert store.warnings == ()


def test_a_file_that_was_emptied_while_another_has_it_open_is_left_to_it(tmp_path: Path) -> None:
    path = filled(tmp_path, 3)
    with open_store(tmp_path, now=NOON):
        good = path.read_bytes()
        path.write_bytes(b"")
        with pytest.raises(StateError, match="is empty") as caught:
            open_store(tmp_path, now=NOON)
        path.write_bytes(good)

    assert "stop that" in caught.value.hint


def test_a_locked_store_is_an_error_in_a_plain_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    blocker = sqlite3.connect(filled(tmp_path), isolation_level=None)
    with open_store(tmp_path, now=NOON) as store:
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="locked by another program"):
            store.events.add_many(events(1))
        blocker.execute("ROLLBACK")
        store.events.add_many(events(1))
    blocker.close()


def test_readers_and_one_writer_work_side_by_side(tmp_path: Path) -> None:
    with open_store(tmp_path, now=NOON) as writer, open_store(tmp_path, now=NOON, readonly=True) as early:
        assert early.events.last() == 0
        writer.events.add_many(events(2))
        with open_store(tmp_path, now=NOON, readonly=True) as reader, open_store(tmp_path, now=NOON) as second:
            assert reader.events.last() == 2
            second.events.add_many(events(1))
        assert writer.events.last() == 3


def test_a_file_in_the_way_of_the_directory_is_an_error_of_state(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")

    with pytest.raises(StateError) as caught:
        open_store(tmp_path / "state", now=NOON)

    assert not isinstance(caught.value, PermissionRefusedError)
