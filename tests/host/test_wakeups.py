"""Wake-ups with real signals, real files and the real watcher."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from watchdog.observers.api import BaseObserver, EventEmitter

from routewatch.host import watched
from routewatch.host.wakeups import Wakeups
from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import select, sys, pathlib
from routewatch.host.wakeups import Wakeups
path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
with Wakeups(path) as wakeups:
    print("ready", flush=True)
    while True:
        select.select([wakeups], [], [])
        woken = wakeups.drain()
        if woken:
            print(*sorted(woken), flush=True)
        if "stop" in woken:
            break
print("ended", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "routewatch.toml").write_text("first")
    return folder / "routewatch.toml"


@pytest.fixture
def wakeups(path: Path) -> Iterator[Wakeups]:
    with Wakeups(path) as opened:
        yield opened


def woken(wakeups: Wakeups, patience: float = DEADLINE) -> set[str]:
    """Wait for the first word; an empty set when nothing came in time."""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0 and select.select([wakeups], [], [], left)[0]:
        if words := wakeups.drain():
            return words
    return set()


def settled(wakeups: Wakeups, patience: float = DEADLINE) -> bool:
    """Wait for the file to be another one, as the loop does: look after each wake-up."""
    deadline = time.monotonic() + patience
    while not wakeups.changed():
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([wakeups], [], [], left)[0]:
            return False
        wakeups.drain()
    return True


@pytest.mark.parametrize("configured", [False, True])
def test_signals_become_words_and_stop_ends_the_loop(path: Path, *, configured: bool) -> None:
    arguments = [str(path)] if configured else []  # with a watcher there are more threads a signal may reach
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for number, word in ((signal.SIGHUP, "reload"), (signal.SIGHUP, "reload"), (signal.SIGTERM, "stop")):
            child.send_signal(number)
            assert child.stdout.readline() == f"{word}\n"
        assert child.stdout.readline() == "ended\n"
        assert child.wait(DEADLINE) == 0


def test_an_interrupt_from_the_keyboard_means_stop(wakeups: Wakeups) -> None:
    os.kill(os.getpid(), signal.SIGINT)

    assert woken(wakeups) == {"stop"}
    assert wakeups.drain() == set()


def test_a_signal_that_reaches_another_thread_wakes_the_loop(wakeups: Wakeups) -> None:
    def signal_itself() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    thread = threading.Thread(target=signal_itself)
    thread.start()
    thread.join()

    assert woken(wakeups) == {"stop"}


def test_a_thousand_signals_are_one_word(wakeups: Wakeups) -> None:
    for _ in range(70_000):  # more than the pipe holds
        signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGTERM)

    assert woken(wakeups) == {"reload", "stop"}


def test_closing_gives_the_signals_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    Wakeups().close()

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_file_that_was_written_wakes_the_loop(path: Path, wakeups: Wakeups) -> None:
    path.write_text("second, longer")

    assert woken(wakeups) == {"config"}
    assert settled(wakeups)
    assert not wakeups.changed()


def test_an_atomic_replacement_is_a_change(path: Path, wakeups: Wakeups) -> None:
    other = path.with_suffix(".tmp")
    other.write_text("other")
    other.replace(path)

    assert settled(wakeups)


def test_a_swapped_link_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "routewatch.toml").write_text(name)
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "routewatch.toml").symlink_to("data/routewatch.toml")
    with Wakeups(tmp_path / "routewatch.toml") as wakeups:
        (tmp_path / "new").symlink_to("two")
        (tmp_path / "new").replace(tmp_path / "data")

        assert settled(wakeups)


def test_reading_the_file_does_not_wake_the_loop(path: Path, wakeups: Wakeups) -> None:
    path.read_text()
    path.chmod(0o600)

    assert woken(wakeups, 0.3) == set()


def test_a_removed_file_is_a_change_and_so_is_its_return(path: Path, wakeups: Wakeups) -> None:
    path.unlink()
    assert settled(wakeups)

    path.write_text("back")
    assert settled(wakeups)


def test_a_folder_that_goes_and_comes_back_is_watched_again(path: Path, wakeups: Wakeups) -> None:
    path.unlink()
    path.parent.rmdir()
    assert settled(wakeups)

    path.parent.mkdir()
    path.write_text("back")
    assert settled(wakeups)
    path.write_text("and changed again")
    assert settled(wakeups)
    assert wakeups.unwatched == ""


def test_a_folder_replaced_between_two_looks_is_watched_again(path: Path, wakeups: Wakeups) -> None:
    path.parent.rename(path.parent.with_name("old"))
    path.parent.mkdir()
    path.write_text("new")
    assert settled(wakeups)
    wakeups.drain()

    path.write_text("changed")
    assert woken(wakeups) == {"config"}


def test_a_folder_that_was_never_there_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "routewatch.toml"
    with Wakeups(path) as wakeups:
        assert not wakeups.changed()
        path.parent.mkdir(parents=True)
        path.write_text("here")

        assert settled(wakeups)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (SystemError("Cannot start fsevents stream"), "Cannot start fsevents stream"),
        (RuntimeError("Cannot add watch - it is already scheduled"), "it is already scheduled"),
    ],
)
def test_what_can_not_be_watched_is_said_and_compared_when_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    """inotify, and FSEvents on a Mac, where a daemon gets no stream in some surroundings."""

    class Refusing(BaseObserver):
        def __init__(self) -> None:
            super().__init__(EventEmitter)

        def schedule(self, *_: object, **__: object) -> NoReturn:
            raise error

    monkeypatch.setattr(watched, "Observer", Refusing)
    with Wakeups(path) as wakeups:
        assert wakeups.unwatched.startswith(f"{path.parent} can't be watched: ")
        assert wakeups.unwatched.endswith(why)
        path.write_text("changed")
        assert wakeups.changed()


def test_without_a_file_nothing_is_watched_and_nothing_changes() -> None:
    with Wakeups() as wakeups:
        assert not wakeups.changed()
        assert wakeups.unwatched == ""


def test_closing_ends_the_watcher_and_leaves_no_descriptor(path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    Wakeups(path).close()  # the first one loads modules
    threads, before = threading.active_count(), descriptors()
    for _ in range(5):
        Wakeups(path).close()

    assert (threading.active_count(), descriptors()) == (threads, before)
