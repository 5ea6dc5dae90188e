"""``demo``: the whole story on real kernel routes, in a network namespace that is made for it and ends with it.

This module finds out whether the system grants such a namespace and starts the story in it; what is told there,
demo_story.py knows. It touches nothing on the machine, reads no configuration of it and leaves no file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.errors import RoutewatchError

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
# Root makes the network namespace alone where it may; else a user namespace gives the right to, unshare(1).
ALONE, AS_ROOT_INSIDE = ("--net",), ("--user", "--map-root-user", "--net")
# Where it is granted too, the processes have a namespace of their own: what else connects on the machine just now is
# not taken for a VPN of the demo's, and nothing that the demo starts can outlive it.
BY_THEMSELVES = ("--pid", "--fork", "--kill-child", "--mount-proc")


class RefusedError(RoutewatchError):
    """The system has no private network namespace for us."""

    code = "refused"


def add(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""
    parser.description = "Tell the whole story on real kernel routes in a private network namespace."


def run(_arguments: argparse.Namespace, context: Context) -> int:
    """Tell the story; return 0 when it ended as it should, else 1. Raises RefusedError where it can't begin."""
    argv = [*unshare_words(), sys.executable, "-P", "-m", "routewatch.commands.demo_story"]
    # The package comes from where this one did, and never (-P) from the folder we happen to stand in.
    packages = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PATH": PATH, "PYTHONPATH": os.pathsep.join(packages)}
    with subprocess.Popen([*argv, "--json"] if context.json else argv, env=environment) as story:  # noqa: S603 - our own
        while True:
            try:
                return story.wait()
            except KeyboardInterrupt:  # the terminal told the story too, and it tidies up
                continue


def unshare_words() -> list[str]:
    """Return the words that run a command in a private namespace. Raises RefusedError where none is granted."""
    unshare = _program("unshare", "util-linux")
    _program("ip", "iproute2")
    return [unshare, *_granted(unshare)]


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        raise RefusedError(f"the demo needs {name}, which is not there", f"install {package} (Linux only)")
    return found


def _granted(unshare: str) -> tuple[str, ...]:
    """Return the options with which a namespace is granted. Raises RefusedError with the system's own words."""
    told = ""
    networks: tuple[tuple[str, ...], ...] = (ALONE, AS_ROOT_INSIDE) if os.geteuid() == 0 else (AS_ROOT_INSIDE,)
    for options in (*((*network, *BY_THEMSELVES) for network in networks), *networks):
        done = subprocess.run(  # noqa: S603 - found above, fixed arguments
            [unshare, *options, "true"], capture_output=True, text=True, timeout=10, check=False, env={"LC_ALL": "C"}
        )
        if done.returncode == 0:
            return options
        told = done.stderr.strip()
    raise RefusedError(
        f"no private network namespace is granted here ({told}), and the demo touches no other",
        "run it as root (sudo routewatch demo), or where user namespaces are allowed; `routewatch status`, `snapshot` "
        "and `cleanup --dry-run` need no privilege and change nothing",
    )
