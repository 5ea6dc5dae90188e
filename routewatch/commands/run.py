"""``run``: the daemon in the foreground, and ``run --once``: one observation with all its consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.recovery import recovered
from routewatch.commands.settle import Rest, complete, look_settled
from routewatch.commands.unconfirmed import take_back_forsaken
from routewatch.errors import StateError
from routewatch.render.findings import finding_object, findings_text
from routewatch.store.locks import held_by, try_lock

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context


def add(parser: argparse.ArgumentParser) -> None:
    """Take --once."""
    parser.add_argument("--once", action="store_true", help="look once, store what follows from it, and end")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Watch until told to stop, or look once. Raises ObservationError, StateError, ConfigurationError."""
    _ = context.settings  # a configuration that can't be used is refused before anything is made
    lock = try_lock(context.state_dir, "observe.lock")
    if lock is None:
        other = held_by(context.state_dir, "observe.lock")
        raise StateError(f"another routewatch observes here already{other}", "routewatch status shows how it is")
    with lock:
        if arguments.once:
            return _once(context)
        from routewatch.commands.daemon import Daemon

        return Daemon(context, lock).run()


def _once(context: Context) -> int:
    settings = context.settings
    with context.store() as store:
        observer = Observer(context, store, writes=True)
        rest = Rest(quiet=settings.settle_quiet, limit=settings.settle_limit)
        sight = look_settled(context.host, rest, observer.also)
        now = complete(sight.snapshot)
        followed = observer.take(sight)
        for line in recovered(context, store, observer.scene(now)):
            context.note(line)
        take_back_forsaken(context, store, observer, context.note)
        found = open_findings(findings(observer.scene(now)))
        if sight.settled and not found:
            observer.keep_baseline(now, "periodic")
    if context.json:
        context.emit(
            {
                "settled": sight.settled,
                "events": len(followed.events),
                "findings": [finding_object(finding) for finding in found],
            }
        )
    else:
        context.say("\n".join(findings_text(found, verbose=context.verbose)) or "nothing is left over")
    return 1 if found else 0
