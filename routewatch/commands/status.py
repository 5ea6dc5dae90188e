"""``status``: tunnels, open sessions, what is left over now, and how the daemon is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.pending import Pending, pending, pending_object, pending_text
from routewatch.commands.settle import look_now
from routewatch.commands.tally import tallied
from routewatch.core.memory import Session
from routewatch.core.remarks import remarks
from routewatch.core.signatures import client_of_link
from routewatch.core.tunnels import doubt, tunnels
from routewatch.core.verdict import Finding, Verdict
from routewatch.render.findings import finding_object, findings_text
from routewatch.render.objects import link_object, process_text
from routewatch.render.remarks import remark_object, remark_text
from routewatch.render.routes import printable
from routewatch.render.sessions import HEADER, Tally, session_line, session_object
from routewatch.render.times import clock, iso, local, span

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.model import Link
    from routewatch.core.scene import Scene
    from routewatch.store.database import Store


class State(Struct, frozen=True, kw_only=True):
    """What is told beside the tunnels and the baseline."""

    shown: tuple[Finding, ...]
    running: tuple[tuple[Session, Tally], ...]
    interrupted: tuple[int, ...]  # cleanups that a crash cut short
    unconfirmed: tuple[Pending, ...]
    daemon: dict[str, Any]


def add(parser: argparse.ArgumentParser) -> None:
    """Take --check."""
    parser.add_argument("--check", action="store_true", help="print nothing; 0 when nothing is left over, else 1")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the state; with --check answer by the exit status alone. Raises ObservationError, StateError."""
    with context.store(readonly=True) as store:
        observer = Observer(context, store, writes=False)
        sight = look_now(context.host, observer.also)
        observer.take(sight)
        scene = observer.scene(sight.snapshot)
        state = _state(context, store, scene)
    if context.json:
        context.emit(_document(scene, state, context))
    elif not arguments.check:
        _print(context, scene, state)
    return 1 if arguments.check and open_findings(state.shown) else 0


def _state(context: Context, store: Store, scene: Scene) -> State:
    running = [session for session in scene.memory.sessions if session.is_open]
    return State(
        shown=tuple(f for f in findings(scene) if f.verdict is not Verdict.EXPECTED),
        running=tallied(store, running),
        interrupted=_interrupted(context, store),
        unconfirmed=tuple(pending(context, store)),
        daemon=_daemon(context, store),
    )


def _interrupted(context: Context, store: Store) -> tuple[int, ...]:
    from routewatch.store.locks import holder

    unfinished = store.journal.unfinished(context.host.place())
    if not unfinished or holder(context.state_dir, "act.lock") is not None:
        return ()  # somebody is acting at this moment
    return tuple(cleanup.id for cleanup in unfinished)


def _daemon(context: Context, store: Store) -> dict[str, Any]:
    """Say how the daemon of this place is doing; the lock says whether it runs, the store what it last said."""
    from routewatch.store.locks import holder

    place = context.host.place()
    pid = holder(context.state_dir, "observe.lock")
    health, last = store.observations.health(place), store.observations.last(place)
    running = health is not None and health.pid == pid  # a command that looks holds the lock too, for a moment
    looks = [wall for wall in (health and health.snapshot, last and last.wall) if wall]
    age = context.host.now().wall - max(looks) if looks else None
    patience = 2 * context.settings.poll_interval + context.settings.settle_limit
    return {
        "running": running,
        "stalled": running and age is not None and age > patience,
        "pid": pid if running else None,
        "started": iso(health.started) if health and running else None,
        "last_snapshot": iso(max(looks, default=None)),
        "last_snapshot_age": None if age is None else round(age, 3),
        "gaps": health.gaps if health else 0,
        "last_error": health.error or None if health else None,
        "state_dir": str(context.state_dir),
        "other_state_dir": None if (other := context.other_state_dir) is None else str(other),
    }


def _document(scene: Scene, state: State, context: Context) -> dict[str, Any]:
    latest = scene.memory.latest
    baseline = latest and {
        "id": latest.id,
        "taken_at": iso(latest.snapshot.taken.wall),
        "proven": latest.proven,
        "tainted": latest.tainted,
    }
    return {
        "tunnels": [
            {
                **link_object(link),
                "client": _client(link, scene),
                "ownership": scene.owner_of_link(link),
            }
            for link in tunnels(scene.now, context.signatures)
        ],
        "sessions": [session_object(session, tally) for session, tally in state.running],
        "findings": [finding_object(finding) for finding in state.shown],
        "remarks": [remark_object(remark) for remark in remarks(scene)],
        "baseline": baseline,
        "interrupted": list(state.interrupted),
        "unconfirmed": [pending_object(each) for each in state.unconfirmed],
        "daemon": state.daemon,
    }


def _print(context: Context, scene: Scene, state: State) -> None:
    lines = [_daemon_line(state.daemon), _baseline_line(scene), *_tunnel_lines(context, scene)]
    lines += [
        f"cleanup {number} was interrupted: the next cleanup or undo looks what was done"
        for number in state.interrupted
    ]
    lines += [pending_text(each) for each in state.unconfirmed]
    if state.running:
        now = scene.now.taken.boot
        lines += ["", HEADER, *(session_line(session, tally, now) for session, tally in state.running)]
    lines += [*_finding_lines(state.shown, verbose=context.verbose), *map(remark_text, remarks(scene))]
    context.say("\n".join(lines))


def _tunnel_lines(context: Context, scene: Scene) -> list[str]:
    lines = []
    for link in tunnels(scene.now, context.signatures):
        client = _client(link, scene) or "unknown client"
        owner = f" ({process_text(link.owner)})" if link.owner else ""
        addresses = " ".join(address.address for address in link.addresses)
        lines.append(printable(f"tunnel {link.name} {addresses}: {client}{owner}, {scene.owner_of_link(link)}"))
        lines += [printable(f"  {told}")] if context.verbose and (told := doubt(link)) else []
    return lines or ["no tunnel"]


def _client(link: Link, scene: Scene) -> str | None:
    """Return the client of a tunnel: by what is seen now, else by what its last session was."""
    of_sessions = (s.client for s in reversed(scene.memory.sessions) if s.tunnel.identity == link.identity)
    return client_of_link(link, scene.signatures) or next(of_sessions, None)


def _finding_lines(shown: tuple[Finding, ...], *, verbose: bool) -> list[str]:
    todo = open_findings(shown)
    rest = [finding for finding in shown if finding not in todo]
    lines = ["nothing is left over"]
    if todo:
        lines = ["", f"left over or missing: {len(todo)}", *findings_text(todo, verbose=verbose)]
    if rest:
        lines += ["", f"uncertain, and left alone unless named: {len(rest)}", *findings_text(rest, verbose=verbose)]
    return [*lines, "", "routewatch cleanup --dry-run shows what would be done about it"] if todo else lines


def _daemon_line(daemon: dict[str, Any]) -> str:
    error = f", last error: {daemon['last_error']}" if daemon["last_error"] else ""
    last = local(daemon["last_snapshot"]) if daemon["last_snapshot"] else None
    if not daemon["running"]:
        told = f"nobody has looked since {last}" if last else "nobody ever looked"
        return f"daemon: not running, {told} (routewatch run)"
    gaps = f", {daemon['gaps']} {'gap' if daemon['gaps'] == 1 else 'gaps'}" if daemon["gaps"] else ""
    if daemon["stalled"]:
        since = span(daemon["last_snapshot_age"])
        return f"daemon: running, pid {daemon['pid']}, but no look of it was stored for {since}{gaps}{error}"
    return f"daemon: running, pid {daemon['pid']}, last look {last or 'never'}{gaps}{error}"


def _baseline_line(scene: Scene) -> str:
    latest = scene.memory.latest
    if latest is None:
        return "baseline: none"
    age = span(scene.now.taken.boot - latest.snapshot.taken.boot)
    marks = [] if latest.proven else ["unproven"]
    marks += ["tainted"] if latest.tainted else []
    about = f" ({', '.join(marks)})" if marks else ""
    return f"baseline: {latest.id}, of {clock(latest.snapshot.taken.wall)}, {age} old{about}"
