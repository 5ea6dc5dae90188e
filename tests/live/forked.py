"""Commands of routewatch in processes forked from the test's: each has its own memory and sockets, and starts at once.

It knows nothing of what they say.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module

from routewatch.cli import main
from tests.live.person import Said

PRELOADED = ("commands.cleanup", "commands.undo", "commands.status", "commands.diff", "host.linux.kernel")
CONFIGURATION = 'settle_quiet = "20ms"\nsettle_limit = "5s"\ngrace = "50ms"\n'


def preload() -> None:
    """Import once what each command would import anew."""
    for name in PRELOADED:
        import_module(f"routewatch.{name}")
    import_module("pyroute2")


def said(words: list[str]) -> Said:
    """Run one command in this process, and return what it said."""
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdout, sys.stderr = (io.TextIOWrapper(each, encoding="utf-8", write_through=True) for each in (out, err))
    status = main(words)
    return Said(status, out.getvalue().decode(), err.getvalue().decode())
