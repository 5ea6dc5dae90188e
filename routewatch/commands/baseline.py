"""``baseline``: capture one by hand, show the latest, forget one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.observer import Observer
from routewatch.commands.recall import baseline_of
from routewatch.commands.settle import Rest, complete, look_settled
from routewatch.core.model import LOCAL_TABLE
from routewatch.core.tunnels import is_held, tunnels
from routewatch.errors import ObservationError, UsageError
from routewatch.render.objects import route_object, rule_object
from routewatch.render.routes import rule_text, text
from routewatch.render.times import clock, iso
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.memory import Baseline


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do, and which baseline."""
    parser.add_argument("action", choices=("capture", "show", "forget"))
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="which one (default: the latest)")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what was asked. Raises ObservationError, StateError, UsageError."""
    if arguments.action == "capture":
        return _capture(context)
    if arguments.action == "forget":
        return _forget(context, arguments.id)
    return _show(context, arguments.id)


def _capture(context: Context) -> int:
    """Take a settled table as the baseline. With a tunnel up it is tainted: nothing is ever restored from it."""
    settings = context.settings
    with context.store() as store:
        lock = try_lock(context.state_dir, "observe.lock")  # None: the daemon follows; we only add the baseline
        try:
            observer = Observer(context, store, writes=lock is not None)
            sight = look_settled(context.host, Rest(quiet=settings.settle_quiet, limit=settings.settle_limit))
            now = complete(sight.snapshot)
            if not sight.settled or now.unsure:
                raise ObservationError("the table does not come to rest", "nothing was stored; try again in a moment")
            observer.take(sight)
            baseline = observer.capture(now)
        finally:
            if lock is not None:
                lock.release()
    held = [link.name for link in tunnels(now, context.signatures) if is_held(link)]
    if held:
        context.note(f"warning: {', '.join(held)} is up, so nothing will be restored from this baseline")
    return _print(context, baseline)


def _forget(context: Context, number: int | None) -> int:
    with context.store() as store:
        latest = store.baselines.latest(context.host.place())
        chosen = number if number is not None else latest.id if latest else None
        gone = chosen is not None and store.baselines.forget(chosen)
    if not gone:
        raise UsageError("there is no baseline here" if number is None else f"there is no baseline {number}")
    if context.json:
        context.emit({"forgotten": chosen})
    else:
        context.say(f"baseline {chosen} is forgotten")
    return 0


def _show(context: Context, number: int | None) -> int:
    with context.store(readonly=True) as store:
        row = store.baselines.latest(context.host.place()) if number is None else store.baselines.get(number)
        if row is None:
            raise UsageError(
                "there is no baseline here" if number is None else f"there is no baseline {number}",
                "routewatch baseline capture takes one; the daemon takes one by itself",
            )
        return _print(context, baseline_of(row, context.host))


def _print(context: Context, baseline: Baseline) -> int:
    now = baseline.snapshot
    routes = [route for route in now.routes.values() if route.table != LOCAL_TABLE]
    if context.json:
        context.emit(
            {
                "id": baseline.id,
                "taken_at": iso(now.taken.wall),
                "proven": baseline.proven,
                "tainted": baseline.tainted,
                "reason": baseline.reason,
                "routes": [route_object(route) for route in routes],
                "policy_rules": [rule_object(rule) for rule in now.rules],
            }
        )
        return 0
    marks = [] if baseline.proven else ["unproven"]
    marks += ["tainted"] if baseline.tainted else []
    about = f", {', '.join(marks)}" if marks else ""
    context.say(f"baseline {baseline.id} of {clock(now.taken.wall)} ({baseline.reason}{about})")
    context.say("\n".join([*(f"  {text(route)}" for route in routes), *(f"  rule {rule_text(r)}" for r in now.rules)]))
    return 0
