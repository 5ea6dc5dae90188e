"""The settings: what can be said, and what holds when nothing is said. They know neither files nor TOML.

Durations are seconds, sizes bytes. How a value is spelt and checked is in ``values`` and ``schema``.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Protect(Struct, frozen=True, kw_only=True):
    """What is never touched."""

    destinations: tuple[str, ...] = ()  # CIDR with zero host bits
    interfaces: tuple[str, ...] = ()  # globs
    tables: tuple[int, ...] = ()
    protocols: tuple[str, ...] = ()  # as in Route.protocol: a word, or a number as text


class Vpn(Struct, frozen=True, kw_only=True):
    """A client we don't know, recognised by its interface or its process."""

    name: str = ""
    interface: str | None = None  # glob
    process: str | None = None


class Hooks(Struct, frozen=True, kw_only=True):
    """Commands to run, as argument lists; empty for none."""

    session_opened: tuple[str, ...] = ()
    session_closed: tuple[str, ...] = ()
    orphans_found: tuple[str, ...] = ()
    cleaned: tuple[str, ...] = ()
    timeout: float = 30.0

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Return the commands that are set, by what they wait for."""
        named = {
            "session_opened": self.session_opened,
            "session_closed": self.session_closed,
            "orphans_found": self.orphans_found,
            "cleaned": self.cleaned,
        }
        return {name: command for name, command in named.items() if command}


class Retention(Struct, frozen=True, kw_only=True):
    """How long, and how much, is remembered."""

    age: float = 90 * 86400.0
    size: int = 200_000_000


class MacOS(Struct, frozen=True, kw_only=True):
    """Where the system's own programs are."""

    netstat: str = "/usr/sbin/netstat"
    route: str = "/sbin/route"
    ifconfig: str = "/sbin/ifconfig"
    scutil: str = "/usr/sbin/scutil"
    lsof: str = "/usr/sbin/lsof"
    timeout: float = 5.0


class Settings(Struct, frozen=True, kw_only=True):
    """All that can be set."""

    platform: Literal["auto", "linux", "macos"] = "auto"
    state_dir: str = ""  # load() puts the default of the person here
    poll_interval: float = 30.0
    settle_quiet: float = 0.5
    settle_limit: float = 5.0
    grace: float = 10.0
    automatic: Literal["no", "certain"] = "no"
    max_routes: int = 20
    protect: Protect = Protect()
    vpn: tuple[Vpn, ...] = ()
    hooks: Hooks = Hooks()
    retention: Retention = Retention()
    macos: MacOS = MacOS()
