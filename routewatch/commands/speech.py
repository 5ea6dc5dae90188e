"""Where a command says things: data on standard output, as text or as one JSON document; all else on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from routewatch.render.routes import printable

if TYPE_CHECKING:
    from routewatch.errors import RoutewatchError

SCHEMA = "routewatch/1"


class OutputError(Exception):
    """Nothing can be said on standard output any more: the reader has gone, or the disk is full."""

    def __init__(self, reason: OSError) -> None:
        """Take what the system said."""
        super().__init__(reason.strerror)
        self.reason = reason


class Options(Struct, frozen=True, kw_only=True):
    """The common options as they were given."""

    config: str | None = None
    state_dir: str | None = None
    json: bool = False
    verbosity: int = 0  # -1 quiet, 1 verbose, 2 all
    color: str = "auto"


class Speech:
    """What a command is heard by."""

    def __init__(self, options: Options) -> None:
        """Take the options; nothing is said yet."""
        self.options = options
        self._streams = False

    @property
    def json(self) -> bool:
        """Tell whether one JSON document is wanted."""
        return self.options.json

    @property
    def verbose(self) -> bool:
        """Tell whether a person wants to read what a code stands for (-v)."""
        return self.options.verbosity > 0

    @property
    def colored(self) -> bool:
        """Tell whether the log takes colours: a terminal does, unless NO_COLOR or --color say otherwise."""
        if self.options.color != "auto":
            return self.options.color == "always"
        return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def say(self, text: str) -> None:
        """Write what was asked for to standard output, unless JSON is wanted there."""
        if not self.json:
            self._write(text if text.endswith("\n") else f"{text}\n")

    def report(self, text: str) -> None:
        """Tell on standard output what was done, unless -q or JSON is wanted."""
        if self.options.verbosity >= 0:
            self.say(text)

    def note(self, text: str) -> None:
        """Tell a person something beside the data, on standard error."""
        if self.options.verbosity >= 0:
            _remark(f"{text}\n")

    def emit(self, document: dict[str, Any]) -> None:
        """Write the one JSON document of this command."""
        self._write(msgspec.json.encode({"schema": SCHEMA, **document}).decode() + "\n")
        self.flush()

    def flush(self) -> None:
        """Hand on at once what was said. Raises OutputError."""
        try:
            sys.stdout.flush()
        except OSError as error:
            raise OutputError(error) from error

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except OSError as error:
            raise OutputError(error) from error

    def emit_line(self, document: dict[str, Any]) -> None:
        """Write one line of a stream of JSON documents."""
        self._streams = True
        self.emit(document)

    def interrupted(self) -> None:
        """Say nothing to the person who pressed Ctrl-C; a program gets its document, unless it had a stream of them."""
        if self.json and not self._streams:
            self.emit({"error": {"code": "interrupted", "message": "interrupted", "hint": ""}})

    def fail(self, error: RoutewatchError) -> None:
        """Say what went wrong: on standard error for a person, and as the one document for a program."""
        if self.json:
            words = {"code": error.code, "message": _encodable(error.message), "hint": _encodable(error.hint)}
            self.emit({"error": words})
        lines = [f"routewatch: {error.message}", *([f"  {error.hint}"] if error.hint else [])]
        # what was said to us comes back in messages, and must not steer the terminal
        _remark("".join(f"{printable(line)}\n" for line in "\n".join(lines).split("\n")))


def _remark(text: str) -> None:
    with suppress(OSError):  # nobody reads it: no reason to stop
        sys.stderr.write(text)


def _encodable(text: str) -> str:
    """Return the text with what was no UTF-8 in the arguments replaced: JSON has no room for it."""
    return text.encode(errors="replace").decode()
