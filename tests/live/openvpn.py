"""Real OpenVPN between the namespaces of a lab: a server that pushes a full tunnel, and clients as people run them.

Started as a child, waited for by its own log with a deadline, ended by its pid. It knows OpenVPN and the lab; it knows
nothing of routewatch.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live import pki
from tests.live.lab import SERVER
from tests.live.namespace import why_not as why_no_namespace
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.lab import Lab
    from tests.live.namespace import Namespace

COMMON = "--dev tun0 --dev-type tun --proto udp4 --tls-version-min 1.2 --verb 3 --allow-compression no"
SERVER_SIDE = (
    "--server 10.8.0.0 255.255.255.0 --server-ipv6 fd08::/64 --topology subnet --dh none --keepalive 1 60 "
    "--explicit-exit-notify 1"
)
# What the server pushes. 10.50.0.0/16 is the administrator's own route on the client's side: an overlap.
PUSHED = (
    "redirect-gateway def1 ipv6",
    "route 10.60.0.0 255.255.0.0",
    "route 172.30.0.0 255.255.0.0",
    "route 10.50.0.0 255.255.0.0",
    "route-ipv6 fd60::/48",
)
# In place of the pushed redirection: the default route itself is replaced (openvpn(8), --redirect-gateway).
WITHOUT_DEF1 = ("--pull-filter", "ignore", "redirect-gateway", "--redirect-gateway", "ipv6")


@dataclass(frozen=True)
class Keys:
    """The two ends' certificates."""

    server: pki.Identity
    client: pki.Identity


def why_not() -> str | None:
    """Return why OpenVPN can't be run here, or None."""
    return why_no_namespace() or pki.why_not() or (None if shutil.which("openvpn") else "this test needs openvpn")


def make_keys(folder: Path) -> Keys:
    """Make both ends' certificates."""
    return Keys(pki.make_identity(folder, "server"), pki.make_identity(folder, "client"))


class OpenVpn:
    """One running openvpn."""

    def __init__(self, namespace: Namespace, log: Path, options: list[str]) -> None:
        """Start it in the namespace; ip-netns(8) becomes the program, so the pid is openvpn's own."""
        argv = ["ip", "netns", "exec", namespace.name, "openvpn", *COMMON.split(), *options]
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def wait_until_up(self) -> None:
        """Wait until the connection stands and the routes are set."""
        until(lambda: "Initialization Sequence Completed" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def stop(self) -> None:
        """End it as a service manager does, with SIGTERM: it cleans up after itself."""
        self.process.terminate()
        self.process.wait(DEADLINE)

    def crash(self) -> None:
        """End it with SIGKILL, as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait(DEADLINE)


@contextmanager
def server(lab: Lab, keys: Keys, folder: Path) -> Iterator[OpenVpn]:
    """Run the server of the lab's far end."""
    options = [*SERVER_SIDE.split(), *_credentials(keys.server, keys.client)]
    for pushed in PUSHED:
        options += ["--push", pushed]
    with _running(OpenVpn(lab.server, folder / "server.log", options)) as made:
        yield made


@contextmanager
def client(lab: Lab, keys: Keys, folder: Path, *options: str) -> Iterator[OpenVpn]:
    """Run a client in the lab's client namespace until it is ended, and wait until it is up."""
    chosen = ["--client", "--remote", SERVER, "1194", "--nobind", *_credentials(keys.client, keys.server), *options]
    with _running(OpenVpn(lab.client, folder / "client.log", chosen)) as made:
        yield made


@contextmanager
def _running(made: OpenVpn) -> Iterator[OpenVpn]:
    try:
        made.wait_until_up()
        yield made
    finally:
        if made.process.poll() is None:
            made.crash()


def _credentials(own: pki.Identity, other: pki.Identity) -> list[str]:
    return ["--cert", str(own.certificate), "--key", str(own.key), "--peer-fingerprint", other.fingerprint]
