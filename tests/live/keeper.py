"""Somebody who answers for a route and brings it back whenever it goes; as a program it is that, until it is killed.

Its one ip(8) lives as long as it does, so that it can be seen who it is however busy the machine. It says each time
that it has brought the route back, and knows nothing of what is tested with it.
"""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

PR_SET_NAME = 15  # include/uapi/linux/prctl.h
RTMGRP_IPV4_ROUTE = 0x40  # include/uapi/linux/rtnetlink.h


class Keeper:
    """A running keeper."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take it over once it listens."""
        self._process = process
        self.has_acted()

    def has_acted(self) -> None:
        """Wait until it has brought the route back once more."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n", "the keeper has ended"

    def is_killed(self) -> int:
        """Kill it, and return how often it has acted without being waited for."""
        self._process.kill()
        return self._process.communicate()[0].count("done")


@contextmanager
def keeper(namespace: Namespace, route: str) -> Iterator[Keeper]:
    """Run one, called keeperd, for a route in ip-route(8)'s words."""
    argv = ["ip", "netns", "exec", namespace.name, sys.executable, __file__, route]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        made = Keeper(process)
        try:
            yield made
        finally:
            process.kill()


def main() -> None:
    """Listen for changes, and add the route where it is not there."""
    route = sys.argv[1]
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"keeperd", 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as listening:
        listening.bind((0, RTMGRP_IPV4_ROUTE))
        ip = subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE, text=True, bufsize=1)
        _say_done()
        while listening.recv(65536):
            if not _shows(route) and ip.stdin is not None:
                ip.stdin.write(f"route add {route}\n")
                ip.stdin.flush()
                while not _shows(route):
                    pass
                _say_done()


def _say_done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


def _shows(route: str) -> bool:
    return bool(subprocess.check_output(["ip", "route", "show", *route.split()]))


if __name__ == "__main__":
    main()
