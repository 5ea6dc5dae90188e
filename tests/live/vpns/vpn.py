"""What the VPN programs of the live tests have in common: a server at the lab's far end, a client that comes and goes.

Each program is a subclass that knows how it is configured, started and stopped. None knows routewatch.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    import subprocess

    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell


class Vpn(ABC):
    """One VPN between the client and the server of a lab."""

    needs: ClassVar[tuple[str, ...]] = ()  # programs
    name: ClassVar[str]
    tunnel = "tun0"

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write both ends' configuration."""
        self.lab, self.client, self.server = lab, client, server

    @property
    @abstractmethod
    def inner(self) -> str:
        """The server's address inside the tunnel."""

    @classmethod
    def why_not(cls) -> str | None:
        """Return why it can't be run here, or None."""
        missing = [program for program in cls.needs if shutil.which(program) is None]
        return f"this test needs {', '.join(missing)}" if missing else None

    @abstractmethod
    def serve(self) -> None:
        """Start the server."""

    @abstractmethod
    def start(self) -> None:
        """Start the client."""

    def connect(self) -> None:
        """Start the client and wait until its tunnel carries."""
        self.start()
        until(lambda: self.lab.reaches(self.inner, 1))

    @abstractmethod
    def stop(self) -> None:
        """End the client as its user does."""

    @abstractmethod
    def crash(self) -> None:
        """End the client with SIGKILL, as the kernel does when memory runs out."""

    def server_vanishes(self) -> None:
        """End the server without a word."""
        self.server.end()

    def delete_tunnel(self) -> None:
        """Take the tunnel away from under the client."""
        self.client.namespace.run(f"ip link del {self.tunnel}")


class Foreground(Vpn):
    """A VPN whose client stays in the foreground and cleans up when it is told to end."""

    command: str
    stdin = ""
    running: subprocess.Popen[str]

    def start(self) -> None:
        """Start the client."""
        self.running = self.client.start(self.command, self.stdin)

    def stop(self) -> None:
        """End the client with SIGTERM."""
        if self.running.poll() is None:
            self.running.terminate()
        self.running.wait(DEADLINE)

    def crash(self) -> None:
        """End the client with SIGKILL."""
        self.running.kill()
        self.running.wait(DEADLINE)
