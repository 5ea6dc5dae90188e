"""``config``: check the configuration, or show the settings in force and where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context


ACTIONS = {
    "check": "say every mistake of the configuration, with its key",
    "show": "print the settings in force, and where each came from, as a configuration that says the same",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do."""
    actions = parser.add_subparsers(dest="action", metavar="check|show", required=True)
    for name, does in ACTIONS.items():
        actions.add_parser(name, help=does, description=does)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Check or show. Raises ConfigurationError with every error of the file."""
    loaded, directory = context.loaded, context.options.state_dir
    if directory:
        loaded = loaded.stored_in(Path(directory))
    path = str(loaded.path) if loaded.path else None
    if loaded.settings.hooks.commands():
        context.note("warning: [hooks] is read and checked, but this version does not run hooks yet")
    if arguments.action == "check":
        if context.json:
            context.emit({"path": path, "valid": True})
        else:
            context.say(f"{path}: no fault found" if path else "there is no configuration: the defaults apply")
        return 0
    if context.json:
        settings = msgspec.to_builtins(loaded.settings)
        context.emit({"path": path, "settings": settings, "sources": loaded.sources})
        return 0
    from routewatch.config.writing import toml

    context.say(toml(loaded))
    return 0
