"""``baseline``: capture one by hand, show the latest, forget one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.observer import Observer, findings
from routewatch.commands.recall import baseline_of
from routewatch.commands.settle import Rest, complete, look_settled
from routewatch.core.model import LOCAL_TABLE
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import Verdict
from routewatch.errors import ObservationError, UsageError
from routewatch.render.findings import row_text
from routewatch.render.objects import route_object, rule_object
from routewatch.render.times import clock, iso
from routewatch.store.locks import try_lock

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.memory import Baseline
    from routewatch.core.model import PolicyRule, Route
    from routewatch.core.scene import Scene

ADOPTED = (
    "1 row in it is what a VPN left behind: it counts as yours from now on",
    "rows in it are what a VPN left behind: they count as yours from now on",
)
NOT_ADOPTED = (
    "1 row in it is what a VPN left behind, and stays a leftover: this baseline does not vouch for it",
    "rows in it are what a VPN left behind, and stay leftovers: this baseline does not vouch for them",
)


ACTIONS = {
    "capture": "take the table as it is now as the baseline: what is in it counts as yours",
    "show": "print a baseline (ID, or the latest)",
    "forget": "delete a baseline (ID, or the latest): nothing is compared with it any more",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do, and which baseline."""
    actions = parser.add_subparsers(dest="action", metavar="capture|show|forget", required=True)
    for name, does in ACTIONS.items():
        action = actions.add_parser(name, help=does, description=does)
        if name != "capture":
            action.add_argument("id", nargs="?", type=int, metavar="ID", help="which one (default: the latest)")


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
            before = _leftovers(observer.scene(now))
            baseline = observer.capture(now)
            after = _leftovers(observer.scene(now)) if before else {}
        finally:
            if lock is not None:
                lock.release()
    held = [link.name for link in tunnels(now, context.signatures) if is_held(link)]
    if held:
        context.note(f"warning: {', '.join(held)} is up, so nothing will be restored from this baseline")
    _admit(context, [text for row, text in before.items() if row not in after], ADOPTED)
    _admit(context, list(after.values()), NOT_ADOPTED)
    return _print(context, baseline)


def _leftovers(scene: Scene) -> dict[Route | PolicyRule, str]:
    """Return the rows that a VPN left behind, each with the words for it."""
    return {f.row: row_text(f.row) for f in findings(scene) if f.verdict is Verdict.ORPHANED}


def _admit(context: Context, rows: list[str], words: tuple[str, str]) -> None:
    """Say of these rows what a person should know when he captures them: in words for one and for several."""
    if rows:
        said = words[0] if len(rows) == 1 else f"{len(rows)} {words[1]}"
        context.note("\n  ".join([f"{said}:", *rows]))


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
    context.say("\n".join(f"  {line}" for line in (*map(row_text, routes), *map(row_text, now.rules))))
    return 0
