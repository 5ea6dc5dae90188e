"""What every command is given: the settings, the state directory, the host, and (by speech.py) where to say things.

Everything is opened when it is first asked for.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from routewatch.commands.speech import Options, Speech
from routewatch.core.refusals import Protection
from routewatch.core.signatures import COMM_LENGTH, SIGNATURES, Signature, client_processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.config import Loaded, Settings
    from routewatch.host.port import Host
    from routewatch.store.database import Store


class Context(Speech):
    """The surroundings of one command."""

    def __init__(self, options: Options, host: Host | None = None) -> None:
        """Take the options; a host comes in here for tests and replay, else the machine's own is opened."""
        super().__init__(options)
        self._host = host
        self._opened: Store | None = None
        self._noted: set[str] = set()

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
            self._host = open_host(
                self.settings.platform,
                lambda name: name[:COMM_LENGTH] in self.client_processes,
                asdict(self.settings.macos),
            )
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

    @property
    def may_begin_anew(self) -> bool:
        """Tell whether the command may be begun anew: its store turned out damaged before anything was acted on."""
        return self._opened is not None and self._opened.may_begin_anew

    def store(self, *, readonly: bool = False, tell: Callable[[str], None] | None = None) -> Store:
        """Open the store; who only looks opens the service's, where there is one that he may read.

        Who uses his own beside the service's is told so. What is to be said goes to ``tell``; without it, it is a note.
        Raises StateError, PermissionRefusedError.
        """
        from routewatch.store.database import NAME, open_store

        if readonly and (service := self.other_state_dir) is not None and os.access(service / NAME, os.R_OK):
            self.options = replace(self.options, state_dir=str(service))
        store = self._opened = open_store(self.state_dir, now=self.host.now().wall, readonly=readonly)
        for warning in store.warnings:
            self._tell_once(f"warning: {warning}", tell)
        if (service := self.other_state_dir) is not None:
            told = f"note: root's routewatch keeps its state in {service}: this is your own (sudo, or --state-dir)"
            self._tell_once(told, tell)
        return store

    @property
    def other_state_dir(self) -> Path | None:
        """Where root's service keeps its state, while a person's own is in use that nobody named."""
        from routewatch.store.database import NAME

        service = None if self.options.state_dir else self.loaded.service
        # os.path asks no questions about a folder that is closed to us; what it holds is told by nobody
        if service is None or service == self.state_dir or not os.path.isdir(service):  # noqa: PTH112 - Path.is_dir() raises there
            return None
        is_closed = not os.access(service, os.X_OK)
        return service if is_closed or os.path.lexists(service / NAME) else None

    def _tell_once(self, text: str, tell: Callable[[str], None] | None) -> None:
        """Tell what a command that opens the store again and again must not repeat."""
        if text not in self._noted:
            self._noted.add(text)
            (tell or self.note)(text)


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
