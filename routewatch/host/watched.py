"""Watching one file by its folder, with watchdog. It says only that the file may have changed.

The folder is watched and not the file, since an atomic replacement makes another file of it. A folder that isn't
there yet, or not any more, is waited for in the nearest one above it that exists.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

# Reading the file makes "opened" and "closed_no_write": reacting to those by reading would never end.
_NO_CHANGE = {"opened", "closed_no_write", "attrib"}


def _is_news(record: logging.LogRecord) -> bool:
    return "called when the thread is inactive" not in record.getMessage()


# Removing a watch makes one last event, and the thread that has just been told to stop logs it as an error
# (InotifyEmitter.queue_events() in watchdog 7): every stop, and every folder that is watched anew, would look like one.
logging.getLogger("watchdog.observers.inotify").addFilter(_is_news)

Fingerprint = tuple[int, int, int, int]


def fingerprint(path: Path | None) -> Fingerprint | None:
    """Return (device, inode, mtime in ns, size) of the file behind a path; None where there is none to see."""
    try:
        status = os.stat(path) if path else None  # noqa: PTH116 - the same call for a path that may be None
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size) if status else None


class Watch(FileSystemEventHandler):
    """A watch on the folder that holds a file, as long as there is such a folder."""

    def __init__(self, path: Path, touched: Callable[[], None]) -> None:
        """Call ``touched``, in another thread, whenever something in the file's folder changed."""
        self._path = path.absolute()
        self._touched = touched
        self._observer = Observer()
        self._folder: tuple[Path, tuple[int, int] | None] | None = None
        self.trouble = ""
        self._observer.start()
        self.mend()

    def mend(self) -> None:
        """Watch the folder that should be watched now, if that is another one than before, or if its watch died."""
        # Once more after each change: the folder may have come between the look and the watch on the one above it
        while self._is_dead() or self._wanted() != self._folder:
            folder = self._wanted()
            try:
                self._begin_anew()
                self._observer.schedule(self, str(folder[0]), recursive=False)
            except (OSError, RuntimeError, SystemError) as error:
                # No inotify watches left, or the folder went this instant; on a Mac a stream that can't be started is
                # a SystemError, and one that is there already a RuntimeError (watchdog_fsevents.c).
                why = error.strerror if isinstance(error, OSError) and error.strerror else error
                self._folder, self.trouble = None, f"{folder[0]} can't be watched: {why}"
                return
            self._folder, self.trouble = folder, ""

    def close(self) -> None:
        """End the watch and its threads."""
        self._observer.stop()
        self._observer.join()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take an event from watchdog. Never raises: an exception here would silently end watchdog's thread."""
        if event.event_type not in _NO_CHANGE and not (event.is_directory and event.event_type == "modified"):
            self._touched()

    def _wanted(self) -> tuple[Path, tuple[int, int] | None]:
        folder = next((folder for folder in self._path.parents if folder.is_dir()), Path("/"))
        known = fingerprint(folder)
        return folder, known and known[:2]  # a folder that went and came back is another one

    def _is_dead(self) -> bool:
        return not self._observer.is_alive() or any(not emitter.is_alive() for emitter in self._observer.emitters)

    def _begin_anew(self) -> None:
        self._observer.unschedule_all()
        if not self._observer.is_alive():
            self._observer = Observer()
            self._observer.start()
