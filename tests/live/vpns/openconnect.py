"""openconnect with ocserv and Debian's vpnc-script: the default route itself is replaced."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from typing import TYPE_CHECKING

from tests.live import pki
from tests.live.lab import SERVER
from tests.live.vpns.vpn import Foreground
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.lab import Lab
    from tests.live.vpns.cell import Cell

OCSERV = """
auth = "plain[passwd={folder}/users]"
tcp-port = 443
socket-file = {folder}/ocserv.socket
server-cert = {identity.certificate}
server-key = {identity.key}
isolate-workers = false
max-clients = 4
max-same-clients = 4
keepalive = 300
dpd = 300
auth-timeout = 20
cookie-timeout = 300
device = vpns
ipv4-network = 10.10.0.0/24
ipv6-network = fd10::/64
ping-leases = false
cisco-client-compat = true
use-occtl = false
pid-file = {folder}/ocserv.pid
run-as-user = root
run-as-group = root
log-level = 2
{routes}
"""


class OpenConnect(Foreground):
    """A full tunnel: vpnc-script puts the default into the tunnel, and a route to the server beside it."""

    name = "openconnect"
    needs = ("openconnect", "ocserv", "ocpasswd", "openssl")
    inner = "10.10.0.1"
    routes = "route = default"

    def __init__(self, lab: Lab, client: Cell, server: Cell) -> None:
        """Write the server's configuration."""
        super().__init__(lab, client, server)
        identity = pki.make_identity(server.folder, "server")
        configuration = OCSERV.format(folder=server.folder, identity=identity, routes=self.routes)
        self.configuration = server.file("ocserv.conf", configuration)
        server.run(f"ocpasswd -c {server.folder}/users person", "secret\nsecret\n")
        self.stdin = "secret\n"
        self.command = (
            f"openconnect --protocol=anyconnect --no-dtls --user person --passwd-on-stdin --interface {self.tunnel} "
            f"--servercert pin-sha256:{_pin(identity)} --reconnect-timeout 60 {SERVER}"
        )

    @classmethod
    def why_not(cls) -> str | None:
        """Return why it can't be run here, or None."""
        return super().why_not() or pki.why_not()

    def serve(self) -> None:
        """Start the server."""
        self.server.start(f"ocserv --foreground --config {self.configuration}")
        until(lambda: ":443" in self.server.namespace.run("ss -Hltn"))


class OpenConnectSplit(OpenConnect):
    """A tunnel for one prefix of each family."""

    name = "openconnect-split"
    routes = "route = 10.60.0.0/255.255.0.0\nroute = fd60::/48"


class OpenConnectOverlap(OpenConnect):
    """A tunnel for prefixes that the client's own network has: the admin's routes, and the network of its bridge."""

    name = "openconnect-overlap"
    routes = "route = 10.50.0.0/255.255.0.0\nroute = 172.18.0.0/255.255.0.0\nroute = fd50::/48"


def _pin(identity: pki.Identity) -> str:
    """Return the SHA-256 of the certificate's public key, as RFC 7469 pins it."""
    key = subprocess.check_output(["openssl", "pkey", "-in", identity.key, "-pubout", "-outform", "DER"])
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
