"""The locks, with real processes that hold them and are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from routewatch.store.locks import held_by, holder, try_lock

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, pathlib
from routewatch.store.locks import try_lock
lock = try_lock(pathlib.Path(sys.argv[1]), "act.lock")
print("held" if lock else "refused", flush=True)
sys.stdin.read()
"""


def another(directory: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with another(tmp_path) as child:
        assert try_lock(tmp_path, "act.lock") is None
        assert holder(tmp_path, "act.lock") == child.pid
        assert held_by(tmp_path, "act.lock") == f" (pid {child.pid})"
        child.communicate("")


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path) -> None:
    with another(tmp_path) as child:
        child.kill()
        child.communicate()

    assert (tmp_path / "act.lock").read_text() == f"{child.pid}\n"
    assert holder(tmp_path, "act.lock") is None
    lock = try_lock(tmp_path, "act.lock")
    assert lock is not None
    lock.release()


def test_observing_and_acting_do_not_exclude_each_other(tmp_path: Path) -> None:
    observing, acting = try_lock(tmp_path, "observe.lock"), try_lock(tmp_path, "act.lock")

    assert observing is not None
    assert acting is not None
    assert holder(tmp_path, "observe.lock") == os.getpid()
    observing.release()
    acting.release()


def test_a_released_lock_names_nobody_and_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        lock = try_lock(tmp_path, "observe.lock")
        assert lock is not None
        with lock:
            pass
        lock.release()

    assert (tmp_path / "observe.lock").read_text() == ""


def test_a_lock_that_was_never_taken_has_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path, "observe.lock") is None


def test_a_program_started_meanwhile_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = try_lock(tmp_path, "act.lock")
    assert lock is not None
    with subprocess.Popen(["sleep", "300"], close_fds=False) as child:
        lock.release()
        assert holder(tmp_path, "act.lock") is None
        again = try_lock(tmp_path, "act.lock")
        child.kill()

    assert again is not None
    again.release()


def test_a_lock_whose_file_names_nobody_is_held_by_somebody_unnamed(tmp_path: Path) -> None:
    with another(tmp_path) as child:
        (tmp_path / "act.lock").write_text("")
        assert try_lock(tmp_path, "act.lock") is None
        assert held_by(tmp_path, "act.lock") == ""
        child.communicate("")
