"""``status``: tunnels, open sessions, what is left over now, and how the daemon is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.settle import look_now
from routewatch.core.signatures import client_of_link
from routewatch.core.tunnels import tunnels
from routewatch.core.verdict import Verdict
from routewatch.render.findings import finding_object, finding_text
from routewatch.render.objects import link_object, process_text
from routewatch.render.routes import printable
from routewatch.render.sessions import HEADER, session_line, session_object
from routewatch.render.times import clock, iso, span

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.memory import Session
    from routewatch.core.scene import Scene
    from routewatch.core.verdict import Finding
    from routewatch.store.database import Store


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
        found = findings(scene)
        daemon = _daemon(context, store)
    if arguments.check:
        return 1 if open_findings(found) else 0
    shown = [f for f in found if f.verdict is not Verdict.EXPECTED]
    if context.json:
        context.emit(_document(scene, shown, daemon, context))
    else:
        _print(context, scene, shown, daemon)
    return 0


def _document(scene: Scene, shown: list[Finding], daemon: dict[str, Any], context: Context) -> dict[str, Any]:
    latest = scene.memory.latest
    return {
        "tunnels": [
            {
                **link_object(link),
                "client": client_of_link(link, context.signatures),
                "ownership": scene.owner_of_link(link),
            }
            for link in tunnels(scene.now, context.signatures)
        ],
        "sessions": [session_object(s) for s in scene.memory.sessions if s.is_open],
        "findings": [finding_object(finding) for finding in shown],
        "baseline": None
        if latest is None
        else {
            "id": latest.id,
            "taken_at": iso(latest.snapshot.taken.wall),
            "proven": latest.proven,
            "tainted": latest.tainted,
        },
        "daemon": daemon,
    }


def _daemon(context: Context, store: Store) -> dict[str, Any]:
    """Say how the daemon of this place is doing; the lock says whether it runs, the store what it last said."""
    from routewatch.store.locks import holder

    place = context.host.place()
    pid = holder(context.state_dir, "observe.lock")
    health, last = store.observations.health(place), store.observations.last(place)
    running = health is not None and health.pid == pid  # a command that looks holds the lock too, for a moment
    looks = [wall for wall in (health and health.snapshot, last and last.wall) if wall]
    return {
        "running": running,
        "pid": pid if running else None,
        "started": iso(health.started) if health and running else None,
        "last_snapshot": iso(max(looks, default=None)),
        "gaps": health.gaps if health else 0,
        "last_error": health.error or None if health else None,
        "state_dir": str(context.state_dir),
    }


def _print(context: Context, scene: Scene, shown: list[Finding], daemon: dict[str, Any]) -> None:
    context.say(_daemon_line(daemon) + "\n" + _baseline_line(scene))
    held = tunnels(scene.now, context.signatures)
    for link in held:
        client = client_of_link(link, context.signatures) or "unknown client"
        owner = f" ({process_text(link.owner)})" if link.owner else ""
        addresses = " ".join(a.address for a in link.addresses)
        context.say(printable(f"tunnel {link.name} {addresses}: {client}{owner}, {scene.owner_of_link(link)}"))
    if not held:
        context.say("no tunnel")
    _print_sessions(context, [s for s in scene.memory.sessions if s.is_open], scene.now.taken.boot)
    if not shown:
        context.say("nothing is left over")
        return
    context.say(f"\nleft over: {sum(f.verdict is not Verdict.UNCERTAIN for f in shown)}")
    for finding in shown:
        context.say(finding_text(finding))
    if open_findings(tuple(shown)):
        context.say("\nroutewatch cleanup --dry-run shows what would be done about it")


def _print_sessions(context: Context, running: list[Session], now: float) -> None:
    if running:
        context.say("\n" + HEADER)
        for session in running:
            context.say(session_line(session, now))


def _daemon_line(daemon: dict[str, Any]) -> str:
    if not daemon["running"]:
        last = f"nobody has looked since {daemon['last_snapshot']}" if daemon["last_snapshot"] else "nobody ever looked"
        return f"daemon: not running, {last} (routewatch run)"
    gaps = f", {daemon['gaps']} gaps" if daemon["gaps"] else ""
    error = f", last error: {daemon['last_error']}" if daemon["last_error"] else ""
    return f"daemon: running, pid {daemon['pid']}, last look {daemon['last_snapshot'] or 'never'}{gaps}{error}"


def _baseline_line(scene: Scene) -> str:
    latest = scene.memory.latest
    if latest is None:
        return "baseline: none"
    age = span(scene.now.taken.boot - latest.snapshot.taken.boot)
    marks = [] if latest.proven else ["unproven"]
    marks += ["tainted"] if latest.tainted else []
    about = f" ({', '.join(marks)})" if marks else ""
    return f"baseline: {latest.id}, of {clock(latest.snapshot.taken.wall)}, {age} old{about}"
