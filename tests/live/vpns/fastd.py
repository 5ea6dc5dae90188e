"""fastd, a full tunnel by its own hooks: what it sets up in ``on up`` it takes down in ``on down``."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.live.lab import GATEWAY, SERVER
from tests.live.vpns.vpn import Foreground
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell

COMMON = 'mode tun;\nmethod "null";\nmtu 1400;\nlog level info;\nsecret "{secret}";\ninterface "tun0";\n'
UP = f"""
ip link set "$INTERFACE" up
ip addr add 10.67.0.2/24 dev "$INTERFACE"
ip route add {SERVER} via {GATEWAY} dev eth0
ip route add 0.0.0.0/1 dev "$INTERFACE"
ip route add 128.0.0.0/1 dev "$INTERFACE"
ip route add default dev "$INTERFACE" table 67
ip rule add priority 1067 from 10.67.0.2 lookup 67
"""
DOWN = f"""
ip rule del priority 1067 from 10.67.0.2 lookup 67
ip route del {SERVER} via {GATEWAY} dev eth0
ip link set "$INTERFACE" down
"""


class Fastd(Foreground):
    """A full tunnel by halves of the default, a route to the server, and a rule for the tunnel's own address."""

    name = "fastd"
    needs = ("fastd",)
    inner = "10.67.0.1"

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write both ends' configuration."""
        super().__init__(lab, client, server)
        (ours, own), (theirs, others) = _keys(), _keys()
        up, down = client.file("up", f"#!/bin/sh\n{UP}", 0o700), client.file("down", f"#!/bin/sh\n{DOWN}", 0o700)
        far_up = server.file(
            "up", '#!/bin/sh\nip link set "$INTERFACE" up\nip addr add 10.67.0.1/24 dev "$INTERFACE"\n', 0o700
        )
        self.configuration = client.file(
            "fastd.conf",
            COMMON.format(secret=ours)
            + f'on up "{up}";\non down "{down}";\n'
            + f'peer "server" {{ key "{others}"; remote ipv4 {SERVER}:10000; }}\n',
        )
        self.theirs = server.file(
            "fastd.conf",
            COMMON.format(secret=theirs) + f'on up "{far_up}";\nbind any:10000;\npeer "client" {{ key "{own}"; }}\n',
        )
        self.command = f"fastd --config {self.configuration}"

    def connect(self) -> None:
        """Start the client and wait: of a client that it believes alive, a server takes no handshake for 15 s."""
        self.start()
        until(lambda: self.lab.reaches(self.inner, 1), 2 * DEADLINE)

    def serve(self) -> None:
        """Start the server."""
        self.server.start(f"fastd --config {self.theirs}")


def _keys() -> tuple[str, str]:
    """Return a secret and its public key."""
    told = subprocess.check_output(["fastd", "--generate-key"], text=True, stderr=subprocess.DEVNULL)
    words = dict(line.split(": ") for line in told.splitlines() if ": " in line)
    return words["Secret"], words["Public"]
