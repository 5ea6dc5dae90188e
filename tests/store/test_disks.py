"""Disks that are full or read-only, and writers killed in the middle: what was stored stays."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from threading import Event
from typing import TYPE_CHECKING

import pytest

from routewatch.store.database import NAME, open_store
from tests.store.stage import NOON, ROOT, filled, in_a_mount_namespace

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_full_disk_is_said_and_what_was_stored_before_is_intact(tmp_path: Path) -> None:
    done = in_a_mount_namespace(ON_A_SMALL_DISK, tmp_path)

    first, second = done.stdout.splitlines()
    assert first.startswith("StateError The disk that holds"), done.stderr
    assert second == "True True ()"


def test_on_a_disk_that_is_full_already_nothing_can_be_made_but_all_can_be_read(tmp_path: Path) -> None:
    done = in_a_mount_namespace(ON_A_FULL_DISK, tmp_path)

    assert done.stdout.splitlines() == ["4 True"] * 4 + ["0"], done.stderr


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
        first = child.stdout.readline()
        Event().wait(wait)
        child.kill()
        told = first + child.stdout.read()
        acknowledged = [int(line) for line in told.splitlines(keepends=True) if line.endswith("\n")]

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


def test_a_first_opening_killed_in_the_middle_is_done_again_and_said(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()  # made, and killed before the first table

    with open_store(tmp_path, now=NOON) as store:
        # A store that somebody emptied looks like that, too
        assert store.warnings == (f"{tmp_path / NAME} is empty: begun anew.",)
        assert store.keeps.add("10.0.0.0/8", 1.0)
