"""``keep``: "this destination is mine": never reported and never touched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context

BOTH_DEFAULTS = ("0.0.0.0/0", "::/0")
ONLY_THIS = " (only this very prefix, not what is inside it)"


def add(parser: argparse.ArgumentParser) -> None:
    """Take the destination and --forget."""
    parser.add_argument("destination", metavar="DEST", help='an address, a prefix, or "default"')
    parser.add_argument("--forget", action="store_true", help="keep it no longer")


def destinations(text: str) -> tuple[str, ...]:
    """Read a destination as a person names it; "default" is both defaults. Raises UsageError."""
    from routewatch.config.values import HostBitsError, destination

    if text == "default":
        return BOTH_DEFAULTS
    if "%" in text:
        raise UsageError(f"{text} names a zone", "name the destination alone: it is kept on every link")
    try:
        return (destination(text),)
    except HostBitsError as error:
        raise UsageError(error.sentence, error.question) from error
    except ValueError as error:
        raise UsageError(str(error), 'name an address, a prefix, or "default"') from error


def _is_single(name: str) -> bool:
    return name.endswith("/128" if ":" in name else "/32")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Keep it, or keep it no longer; said twice it is the same. Raises UsageError, StateError."""
    names = destinations(arguments.destination)
    with context.store() as store:
        wall = context.host.now().wall
        changed = [store.keeps.forget(n) if arguments.forget else store.keeps.add(n, wall) for n in names]
        kept = [row.destination for row in store.keeps.list()]
    if context.json:
        context.emit({"changed": any(changed), "kept": kept})
    elif arguments.forget:
        context.say(f"{', '.join(names)}: kept no longer" if any(changed) else f"{', '.join(names)} was not kept")
    else:
        said = f"{', '.join(names)}: yours from now on" if any(changed) else f"{', '.join(names)} was kept already"
        context.say(said + ("" if names == BOTH_DEFAULTS or _is_single(names[0]) else ONLY_THIS))
    return 0
