"""tinc 1.0 with the scripts of its manual for a full tunnel ("redirecting the default gateway")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.live.lab import SERVER
from tests.live.vpns.vpn import Foreground
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell

HOST_UP = """#!/bin/sh
ORIGINAL_GATEWAY=`ip route show | grep ^default | cut -d ' ' -f 2-5`
ip route add $REMOTEADDRESS $ORIGINAL_GATEWAY
ip route add 0.0.0.0/1 via 10.70.0.1 dev $INTERFACE
ip route add 128.0.0.0/1 via 10.70.0.1 dev $INTERFACE
"""
HOST_DOWN = """#!/bin/sh
ORIGINAL_GATEWAY=`ip route show | grep ^default | cut -d ' ' -f 2-5`
ip route del $REMOTEADDRESS $ORIGINAL_GATEWAY
ip route del 0.0.0.0/1 dev $INTERFACE
ip route del 128.0.0.0/1 dev $INTERFACE
"""
UP = "#!/bin/sh\nip link set $INTERFACE up\nip addr add {address} dev $INTERFACE\n"
DOWN = "#!/bin/sh\nip link set $INTERFACE down\n"


class Tinc(Foreground):
    """A full tunnel by halves of the default, set when the other host is reached and taken when it is not."""

    name = "tinc"
    needs = ("tincd",)
    inner = "10.70.0.1"

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write both ends' configuration and make their keys."""
        super().__init__(lab, client, server)
        _configure(client, "client", "10.70.0.2/24", "ConnectTo = server\n")
        _configure(server, "server", "10.70.0.1/24", "")
        client.file("hosts/server-up", HOST_UP, 0o700)
        client.file("hosts/server-down", HOST_DOWN, 0o700)
        ours, theirs = client.folder / "hosts", server.folder / "hosts"
        (theirs / "client").write_text((ours / "client").read_text())
        (ours / "server").write_text(f"Address = {SERVER}\n{(theirs / 'server').read_text()}")
        self.command = _daemon(client)

    def serve(self) -> None:
        """Start the server."""
        self.server.start(_daemon(self.server))

    def server_vanishes(self) -> None:
        """End the server; the client hears of it by its TCP connection, and runs host-down."""
        super().server_vanishes()
        until(lambda: "0.0.0.0/1" not in self.lab.client.run("ip route"))


def _configure(cell: Cell, name: str, address: str, more: str) -> None:
    cell.file(
        "tinc.conf", f"Name = {name}\nInterface = tun0\nPingTimeout = 3\nPingInterval = 4\nMaxTimeout = 2\n{more}"
    )
    cell.file("tinc-up", UP.format(address=address), 0o700)
    cell.file("tinc-down", DOWN, 0o700)
    subnet = "0.0.0.0/0" if name == "server" else address.replace("/24", "/32")
    cell.file(f"hosts/{name}", f"Subnet = {subnet}\n")
    cell.run(f"tincd --config={cell.folder} --generate-keys=1024", "\n\n\n")


def _daemon(cell: Cell) -> str:
    return f"tincd --config={cell.folder} --no-detach --debug=2 --pidfile={cell.folder}/tinc.pid"
