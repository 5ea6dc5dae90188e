"""The demo tells its story to the end, on the real kernel, and leaves the machine as it was."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import pytest

from tests.live.namespace import why_not

pytestmark = [pytest.mark.live, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

DEMO = f"{sys.executable} -m routewatch demo --json"


def demo(around: str = "sh -c '{}'") -> tuple[int, dict[str, Any]]:
    """Run the demo inside of what ``around`` says in a shell's words, and return its status and document."""
    argv = ["sh", "-c", around.format(DEMO)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"{done.stdout}\n{done.stderr}") from None
    return done.returncode, document


def machine() -> list[str]:
    commands = ("ip -4 route show table all", "ip -6 route show table all", "ip rule", "ip -6 rule", "ip -o link")
    return [
        line.partition("expires")[0]
        for command in commands
        for line in subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout.splitlines()
    ]


def test_the_demo_puts_everything_back_and_touches_nothing_outside() -> None:
    before = machine()

    status, told = demo()

    assert (status, told["ok"], told["without_tun"]) == (0, True, None), told
    commands = [step["command"] for step in told["steps"] if "command" in step]
    assert [c for c in commands if c.startswith("routewatch")] == [
        "routewatch run &",
        "routewatch status",
        "routewatch status",
        "routewatch cleanup --dry-run",
        "routewatch cleanup --yes",
    ]
    assert machine() == before


def test_the_demo_works_in_a_user_namespace() -> None:
    status, told = demo("unshare --user --map-root-user sh -c '{}'")

    assert (status, told["ok"]) == (0, True), told


def test_without_a_tun_the_demo_says_so_and_goes_on_with_a_veth() -> None:
    status, told = demo("unshare --mount sh -c 'mount -t tmpfs none /dev/net; {}'")

    assert (status, told["ok"], told["without_tun"]) == (0, True, "No such file or directory"), told


def test_where_namespaces_are_refused_the_demo_says_so_and_touches_nothing() -> None:
    status, told = demo("unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_net_namespaces; {}'")

    assert (status, told["error"]["code"]) == (1, "refused"), told
    assert "namespace" in told["error"]["message"]
