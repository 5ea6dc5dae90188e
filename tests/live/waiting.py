"""Waiting for something to come true in another process, with a deadline and without sleeping blindly."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE = 60.0  # seconds; nothing the live tests wait for takes more than two, on a machine that has time for them


def until(claim: Callable[[], bool], limit: float = DEADLINE) -> None:
    """Wait until the claim holds. Raises AssertionError after ``limit`` seconds."""
    pause, deadline = Event(), time.monotonic() + limit
    while not claim():
        if time.monotonic() > deadline:
            break
        pause.wait(0.02)
    else:
        return
    raise AssertionError(f"it did not come true within {limit} s")
