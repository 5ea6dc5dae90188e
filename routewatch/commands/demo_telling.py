"""How the demo tells its story: chapters and commands with their output, as text while it goes or as one document.

It runs the commands it shows; it knows nothing of what they mean.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routewatch.commands.speech import OutputError

if TYPE_CHECKING:
    from routewatch.errors import RoutewatchError

LIMIT = 60.0  # seconds a command may take


@dataclass
class Telling:
    """A story told to the end: each step has a ``title``, and where it is a command its ``output`` and ``status``."""

    json: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)
    title: str = ""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.title = title
        if not self.json:
            _write(f"\n== {title}\n")

    def say(self, text: str) -> None:
        """Say something that no command printed."""
        self.steps.append({"title": self.title, "said": text})
        if not self.json:
            _write(f"{text}\n")

    def show(self, shown: str, argv: list[str] | None = None) -> int:
        """Run a command, show it as a person would type it with what it printed, and return its exit status."""
        done = subprocess.run(  # noqa: S603 - the demo's own words
            argv or shlex.split(shown),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        self.tell(shown, done.stdout, done.returncode)
        return done.returncode

    def tell(self, shown: str, output: str = "", status: int | None = None) -> None:
        """Tell of a command that was run already."""
        self.steps.append({"title": self.title, "command": shown, "output": output, "status": status})
        if not self.json:
            _write(f"$ {shown}\n{output}")

    def end(self, *, ok: bool, without_tun: str | None) -> None:
        """Close the story; as JSON, print its one document."""
        if self.json:
            document = {"schema": "routewatch/1", "ok": ok, "without_tun": without_tun, "steps": self.steps}
            _write(json.dumps(document) + "\n")

    def fail(self, error: RoutewatchError) -> None:
        """Say what went wrong; as JSON, in the one document."""
        if self.json:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
            _write(json.dumps({"schema": "routewatch/1", "ok": False, "error": told, "steps": self.steps}) + "\n")
        sys.stderr.write(f"routewatch: {error.message}\n{error.hint}\n")


def _write(text: str) -> None:
    """Write at once, beside what programs of the story print. Raises OutputError."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error
