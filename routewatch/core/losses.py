"""What is gone: the rows that a session, or the time since the latest baseline, took away, each told once.

A row is lost only where somebody misses it: not what is back, what went with its link or its address, or what the
system makes anew by itself. Whether a lost row should come back is not asked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from routewatch.core.addresses import connected_prefix, covers, is_default, is_host, is_link_local, prefix
from routewatch.core.diff import key, steady
from routewatch.core.letters import is_bound, is_own_address
from routewatch.core.model import PolicyRule, Route
from routewatch.core.owners import is_advertised
from routewatch.core.system_rows import comes_by_itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.memory import Baseline, Session, Trace
    from routewatch.core.model import Link
    from routewatch.core.scene import Scene


class Loss(NamedTuple):
    """A row that was there before and is not now."""

    row: Route | PolicyRule
    baseline: Baseline | None
    session: Session | None = None
    trace: Trace | None = None


def losses(scene: Scene) -> Iterator[Loss]:
    """Yield what is lost: first what sessions took, the latest session's first, then what went without one."""
    return (loss for loss in _gone(scene) if _is_missed(loss, scene))


def _gone(scene: Scene) -> Iterator[Loss]:
    seen: set[Route | PolicyRule] = set()
    for session in reversed(scene.memory.sessions):
        baseline = scene.memory.baseline_of(session)
        # newest first: of several defaults lost one after the other, the last one was the right one
        for trace in reversed(session.vanished):
            row = trace.row
            if row is not None and _mark(row, seen):
                yield Loss(row, baseline, session, trace)
    latest = scene.memory.latest
    if latest is not None:
        gone: tuple[Route | PolicyRule, ...] = (*scene.changes(latest).removed, *scene.rule_changes(latest).removed)
        seen |= {*map(steady, latest.doubted.routes), *latest.doubted.rules}
        seen |= {steady(route) for session in scene.memory.sessions for route in session.others_took}
        yield from (Loss(row, latest) for row in gone if _mark(row, seen))


def _mark(row: Route | PolicyRule, seen: set[Route | PolicyRule]) -> bool:
    name = steady(row) if isinstance(row, Route) else row
    if name in seen:
        return False
    seen.add(name)
    return True


def _is_missed(loss: Loss, scene: Scene) -> bool:
    row = loss.row
    if isinstance(row, PolicyRule):
        return row not in scene.now.rules
    is_back = key(row) in scene.rows.keys
    return not (is_back or _is_nobodys(row, scene) or _went_with_its_link(row, loss, scene))


def _is_nobodys(route: Route, scene: Scene) -> bool:
    """Tell whether nobody misses a row of macOS: the system makes it anew, or only its scope is another now."""
    if scene.now.platform != "macos":
        return False
    if route.scoped or comes_by_itself(route) or is_own_address(route) or (is_bound(route) and is_host(route)):
        return True
    return not is_default(route) and key(replace(route, scoped=True)) in scene.rows.keys


def _went_with_its_link(route: Route, loss: Loss, scene: Scene) -> bool:
    """Tell whether the kernel took the route along with its link or its address, and rightly so."""
    if route.interface is None:
        return False
    link = scene.links.get(route.interface)
    if link is None or not link.up or link.name in scene.tunnels - scene.held:
        return True
    then = None if loss.baseline is None else loss.baseline.snapshot.link(route.interface)
    if then is not None and then.identity != link.identity:
        return True
    if then is not None and is_bound(route) and _has_another_prefix(link, then, route.destination):
        return True
    is_saved = loss.baseline is not None and loss.baseline.reason == "saved"  # no table tells of addresses
    is_of_an_address = (
        route.protocol == "kernel"
        or (is_bound(route) and not is_saved)
        or (route.gateway is None and is_advertised(route, scene.now.platform))
    )
    return is_of_an_address and route.destination not in {connected_prefix(a) for a in link.addresses}


def _has_another_prefix(link: Link, then: Link, lost: str) -> bool:
    """Tell whether a link was given another prefix in the lost one's place, as a network of machines at each start."""
    before, now = ({connected_prefix(address) for address in each.addresses} for each in (then, link))
    came = (text for text in now - before if prefix(text).version == prefix(lost).version)
    return lost not in now and any(not (covers(lost, text) or is_link_local(text)) for text in came)
