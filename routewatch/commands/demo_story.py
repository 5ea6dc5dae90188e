"""The demo's story, told inside a private network namespace: baseline, session, leftovers, plan, cleanup, verified.

Run by demo.py as a program of its own. The daemon, the commands and the kernel are the real ones; only the uplink
leads nowhere and the VPN client is a stand-in (demo_client.py). State and configuration live in a temporary folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from routewatch.commands.demo_stage import Stage, why_no_tun
from routewatch.commands.demo_telling import Telling
from routewatch.commands.speech import OutputError
from routewatch.errors import RoutewatchError, StateError
from routewatch.host.processes import sees_all_processes

ELSEWHERE = "198.51.100.7"  # a host of the Internet, as documentation has them (RFC 5737)
INTERRUPTED = 130
OPENING = (
    "This is a network namespace of the demo's own: nothing of the machine is touched, and it all ends with the demo.\n"
    "(routewatch waits shorter than usual here, and its --config and --state-dir are left out of what you see.)"
)
BY_THEMSELVES = (
    "Other processes of the machine can't be seen from in here: of a tunnel without a client routewatch says\n"
    "`unknown`, where as root on the machine itself it would know that it is dead."
)


def main() -> int:
    """Tell the story; return 0 when it ended as it should, else 1."""
    try:
        return _story(Telling(json="--json" in sys.argv[1:]))
    except OutputError as error:
        # Nothing more can be said, not even by the interpreter's own flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error.reason, BrokenPipeError):  # the reader has heard enough
            return 0
        sys.stderr.write(f"routewatch: the output can't be written: {error}\n")
        return StateError.exit_status


def _story(telling: Telling) -> int:
    try:
        return _run(telling)
    except RoutewatchError as error:
        telling.fail(error)
        return error.exit_status
    except KeyboardInterrupt:
        interrupted = RoutewatchError("interrupted", "the namespace and all that was in it are gone")
        interrupted.code = "interrupted"
        telling.fail(interrupted)
        return INTERRUPTED


def _run(telling: Telling) -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="routewatch-demo-")))
        refused = why_no_tun()
        stage = stack.enter_context(Stage(folder, telling, with_tun=not refused))
        telling.say(OPENING)
        if not sees_all_processes():
            telling.say(BY_THEMSELVES)
        if refused:
            telling.say(
                f"/dev/net/tun is refused here ({refused}), so the tunnel is a veth whose far end goes with the VPN "
                "client.\nIts routes go with it too: what is left is the route to the server and the rules. As root, "
                "or where\n/dev/net/tun is open to all, as most distributions have it, the whole story is told."
            )
        ok = tell(stage, telling)
    telling.end(ok=ok, without_tun=refused)
    return 0 if ok else 1


def tell(stage: Stage, telling: Telling) -> bool:
    """Tell the six chapters; return whether the table in the end is the one from before the VPN."""
    telling.chapter("A machine with one uplink, and routewatch running")
    before = stage.table()
    telling.show("ip route")
    telling.show("ip -6 route")
    stage.start_daemon()

    telling.chapter("A VPN connects: half-defaults, a route to its server, a policy rule")
    client = stage.start_client()
    telling.show("ip route")
    stage.routewatch("status")

    telling.chapter("Its client is killed, and has no time to clean up")
    stage.kill(client)
    telling.show("ip route")
    telling.show(f"ip route get {ELSEWHERE}")
    stage.routewatch("status")

    telling.chapter("What would a cleanup do, and why?")
    planned = stage.routewatch("cleanup --dry-run")

    telling.chapter("The cleanup")
    cleaned = stage.routewatch("cleanup --yes")

    telling.chapter("Are these the routes from before?")
    telling.show("ip route")
    telling.show("ip -6 route")
    telling.show(f"ip route get {ELSEWHERE}")
    after = stage.table()
    return _judge(telling, before, after, (planned, cleaned) == (1, 0))


def _judge(telling: Telling, before: frozenset[str], after: frozenset[str], *statuses: bool) -> bool:
    for line in sorted(before - after):
        telling.say(f"MISSING  {line}")
    for line in sorted(after - before):
        telling.say(f"LEFT     {line}")
    ok = before == after and all(statuses)
    telling.say(
        "Yes: every table, both families, and the policy rules are what they were before the VPN."
        if ok
        else "No: the story did not end as it should."
    )
    return ok


if __name__ == "__main__":
    os.umask(0o077)
    raise SystemExit(main())
