"""Chooses and makes baselines: the last settled snapshot from before a session's first sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import is_default
from routewatch.core.case import Case
from routewatch.core.diff import diff
from routewatch.core.memory import Baseline, Doubted, Memory, Reason
from routewatch.core.model import PolicyRule, Route
from routewatch.core.network import network
from routewatch.core.scene import Scene
from routewatch.core.signatures import SIGNATURES, Signature
from routewatch.core.tunnels import is_held
from routewatch.core.verdict import Verdict, judge
from routewatch.core.volatile import is_passing

if TYPE_CHECKING:
    from routewatch.core.model import Change, Link
    from routewatch.core.snapshot import Snapshot

# The first baseline of an installation may hold leftovers from before it. What has stood unjudged beside a first
# baseline for this long (seconds) is taken for granted.
PROVEN_AFTER = 300.0


class Series(Struct, frozen=True, kw_only=True):
    """The baselines so far: the latest, when the first one was taken (boot clock), the next number."""

    latest: Baseline | None = None
    first: float | None = None
    next_id: int = 1


def next_baseline(
    snapshot: Snapshot, series: Series, reason: Reason, signatures: tuple[Signature, ...] = SIGNATURES
) -> Baseline:
    """Make the next baseline of a series; one taken by hand is proven by the hand."""
    scene = Scene(snapshot, Memory(latest=series.latest), signatures)
    defaults = tuple(route for route in scene.rows.routes if is_default(route))
    old_enough = series.first is not None and snapshot.taken.boot - series.first >= PROVEN_AFTER
    return Baseline(
        id=series.next_id,
        snapshot=snapshot,
        network=network(snapshot, defaults),
        proven=reason == "by hand" or old_enough,
        tainted=bool(scene.held) or any(r.interface in scene.tunnels for r in defaults),
        reason=reason,
        doubted=_doubted(scene, series.latest),
    )


def _doubted(scene: Scene, before: Baseline | None) -> Doubted:
    """Find what is wrong in a table by itself, and was not there before already.

    Most routes of a large table lead on, and are passed over quickly.
    """
    tables = {number for signature in scene.signatures for number in signature.tables}
    suspects = (r for r in scene.rows.routes if r.table in tables or not scene.is_usable(r))
    rows: tuple[Route | PolicyRule, ...] = (*suspects, *scene.now.rules)
    wrong = [row for row in rows if judge(Case(row=row, scene=scene, baseline=before)).verdict is Verdict.ORPHANED]
    return Doubted(
        routes=tuple(row for row in wrong if isinstance(row, Route)),
        rules=tuple(row for row in wrong if isinstance(row, PolicyRule)),
    )


def extended(series: Series, baseline: Baseline) -> Series:
    """Return the series with one more baseline."""
    first = baseline.snapshot.taken.boot if series.first is None else series.first
    return Series(latest=baseline, first=first, next_id=baseline.id + 1)


def same_table(one: Snapshot, other: Snapshot) -> bool:
    """Tell whether two snapshots hold the same routes and rules, at the same place.

    Whatever lifetimes are left, and whatever comes and goes with the traffic.
    """
    if one.place != other.place or one.rules != other.rules:
        return False
    if one.routes.same_rows(other.routes):
        return True
    changes = diff(one.routes, other.routes)
    differing = (*changes.added, *changes.removed, *(pair.after for pair in changes.changed))
    return all(map(is_passing, differing))


def is_as_good(one: Baseline, other: Baseline) -> bool:
    """Tell whether a baseline of the same table says no less than another: a person's word for it is not lost."""
    proven = one.proven or not other.proven
    return proven and one.tainted == other.tainted and one.network == other.network


def before_first_sign(history: tuple[Snapshot, ...], link: Link, first: Change | None) -> Snapshot | None:
    """Return the newest settled snapshot without any sign of the session.

    ``first`` is the client's first change, where one was seen: vpnc-script adds a route before the link is up.
    """
    early = [s for s in reversed(history) if first is None or s.taken.boot < first.at.boot]
    untouched = next((s for s in early if _is_untouched(s, link)), None)
    # A link that somebody made long before it carries anything: its making is no sign of the session.
    return untouched or next((s for s in early if not _holds(s, link)), None)


def _is_untouched(snapshot: Snapshot, link: Link) -> bool:
    there = next((x for x in snapshot.links if x.identity == link.identity), None)
    return there is None or (there.persistent and not is_held(there))


def _holds(snapshot: Snapshot, link: Link) -> bool:
    return any(x.identity == link.identity and is_held(x) for x in snapshot.links)
