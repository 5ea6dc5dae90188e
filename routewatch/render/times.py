"""Moments and spans as people and programs read them. Wall time is for display only."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def iso(wall: float | None) -> str | None:
    """Return a wall time (seconds since 1970) as RFC 3339 in UTC, to the millisecond."""
    if wall is None:
        return None
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(wall: float) -> str:
    """Return a wall time in the machine's own zone: "2026-11-24 14:03:07"."""
    return datetime.fromtimestamp(wall, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local(moment: str) -> str:
    """Return a moment that ``iso`` wrote as ``clock`` does."""
    return clock(datetime.fromisoformat(moment).timestamp())


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: "3 m 20 s"."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} m {whole % MINUTE} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} m"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"
