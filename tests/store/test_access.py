"""Who may read and write the store's files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import StateError
from routewatch.store.database import NAME, open_store
from routewatch.store.directory import refusal
from tests.store.stage import NOON, ROOT, events, filled, in_a_mount_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


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


def test_a_group_is_joined_by_the_systems_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    roots = Path("/")
    monkeypatch.setattr(sys, "platform", "linux")
    assert "(sudo usermod -aG routewatch YOU, then log in again)" in refusal(roots).hint
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "(sudo dseditgroup -o edit -a YOU -t user routewatch, then log in again)" in refusal(roots).hint


HOMELESS = WRITE.replace("pathlib.Path(sys.argv[1])", "pathlib.Path(sys.argv[1], 'home/.local/state/routewatch')")


@as_root
@pytest.mark.parametrize("mode", [None, 0o711, 0o700])
def test_who_has_no_home_is_told_to_name_a_place_of_his_own(commons: Path, mode: int | None) -> None:
    if mode is not None:
        (commons / "home").mkdir(mode=mode)

    said = as_nobody(HOMELESS, commons)

    assert said.startswith("3 You may not use")
    assert "set --state-dir or xdg_state_home to a place that you may write" in said.lower()
    assert "group" not in said


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
