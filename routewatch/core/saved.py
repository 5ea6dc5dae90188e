"""The scene that three saved tables make: from before the VPN, from while it was up, and the one to be judged.

What nobody saved isn't known: who made a row, who holds a tunnel, which processes run. So nothing is ever certain here,
and each finding says what it could not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.addresses import is_default, is_half_default
from routewatch.core.inferred import lasting_links, with_links, with_neighbours
from routewatch.core.left_out import left_out, without
from routewatch.core.memory import Baseline, Memory
from routewatch.core.missing import find_missing
from routewatch.core.network import network
from routewatch.core.saved_sessions import Told, at, by_key
from routewatch.core.scene import Scene
from routewatch.core.signatures import SIGNATURES, Signature
from routewatch.core.snapshot import Snapshot
from routewatch.core.tunnels import tunnels
from routewatch.core.verdict import Finding, find_leftovers

if TYPE_CHECKING:
    from collections.abc import Sequence


NAMES = {"inet": "what became of IPv4", "inet6": "what became of IPv6"}


class Saved(Struct, frozen=True, kw_only=True):
    """What somebody saved: the table to be judged, and, where there are any, those from before and under the VPN."""

    after: Snapshot
    before: Snapshot | None = None
    during: Snapshot | None = None


def judged(saved: Saved, signatures: tuple[Signature, ...] = SIGNATURES) -> tuple[Finding, ...]:
    """Judge saved tables: what is left in the last one, and what it misses. Nothing is certain."""
    scene = scene_of(saved, signatures)
    unknown = _unknown(saved)
    return tuple(_modest(finding, unknown) for finding in (*find_leftovers(scene), *find_missing(scene)))


def _modest(finding: Finding, unknown: str) -> Finding:
    confidence = "likely" if finding.confidence == "certain" else finding.confidence
    return replace(finding, confidence=confidence, because=f"{finding.because} ({unknown})")


def _unknown(saved: Saved) -> str:
    """Return what the tables can't tell, as part of a sentence."""
    lacking = [] if saved.before else ["what was there before the VPN"]
    lacking += [] if saved.during else ["what the VPN brought"]
    lacking += [NAMES[family] for family in sorted(left_out(saved.after, _beside(saved)))]
    return f"not saved: {', '.join([*lacking, 'who made it', 'whether its client still runs'])}"


def scene_of(saved: Saved, signatures: tuple[Signature, ...] = SIGNATURES) -> Scene:
    """Set the scene in which the last table is judged."""
    hidden = left_out(saved.after, _beside(saved))
    earlier = [None if table is None else without(table, hidden) for table in (saved.before, saved.during)]
    others = [table for table in (*earlier, saved.after) if table is not None]
    before, during = (
        None if table is None else replace(with_neighbours(with_links(table, others)), taken=at(hour))
        for hour, table in enumerate(earlier)
    )
    # VPN clients evict the networks of virtual machines; without one, a network that is gone was removed.
    lasting = lasting_links(before) if before and during else ()
    after = replace(with_neighbours(with_links(saved.after, others, lasting)), taken=at(3))
    baseline = None if before is None else _baseline(before, others)
    told = None if during is None else Told(baseline, during, after, signatures)
    baselines = {} if baseline is None else {baseline.id: baseline}
    memory = Memory(latest=baseline, baselines=baselines, sessions=told.sessions if told else ())
    return Scene(_without(after, told.dead) if told else after, memory, signatures)


def _beside(saved: Saved) -> list[Snapshot]:
    return [table for table in (saved.before, saved.during) if table is not None]


def _baseline(before: Snapshot, others: Sequence[Snapshot]) -> Baseline:
    rows = tuple(by_key(before).values())
    names = {link.name for link in tunnels(before)}
    return Baseline(
        id=1,
        snapshot=before,
        network=network(before, rows),
        proven=True,
        tainted=any(row.interface in names for row in rows if is_default(row) or is_half_default(row)),
        reason="saved",
        silent=left_out(before, others),
    )


def _without(after: Snapshot, dead: frozenset[str]) -> Snapshot:
    """Return the last table with the tunnels down that are over."""
    links = (replace(link, up=False, carrier=False) if link.name in dead else link for link in after.links)
    return replace(after, links=tuple(links))
