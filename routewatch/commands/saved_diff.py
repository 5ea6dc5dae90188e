"""Saved tables as what ``diff`` compares: files read, put together, and judged; no store and no daemon is asked.

A colleague's three pastes are enough, on any machine. What is in a file, host/text knows; what it means, core/saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.commands.saved import read_saved
from routewatch.commands.settle import look_now
from routewatch.core.model import Moment, Place
from routewatch.core.saved import Saved, judged, scene_of
from routewatch.core.snapshot import Snapshot
from routewatch.core.system_links import told_apart
from routewatch.errors import UsageError
from routewatch.host.packed import packed
from routewatch.render.routes import printable

if TYPE_CHECKING:
    from routewatch.commands.context import Context
    from routewatch.core.scene import Scene
    from routewatch.core.verdict import Finding

NOTHING = "none"  # as BEFORE: nobody saved a table from before
# No Mac and no BSD is without the loopback's rows: netstat could not read the kernel's table, and from macOS 26.3 on it
# ends with 0 all the same (routepr() in its route.c). Nothing vanished, and nothing is new beside such a table.
EMPTY = "the table is empty: netstat failed when it was saved"
NOWHEN = Moment(wall=0.0, boot=0.0, monotonic=0.0)
NOWHERE = Place(boot="saved", namespace="saved")
LONGEST = 200  # characters that are shown of a line that is not understood


def saved_scene(names: tuple[str, str | None, str | None], context: Context) -> tuple[Scene, tuple[Finding, ...]]:
    """Read the tables from before, after and during, and judge the one from after; without it the table now.

    Raises UsageError for a file that holds no table or an empty one, or where they are of two systems;
    ObservationError.
    """
    before, after, during = names
    saved = Saved(
        before=None if before == NOTHING else _snapshot(before, context),
        after=look_now(context.host).snapshot if after is None else _snapshot(after, context),
        during=None if during is None else _snapshot(during, context),
    )
    platforms = {table.platform for table in (saved.before, saved.during, saved.after) if table is not None}
    if len(platforms) > 1:
        raise UsageError("the tables are of two systems", "compare tables that were saved on one machine")
    return scene_of(saved, context.signatures), judged(saved, context.signatures)


def _snapshot(name: str, context: Context) -> Snapshot:
    saved = read_saved(name)
    if saved.platform == "macos" and not saved.routes:
        raise UsageError(f"{name}: {EMPTY}", 'save it again; "none" as BEFORE says that there is none from before')
    for problem in saved.problems:
        context.note(f"warning: {name}: {problem}")
    for line in saved.unparsed:
        context.note(printable(f"{name}: not understood: {line[:LONGEST]}"))
    return Snapshot(
        platform=saved.platform or "linux",  # read_saved refuses what is of none
        place=NOWHERE,
        taken=NOWHEN,
        routes=packed(saved.routes),
        rules=saved.rules,
        links=told_apart(saved.links, saved.routes) if saved.platform == "macos" else saved.links,
        processes_seen=False,
        complete=saved.complete,
        unparsed=saved.unparsed,
    )
