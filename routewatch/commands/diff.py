"""``diff``: the baseline against now, each difference judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.filters import Filter, add_filters, filter_of
from routewatch.commands.observer import Observer, findings
from routewatch.commands.saved_diff import saved_scene
from routewatch.commands.settle import look_now
from routewatch.core.letters import is_cloned
from routewatch.core.model import LOCAL_TABLE, PolicyRule, Route
from routewatch.core.verdict import Finding, Verdict, case_of, judge
from routewatch.errors import UsageError
from routewatch.render.findings import finding_object, findings_text, row_text
from routewatch.render.objects import route_object
from routewatch.render.times import clock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from routewatch.commands.context import Context
    from routewatch.core.diff import Changed
    from routewatch.core.scene import Scene


def add(parser: argparse.ArgumentParser) -> None:
    """Take the filters, and saved tables."""
    add_filters(parser)
    parser.add_argument(
        "before", nargs="?", metavar="BEFORE", help='a saved table from before the VPN; "none" for none'
    )
    parser.add_argument("after", nargs="?", metavar="AFTER", help="a saved table to be judged (default: the one now)")
    parser.add_argument("--during", metavar="FILE", help="a saved table from while the VPN was up")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print what differs; return 0 where nothing does. Raises ObservationError, StateError, UsageError."""
    wanted = filter_of(arguments)
    is_saved = arguments.before is not None
    if arguments.during is not None and not is_saved:
        raise UsageError("--during needs a table from before", 'name one, or "none"')
    if is_saved:
        scene, found = saved_scene((arguments.before, arguments.after, arguments.during), context)
    else:
        scene = _scene_now(context)
        found = findings(scene)
    added, removed, changed = _differences(scene, found)
    now, told = scene.now, (f.row for f in (*added, *removed))
    wanted.require_interface(now.links, now.routes.values(), now.rules, told, (pair.before for pair in changed))
    if not is_saved and (not context.json or scene.memory.latest is None):
        context.note(_compared(scene))
    added, removed = _wanted(added, wanted), _wanted(removed, wanted)
    changed = [pair for pair in changed if wanted.wants(pair.after)]
    if context.json:
        latest = scene.memory.latest
        context.emit(
            {
                **({} if is_saved else {"baseline": latest.id if latest else None}),
                "added": [finding_object(finding) for finding in added],
                "removed": [finding_object(finding) for finding in removed],
                "changed": [
                    {"before": route_object(pair.before), "after": route_object(pair.after)} for pair in changed
                ],
            }
        )
    else:
        _print(context, (added, removed, changed), has_baseline=scene.memory.latest is not None)
    return 1 if added or removed or changed else 0


def _scene_now(context: Context) -> Scene:
    with context.store(readonly=True) as store:
        observer = Observer(context, store, writes=False)
        sight = look_now(context.host, observer.also)
        observer.take(sight)
        return observer.scene(sight.snapshot)


def _compared(scene: Scene) -> str:
    """Say what the table is compared with."""
    latest = scene.memory.latest
    if latest is None:
        return "there is no baseline: judged by what the table itself shows (routewatch baseline capture)"
    return f"compared with baseline {latest.id} of {clock(latest.snapshot.taken.wall)} ({latest.reason})"


def _wanted(found: Iterable[Finding], wanted: Filter) -> list[Finding]:
    return [finding for finding in found if wanted.wants(finding.row)]


def _differences(scene: Scene, judged: Iterable[Finding]) -> tuple[list[Finding], list[Finding], list[Changed]]:
    """Return the judged differences: orphans stand in ``added`` and missing rows in ``removed`` in any case."""
    found = {finding.row: finding for finding in judged}
    latest = scene.memory.latest
    rows: list[Route | PolicyRule] = []
    gone: list[Route | PolicyRule] = []
    changed: list[Changed] = []
    if latest is not None:
        routes, rules = scene.changes(latest), scene.rule_changes(latest)
        rows = [*(r for r in routes.added if r.table != LOCAL_TABLE), *rules.added]
        gone = [*(r for r in routes.removed if r.table != LOCAL_TABLE), *rules.removed]
        changed = [pair for pair in routes.changed if pair.after not in found or not _is_open(found[pair.after])]
    lost = [f for f in found.values() if f.verdict is Verdict.MISSING]
    left = [f for f in found.values() if f.verdict in {Verdict.ORPHANED, Verdict.UNCERTAIN} and _is_there(f, scene)]
    added = {row: found.get(row) or judge(case_of(row, scene)) for row in rows} | {f.row: f for f in left}
    removed = {row: found.get(row) or _gone(row, scene) for row in gone} | {f.row: f for f in lost}
    return _lasting(added.values(), scene), _lasting(removed.values(), scene), changed


def _lasting(told: Iterable[Finding], scene: Scene) -> list[Finding]:
    """Leave out what comes and goes with the traffic on a Mac, as nobody would find anything else."""
    is_mac = scene.now.platform == "macos"
    return [
        f for f in told if not (is_mac and f.route is not None and f.verdict is Verdict.EXPECTED and is_cloned(f.route))
    ]


def _is_open(finding: Finding) -> bool:
    return finding.verdict is Verdict.ORPHANED


def _is_there(finding: Finding, scene: Scene) -> bool:
    return scene.has(finding.route) if finding.route is not None else finding.policy_rule in scene.now.rules


def _gone(row: Route | PolicyRule, scene: Scene) -> Finding:
    """Say of a row that nobody misses why it is gone, as far as the links tell it."""
    link = scene.links.get(row.interface or "") if isinstance(row, Route) else None
    stands = isinstance(row, PolicyRule) or row.interface is None or (link is not None and link.up)
    told = (
        ("taken-by-others", "no VPN is known to have taken it away")
        if stands
        else ("gone-with-its-link", "its link is gone or down, and the kernel took it along")
    )
    return Finding(
        verdict=Verdict.EXPECTED,
        rule=told[0],
        because=told[1],
        route=row if isinstance(row, Route) else None,
        policy_rule=row if isinstance(row, PolicyRule) else None,
    )


def _print(
    context: Context, differences: tuple[list[Finding], list[Finding], list[Changed]], *, has_baseline: bool
) -> None:
    added, removed, changed = differences
    blocks = (("came", added), ("went", removed))
    for title, entries in blocks:
        if entries:
            context.say(f"{title}:")
            for told in findings_text(entries, verbose=context.verbose):
                context.say("  " + told.replace("\n", "\n  "))
    if changed:
        context.say("changed:")
        for pair in changed:
            context.say(f"  ~ {row_text(pair.after)}\n      was {row_text(pair.before)}")
    if not (added or removed or changed):
        context.say("the table is as it was in the baseline" if has_baseline else "nothing is left over or missing")
