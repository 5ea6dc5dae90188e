"""Starts routewatch itself anew as a process that outlives us: in a session of its own, without our terminal.

A terminal that closes, an SSH login that breaks and a ^C reach the sessions and groups of their own processes only
(setsid(2)). It does not know what the new process is for.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

READY = "ready"  # the line to wait for
PATIENCE = 20.0  # seconds that it may take to get ready; a second or less where the machine is not busy


def start_detached(arguments: Sequence[str]) -> None:
    """Start ``routewatch ARGUMENTS`` and return once it has said that it is ready. Raises StateError."""
    # "-m" looks in the current folder first: there lies the very package that we run, whoever put what elsewhere
    package = Path(__file__).parents[2]
    try:
        process = subprocess.Popen(  # noqa: S603 - ourselves, with arguments that are ours and need no shell
            [sys.executable, "-m", "routewatch", *arguments],
            cwd=package,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise StateError(f"{sys.executable} can't be started: {error.strerror}") from error
    assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
    with process.stdout as told:
        said = _lines(told.fileno())
        if READY not in said:
            process.kill()
            process.wait()
            raise StateError(said[-1].removeprefix("routewatch: ") if said else "it did not get ready in time")


def _lines(pipe: int) -> list[str]:
    """Read what is said until it says that it is ready, it ends, or it takes too long."""
    said = b""
    while READY not in (lines := said.decode(errors="replace").splitlines()):
        more = os.read(pipe, 4096) if select.select([pipe], [], [], PATIENCE)[0] else b""
        if not more:
            return lines
        said += more
    return lines
