"""``config``: check the configuration, or show the settings in force and where each came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context

DEFAULT = "default"


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do."""
    parser.add_argument("action", choices=("check", "show"))


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Check or show. Raises ConfigurationError with every error of the file."""
    loaded = context.loaded
    path = str(loaded.path) if loaded.path else None
    settings = msgspec.to_builtins(loaded.settings)
    if loaded.settings.hooks.commands():
        context.note("warning: [hooks] is read and checked, but this version does not run hooks yet")
    if arguments.action == "check":
        if context.json:
            context.emit({"path": path, "valid": True})
        else:
            context.say(f"{path}: no fault found" if path else "there is no configuration: the defaults apply")
        return 0
    if context.json:
        context.emit({"path": path, "settings": settings, "sources": loaded.sources})
        return 0
    for key, value in _flat(settings):
        context.say(f"{key} = {msgspec.json.encode(value).decode()}  # {_source(key, loaded.sources)}")
    return 0


def _flat(settings: dict[str, object], above: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in settings.items():
        key = f"{above}{name}"
        found += _flat(value, f"{key}.") if isinstance(value, dict) else [(key, value)]
    return found


def _source(key: str, sources: dict[str, str]) -> str:
    return sources.get(key, DEFAULT)
