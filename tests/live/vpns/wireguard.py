"""wg-quick with wireguard-go: a full tunnel by policy rules, one by halves of the default, and a split one.

wg-quick takes wireguard-go where the kernel has no WireGuard of its own. Where it has, nothing dies of a SIGKILL.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.lab import GATEWAY, SERVER
from tests.live.vpns.vpn import Vpn

if TYPE_CHECKING:
    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell

PORT = 51820  # of the server's first tunnel


def own_way(server: str) -> str:
    """Return the hooks that give the packets to the server a route of their own."""
    route = f"{server} via {GATEWAY} dev eth0"
    return f"PostUp = ip route add {route}\nPreDown = ip route del {route}\n"


class WgQuick(Vpn):
    """A full tunnel as wg-quick(8) makes it: a table of its own, and two policy rules of each family."""

    name = "wg-quick"
    needs = ("wg", "wg-quick", "wireguard-go", "nft")
    tunnel = "wg0"
    process = "wireguard-go"
    number = 0  # of several tunnels between the same two
    server_address = SERVER
    allowed = "0.0.0.0/0, ::/0"
    hooks = ""

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write both ends' configuration."""
        super().__init__(lab, client, server)
        ours, theirs = (subprocess.check_output(["wg", "genkey"], text=True).strip() for _ in range(2))
        own, others = (
            subprocess.check_output(["wg", "pubkey"], text=True, input=key).strip() for key in (ours, theirs)
        )
        peer = f"PublicKey = {others}\nEndpoint = {self.server_address}:{self.port}\nAllowedIPs = {self.allowed}\n"
        peer += "PersistentKeepalive = 1\n"
        interface = f"PrivateKey = {ours}\nAddress = {self.address(2)}\n{self.hooks}"
        self.configuration = client.file(f"{self.tunnel}.conf", f"[Interface]\n{interface}[Peer]\n{peer}")
        self.theirs = server.file(
            f"{self.tunnel}.conf",
            f"[Interface]\nPrivateKey = {theirs}\nListenPort = {self.port}\n"
            f"[Peer]\nPublicKey = {own}\nAllowedIPs = {self.address(0)}\n",
        )

    @property
    def port(self) -> int:
        """The server's port."""
        return PORT + self.number

    @property
    def inner(self) -> str:
        """The server's address inside the tunnel."""
        return f"10.9.{self.number}.1"

    def address(self, host: int) -> str:
        """Return the addresses that one end has inside the tunnel."""
        return f"10.9.{self.number}.{host}/24, fd09:{self.number}::{host}/64"

    @classmethod
    def why_not(cls) -> str | None:
        """Return why it can't be run here, or None."""
        if Path("/sys/module/wireguard").exists():
            return "this kernel has no need of wireguard-go"
        return super().why_not()

    def serve(self) -> None:
        """Start the server."""
        self.server.run(f"wireguard-go {self.tunnel}")
        self.server.run(f"wg setconf {self.tunnel} {self.theirs}")
        for address in self.address(1).split(", "):
            self.server.namespace.run(f"ip addr add {address} dev {self.tunnel}")
        self.server.namespace.run(f"ip link set {self.tunnel} up")

    def start(self) -> None:
        """Bring the tunnel up."""
        self.client.run(f"wg-quick up {self.configuration}")

    def crash(self) -> None:
        """End the client with SIGKILL."""
        for pid in self.client.pids(self.process):
            if self.tunnel in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                self.client.kill(pid)

    def stop(self) -> None:
        """Bring it down; what becomes of that is seen by the table."""
        self.client.tried(f"wg-quick down {self.configuration}")


class WgQuickByHalves(WgQuick):
    """A full tunnel by the halves of the default, with the server's route set by hand: as many guides have it."""

    name = "wg-quick-def1"
    allowed = "0.0.0.0/1, 128.0.0.0/1"
    hooks = own_way(SERVER)


class WgQuickSplit(WgQuick):
    """A tunnel for one prefix."""

    name = "wg-quick-split"
    allowed = "10.9.0.0/24, 10.61.0.0/16, fd61::/48"
