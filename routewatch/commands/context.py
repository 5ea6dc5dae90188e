"""What every command is given: the settings, the state directory, the host, and where to say things.

Everything is opened when it is first asked for. Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.refusals import Protection
from routewatch.core.signatures import COMM_LENGTH, SIGNATURES, Signature, client_processes
from routewatch.render.routes import printable

if TYPE_CHECKING:
    from routewatch.config import Loaded, Settings
    from routewatch.errors import RoutewatchError
    from routewatch.host.port import Host
    from routewatch.store.database import Store

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


class Context:
    """The surroundings of one command."""

    def __init__(self, options: Options, host: Host | None = None) -> None:
        """Take the options; a host comes in here for tests and replay, else the machine's own is opened."""
        self.options = options
        self._host = host
        self._streams = False

    @property
    def json(self) -> bool:
        """Tell whether one JSON document is wanted."""
        return self.options.json

    @cached_property
    def loaded(self) -> Loaded:
        """The configuration and where each setting came from. Raises ConfigurationError."""
        from routewatch.config import load

        return load(Path(self.options.config) if self.options.config else None)

    def reload(self) -> bool:
        """Read the configuration again; tell whether it names another state directory, which stays as it is.

        Raises ConfigurationError; then the old one stays in force.
        """
        from routewatch.config import load

        before = self.state_dir
        self.loaded = load(Path(self.options.config) if self.options.config else None)
        self.__dict__.pop("signatures", None)
        self.__dict__.pop("client_processes", None)
        moved = self.state_dir != before
        self.options = replace(self.options, state_dir=str(before))
        return moved

    @property
    def watched_configuration(self) -> Path | None:
        """The configuration file to watch: the one read, or the first place where one may turn up."""
        from routewatch.config import current_person, places

        found = places(current_person())
        return self.loaded.path or next(iter(found), None)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings

    @property
    def state_dir(self) -> Path:
        """Where the state is kept."""
        return Path(self.options.state_dir or self.settings.state_dir)

    @property
    def host(self) -> Host:
        """This machine. Raises ConfigurationError for a platform that can't be read here."""
        if self._host is None:
            from routewatch.host import open_host

            # self.client_processes, and not what they are now: the configuration may be read again
            self._host = open_host(self.settings.platform, lambda name: name[:COMM_LENGTH] in self.client_processes)
        return self._host

    @cached_property
    def signatures(self) -> tuple[Signature, ...]:
        """The known clients, those of the configuration first."""
        return signatures_of(self.settings)

    @cached_property
    def client_processes(self) -> frozenset[str]:
        """The names of their processes, as the kernel cuts them."""
        return client_processes(self.signatures)

    @property
    def protection(self) -> Protection:
        """What the configuration protects."""
        from routewatch.host.linux.rtnetlink.words import PROTOCOL_WORDS

        protect = self.settings.protect
        # a person may write 12 where the kernel's route says "bird"
        protocols = (PROTOCOL_WORDS.get(int(name), name) if name.isdigit() else name for name in protect.protocols)
        return Protection(
            destinations=protect.destinations,
            interfaces=protect.interfaces,
            tables=protect.tables,
            protocols=tuple(protocols),
        )

    def store(self, *, readonly: bool = False) -> Store:
        """Open the store. Raises StateError, PermissionRefusedError."""
        from routewatch.store.database import open_store

        store = open_store(self.state_dir, now=self.host.now().wall, readonly=readonly)
        for warning in store.warnings:
            self.note(f"warning: {warning}")
        return store

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


def signatures_of(settings: Settings) -> tuple[Signature, ...]:
    """Return the known clients, those of the configuration first: a person knows his own best."""
    own = tuple(
        Signature(
            client=vpn.name,
            processes=(vpn.process,) if vpn.process else (),
            interfaces=(vpn.interface,) if vpn.interface else (),
        )
        for vpn in settings.vpn
    )
    return own + SIGNATURES
