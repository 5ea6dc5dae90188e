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

PORT = 51820


class WgQuick(Vpn):
    """A full tunnel as wg-quick(8) makes it: a table of its own, and two policy rules of each family."""

    name = "wg-quick"
    needs = ("wg", "wg-quick", "wireguard-go", "nft")
    tunnel = "wg0"
    process = "wireguard-go"
    inner = "10.9.0.1"
    address = "10.9.0.2/24, fd09::2/64"
    allowed = "0.0.0.0/0, ::/0"
    hooks = ""

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write both ends' configuration."""
        super().__init__(lab, client, server)
        ours, theirs = (subprocess.check_output(["wg", "genkey"], text=True).strip() for _ in range(2))
        own, others = (
            subprocess.check_output(["wg", "pubkey"], text=True, input=key).strip() for key in (ours, theirs)
        )
        peer = (
            f"PublicKey = {others}\nEndpoint = {SERVER}:{PORT}\nAllowedIPs = {self.allowed}\nPersistentKeepalive = 1\n"
        )
        interface = f"PrivateKey = {ours}\nAddress = {self.address}\n{self.hooks}"
        self.configuration = client.file(f"{self.tunnel}.conf", f"[Interface]\n{interface}[Peer]\n{peer}")
        self.theirs = server.file(
            "server.conf",
            f"[Interface]\nPrivateKey = {theirs}\nListenPort = {PORT}\n"
            f"[Peer]\nPublicKey = {own}\nAllowedIPs = 10.9.0.0/16, fd09::/64\n",
        )

    @classmethod
    def why_not(cls) -> str | None:
        """Return why it can't be run here, or None."""
        if Path("/sys/module/wireguard").exists():
            return "this kernel has no need of wireguard-go"
        return super().why_not()

    def serve(self) -> None:
        """Start the server."""
        self.server.run("wireguard-go wgs")
        self.server.run(f"wg setconf wgs {self.theirs}")
        for words in ("addr add 10.9.0.1/16 dev wgs", "addr add fd09::1/64 dev wgs", "link set wgs up"):
            self.server.namespace.run(f"ip {words}")

    def start(self) -> None:
        """Bring the tunnel up."""
        self.client.run(f"wg-quick up {self.configuration}")

    def stop(self) -> None:
        """Bring it down; what becomes of that is seen by the table."""
        self.client.tried(f"wg-quick down {self.configuration}")


class WgQuickByHalves(WgQuick):
    """A full tunnel by the halves of the default, with the server's route set by hand: as many guides have it."""

    name = "wg-quick-def1"
    allowed = "0.0.0.0/1, 128.0.0.0/1"
    hooks = "".join(
        f"{hook} = ip route {verb} {SERVER} via {GATEWAY} dev eth0\n"
        for hook, verb in (("PostUp", "add"), ("PreDown", "del"))
    )


class WgQuickSplit(WgQuick):
    """A tunnel for one prefix."""

    name = "wg-quick-split"
    allowed = "10.9.0.0/24, 10.60.0.0/16, fd60::/48"
