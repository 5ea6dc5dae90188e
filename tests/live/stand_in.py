"""A stand-in for a VPN client: a process of any name that holds a tun and runs ``ip`` as its children, until killed.

As a module it starts and orders one; as a program it is one. It knows nothing of what is tested with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

PR_SET_NAME = 15  # include/uapi/linux/prctl.h
TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB  # include/uapi/linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
LIVES_ON = 0.15  # seconds


class StandIn:
    """A running stand-in."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process over once it is ready."""
        self._process = process
        self._answer()

    def runs(self, commands: str) -> None:
        """Let it run ``ip`` with each line; what fails, fails, as with a client that goes on."""
        for line in filter(None, map(str.strip, commands.splitlines())):
            assert self._process.stdin is not None
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            self._answer()

    def is_killed(self) -> None:
        """Kill it (SIGKILL), so that it tears nothing down."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n", "the stand-in has ended"


@contextmanager
def connected(namespace: Namespace, name: str, tunnel: str, *options: str) -> Iterator[StandIn]:
    """Run a stand-in that holds the tunnel; with ``persist`` the tunnel outlives it."""
    argv = ["ip", "netns", "exec", namespace.name, sys.executable, __file__, name, tunnel, *options]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        client = StandIn(process)
        try:
            yield client
        finally:
            client.is_killed()


def main() -> None:
    """Be a client: open the tun, then run what comes line by line."""
    name, tunnel, *options = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", tunnel.encode(), IFF_TUN | IFF_NO_PI))
    fcntl.ioctl(descriptor, TUNSETPERSIST, int("persist" in options))
    sys.stdout.write("done\n")
    sys.stdout.flush()
    for line in sys.stdin:
        _runs_ip(line)
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _runs_ip(line: str) -> None:
    """Run one line by an ip that lives on a little: the machine may be too busy to see who it was otherwise."""
    family = ["-6"] if line.startswith("-6 ") else []  # no line of a batch says its family itself
    argv = ["ip", *family, "-batch", "-"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as ip:
        assert ip.stdin is not None
        ip.stdin.write(line.removeprefix("-6 "))
        ip.stdin.flush()
        select.select([], [], [], LIVES_ON)


if __name__ == "__main__":
    main()
