"""Opening the store on real files: fresh, newer, damaged, locked, full, read-only, killed in the middle."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Place
from routewatch.errors import PermissionRefusedError, StateError
from routewatch.store import connection as connections
from routewatch.store.database import NAME, open_store
from routewatch.store.events import EventRow
from routewatch.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
HERE = Place(boot="b1", namespace="n1")
NOON = 1_790_000_000.0
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def events(count: int) -> list[EventRow]:
    return [EventRow(place=HERE, wall=1.0, boot=1.0, kind="route_added", value=b"x" * 100) for _ in range(count)]


def filled(directory: Path, count: int = 3000) -> Path:
    with open_store(directory, now=NOON) as store:
        store.events.add_many(events(count))
    return directory / NAME


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


AS_NOBODY = """
import grp, os, sys, pathlib
from routewatch.errors import RoutewatchError
from routewatch.store.database import open_store
os.setgroups([]), os.setgid(65534), os.setuid(65534)
"""


@pytest.fixture
def commons() -> Iterator[Path]:
    """Give a folder that everybody may pass through; pytest's own are root's alone."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def as_nobody(script: str, directory: Path) -> str:
    """Run a script that was loaded as root (the interpreter may lie in root's home) and then gave that up."""
    command = [sys.executable, "-c", AS_NOBODY + script, str(directory)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True, timeout=60).stdout


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


def test_a_new_store_is_for_its_owner_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = filled(tmp_path / "deep" / "state")
    finally:
        os.umask(before)

    expected = (0o750, 0o640) if os.geteuid() == 0 else (0o700, 0o600)
    assert (mode(path.parent), mode(path)) == expected


def test_the_log_beside_the_file_is_no_more_open_than_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_store(tmp_path / "state", now=NOON) as store:
            store.events.add_many(events(1))
            modes = {mode(path) for path in (tmp_path / "state").iterdir()}
    finally:
        os.umask(before)

    assert modes == {0o640 if os.geteuid() == 0 else 0o600}


@as_root
def test_a_persons_store_is_for_that_person_alone(commons: Path) -> None:
    home = commons / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)

    as_nobody("open_store(pathlib.Path(sys.argv[1]), now=0).close()", home / "state")

    assert (mode(home / "state"), mode(home / "state" / NAME)) == (0o700, 0o600)


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
    path = filled(tmp_path)
    size = path.stat().st_size
    with path.open("r+b") as file:  # the pages of the events; the head stays sound
        file.seek(size // 2)
        file.write(b"\xee" * (size // 4))

    with open_store(tmp_path, now=NOON) as store, pytest.raises(StateError, match="damaged"):
        store.events.after(0, limit=10_000)

    with open_store(tmp_path, now=NOON) as store:
        assert len(store.warnings) == 1
        assert store.events.last() == 0


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


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    filled(tmp_path)

    with open_store(tmp_path, now=NOON, readonly=True) as store, pytest.raises(StateError, match="can't be written"):
        store.keeps.add("10.0.0.0/8", 1.0)


READ = """
try:
    with open_store(pathlib.Path(sys.argv[1]), now=0, readonly=True) as store:
        print(store.events.last())
except RoutewatchError as error:
    print(error.exit_status, error.message, error.hint)
"""
WRITE = READ.replace(", readonly=True", "")


@as_root
def test_a_member_of_the_group_reviews_without_being_able_to_write(commons: Path) -> None:
    state = commons / "state"
    path = filled(state, 5)
    for entry in (state, path):
        os.chown(entry, 0, 65534)

    assert as_nobody(READ, state) == "5\n"
    with open_store(state, now=NOON) as store:  # and while the daemon runs
        store.events.add_many(events(1))
        assert as_nobody(READ, state) == "6\n"
    assert "3 You may not use" in as_nobody(WRITE, state)


@as_root
def test_others_are_told_of_the_group(commons: Path) -> None:
    filled(commons / "state")

    for script in (READ, WRITE):
        said = as_nobody(script, commons / "state")
        assert said.startswith("3 You may not use")
        assert 'join the group "routewatch"' in said


def test_a_file_in_the_way_of_the_directory_is_an_error_of_state(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")

    with pytest.raises(StateError) as caught:
        open_store(tmp_path / "state", now=NOON)

    assert not isinstance(caught.value, PermissionRefusedError)


# A mount namespace of its own: what is mounted in it is gone with it, and nobody else sees it.
ON_A_SMALL_DISK = """
import sys, pathlib, subprocess
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", sys.argv[1]], check=True)
from routewatch.core.model import Place
from routewatch.errors import StateError
from routewatch.store.database import open_store
from routewatch.store.journal import CleanupRow
directory = pathlib.Path(sys.argv[1])
here = Place(boot="b", namespace="n")
written = 0
with open_store(directory, now=0) as store:
    try:
        while True:
            store.journal.begin(CleanupRow(place=here, wall=1, boot=1), [b"x" * 10_000])
            written += 1
    except StateError as error:
        print(type(error).__name__, error.message)
with open_store(directory, now=0) as store:
    print(written > 5, len(store.journal.recent(here, 1000)) == written, store.warnings)
"""
ON_A_FULL_DISK = """
import sys, pathlib, subprocess
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", sys.argv[1]], check=True)
from routewatch.errors import StateError
from routewatch.store.database import open_store
from routewatch.store.locks import try_lock
here = pathlib.Path(sys.argv[1], "here")
open_store(here, now=0).close()
with open(here.parent / "filling", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
for attempt in (open_store, lambda path, now: try_lock(path, "act.lock")):
    for directory in (here, here.parent / "new"):
        try:
            attempt(directory, now=0)
        except StateError as error:
            print(error.exit_status, error.message.startswith("The disk that holds"))
with open_store(here, now=0, readonly=True) as store:
    print(store.events.last())
"""
ON_A_READ_ONLY_DISK = """
import sys, pathlib, subprocess
from routewatch.errors import StateError
from routewatch.store.database import open_store
state = pathlib.Path(sys.argv[1])
subprocess.run(["mount", "--bind", state, state], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", state], check=True)
for directory in (state, state / "new"):
    try:
        open_store(directory, now=0)
    except StateError as error:
        print(error.exit_status, "read-only file system" in error.message)
with open_store(state, now=0, readonly=True) as store:
    print(store.events.last())
"""


def in_a_mount_namespace(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare(1)")
    if (
        tried := subprocess.run(["unshare", "--mount", "true"], text=True, capture_output=True, check=False)
    ).returncode:
        pytest.skip(f"needs a mount namespace: {tried.stderr.strip()}")
    command = ["unshare", "--mount", sys.executable, "-c", script, str(directory)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, timeout=60)


def test_a_full_disk_is_said_and_what_was_stored_before_is_intact(tmp_path: Path) -> None:
    done = in_a_mount_namespace(ON_A_SMALL_DISK, tmp_path)

    first, second = done.stdout.splitlines()
    assert first.startswith("StateError The disk that holds"), done.stderr
    assert second == "True True ()"


def test_on_a_disk_that_is_full_already_nothing_can_be_made_but_all_can_be_read(tmp_path: Path) -> None:
    done = in_a_mount_namespace(ON_A_FULL_DISK, tmp_path)

    assert done.stdout.splitlines() == ["4 True"] * 4 + ["0"], done.stderr


WITH_THE_GROUP = """
import sys, pathlib, subprocess
directory = pathlib.Path(sys.argv[1])
groups = directory / "group"
groups.write_text("root:x:0:\\nroutewatch:x:4321:\\n")
subprocess.run(["mount", "--bind", groups, "/etc/group"], check=True)
from routewatch.core.model import Place
from routewatch.store.database import open_store
from routewatch.store.locks import try_lock
with open_store(directory / "state", now=0) as store, try_lock(directory / "state", "observe.lock"):
    store.keeps.add("10.0.0.0/8", 1.0)
    for path in (directory / "state", *sorted((directory / "state").iterdir())):
        print(path.name, path.stat().st_gid, oct(path.stat().st_mode & 0o777))
"""


def test_the_services_state_belongs_to_the_group_where_there_is_one(tmp_path: Path) -> None:
    done = in_a_mount_namespace(WITH_THE_GROUP, tmp_path)

    assert done.stdout.splitlines() == [
        "state 4321 0o750",
        "observe.lock 4321 0o640",
        "routewatch.db 4321 0o640",
        "routewatch.db-shm 4321 0o640",
        "routewatch.db-wal 4321 0o640",
    ], done.stderr


def test_a_read_only_disk_is_said_and_can_still_be_read(tmp_path: Path) -> None:
    filled(tmp_path, 4)

    done = in_a_mount_namespace(ON_A_READ_ONLY_DISK, tmp_path)

    assert done.stdout.splitlines() == ["4 True", "4 True", "4"], done.stderr


WRITE_FOR_EVER = """
import sys, pathlib
from routewatch.core.model import Place
from routewatch.store.database import open_store
from routewatch.store.events import EventRow
from routewatch.store.journal import CleanupRow
here = Place(boot="b", namespace="n")
with open_store(pathlib.Path(sys.argv[1]), now=0) as store:
    while True:
        store.events.add_many([EventRow(place=here, wall=1, boot=1, kind="k", value=b"x" * 50)] * 20)
        number = store.journal.begin(CleanupRow(place=here, wall=1, boot=1), [b"a", b"b", b"c"])
        store.journal.mark(number, 1, "done")
        print(number, flush=True)
"""


@pytest.mark.parametrize("wait", [0.02, 0.05, 0.11, 0.2])
def test_a_writer_killed_at_any_point_loses_nothing_it_was_told_is_stored(tmp_path: Path, wait: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)], cwd=ROOT, text=True, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        Event().wait(wait)
        child.kill()
        acknowledged = [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]

    with open_store(tmp_path, now=NOON, readonly=True) as reader:
        assert reader.journal.get(acknowledged[-1]) is not None
    with open_store(tmp_path, now=NOON) as store:
        assert store.warnings == ()
        for number in acknowledged:
            cleanup = store.journal.get(number)
            assert cleanup is not None
            assert [step.status for step in cleanup.steps] == ["done", "planned", "planned"]
    database = sqlite3.connect(tmp_path / NAME)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_a_first_opening_killed_in_the_middle_is_simply_done_again(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()  # made, and killed before the first table

    with open_store(tmp_path, now=NOON) as store:
        assert store.warnings == ()
        assert store.keeps.add("10.0.0.0/8", 1.0)
