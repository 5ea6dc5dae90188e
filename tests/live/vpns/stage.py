"""A VPN between the namespaces of a lab, under the eyes of routewatch's daemon where one is wanted.

What is done on the stage is seen by the daemon before the next thing is done.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live.lab import NEXT_GATEWAY, new_lab
from tests.live.program import Program
from tests.live.vpns.cell import cell
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell
    from tests.live.vpns.vpn import Vpn


@dataclass(frozen=True)
class Place:
    """A lab with cells for what runs in it, and a routewatch whose daemon watches the client."""

    lab: Lab
    client: Cell
    server: Cell
    program: Program


@dataclass(frozen=True)
class Stage:
    """A place with a VPN."""

    place: Place
    vpn: Vpn

    def connect(self) -> None:
        """Connect, and let it be seen."""
        program = self.place.program
        before = len(program.ask("sessions").document["sessions"])
        self.vpn.connect()
        until(lambda: len(program.ask("sessions").document["sessions"]) > before)

    def crash(self) -> None:
        """Kill the client, and let it be seen that its session is over."""
        self.vpn.crash()
        until(lambda: self.place.program.sessions_open() == 0)

    def delete_tunnel(self) -> None:
        """Take the tunnel away from under the client, and let that be seen."""
        self.vpn.delete_tunnel()
        until(lambda: self.place.program.sessions_open() == 0)

    def gateway_moves(self) -> None:
        """Let another router take the gateway's place, and let that be seen."""
        self.place.lab.gateway_moves()
        until(lambda: self.place.program.has_logged(NEXT_GATEWAY))


@contextmanager
def place(folder: Path, metric: int = 100, *, seen: bool = False) -> Iterator[Place]:
    """Make the lab, and run the daemon in it.

    ``metric`` is that of DHCP's default route; ``seen`` lets the daemon see whose doing each change is.
    """
    with ExitStack() as stack:
        lab = stack.enter_context(new_lab(metric))
        client, server = (
            stack.enter_context(cell(namespace, folder / name))
            for namespace, name in ((lab.client, "client"), (lab.server, "server"))
        )
        if seen:
            client.slow_down()
        program = Program(lab.client, folder)
        stack.enter_context(program.daemon())
        yield Place(lab, client, server, program)
