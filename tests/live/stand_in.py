"""A stand-in for a VPN client: a process of any name that holds a tun and runs ``ip`` as its children, until killed.

Each ip lives as long as the client does, so that it can be seen who it is however busy the machine.

As a module it starts and orders one; as a program it is one. It knows nothing of what is tested with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

PR_SET_NAME = 15  # include/uapi/linux/prctl.h
TUNSETIFF, TUNSETPERSIST, TUNSETIFINDEX = 0x400454CA, 0x400454CB, 0x400454DA  # include/uapi/linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


class StandIn:
    """A running stand-in."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process over once it is ready."""
        self._process = process
        self._answer()

    def runs(self, commands: str) -> None:
        """Let it run ``ip`` with each line and wait until that is done; what fails, fails, as with one that goes on."""
        for line in filter(None, map(str.strip, commands.splitlines())):
            assert self._process.stdin is not None
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            self._answer()

    @property
    def lives(self) -> bool:
        """Tell whether nobody has killed it."""
        return self._process.poll() is None

    def is_killed(self) -> None:
        """Kill it (SIGKILL), so that it tears nothing down."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n", "the stand-in has ended"


@contextmanager
def connected(namespace: Namespace, name: str, tunnel: str, *options: str) -> Iterator[StandIn]:
    """Run a stand-in that holds the tunnel; with ``persist`` the tunnel outlives it, a number becomes its index."""
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
    for index in filter(str.isdigit, options):
        fcntl.ioctl(descriptor, TUNSETIFINDEX, struct.pack("I", int(index)))
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", tunnel.encode(), IFF_TUN | IFF_NO_PI))
    fcntl.ioctl(descriptor, TUNSETPERSIST, int("persist" in options))
    sys.stdout.write("done\n")
    sys.stdout.flush()
    living = []
    for line in sys.stdin:
        living.append(_runs_ip(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _runs_ip(line: str) -> subprocess.Popen[str]:
    """Run one line by an ip of its own, which ends where that fails and else goes on waiting for the next."""
    family = ["-6"] if line.startswith("-6 ") else []  # no line of a batch says its family itself
    argv = ["ip", *family, "-batch", "-"]
    ip = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    )
    assert ip.stdin is not None
    assert ip.stdout is not None
    ip.stdin.write(f"{line.removeprefix('-6 ').rstrip()}\nlink show lo\n")
    ip.stdin.flush()
    ip.stdout.readline()  # of lo, when it has come to that, or the end
    return ip


if __name__ == "__main__":
    main()
