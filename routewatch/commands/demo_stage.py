"""The demo's stage: an uplink in the private namespace, the real daemon, and the stand-in VPN client.

It starts and ends processes and makes links; what is shown of them and in which order is demo_story.py's matter.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from itertools import product
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from routewatch.errors import RoutewatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routewatch.commands.demo_telling import Telling

LIMIT = 60.0  # seconds until the daemon is ready or has noticed something
# The uplink of any machine at home; addresses of RFC 5737 and RFC 3849. The far end has no address: it leads nowhere.
UPLINK = """
link set lo up
link add uplink0 type veth peer name isp0
link set isp0 addrgenmode none
link set isp0 up
link set uplink0 addrgenmode none
link set uplink0 up
addr add 192.0.2.2/24 dev uplink0
route add default via 192.0.2.1 dev uplink0 proto dhcp src 192.0.2.2 metric 100
addr add 2001:db8:2::2/64 dev uplink0 nodad
addr add fe80::2/64 dev uplink0 nodad
route add default via fe80::1 dev uplink0 proto ra metric 1024
"""
CONFIGURATION = """
settle_quiet = "200ms"
settle_limit = "2s"
grace = "1s"

[[vpn]]
name = "demo-vpn"
process = "demo-vpn"
interface = "{interface}"
"""
MAIN = "from routewatch.cli import main; raise SystemExit(main())"


def why_no_tun() -> str | None:
    """Return why no tun can be made here, in the system's words, or None."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return os.strerror(error.errno or 0)
    return None


class Stage:
    """The uplink, the daemon and the client; all of them end with it."""

    def __init__(self, folder: Path, telling: Telling, *, with_tun: bool) -> None:
        """Set the stage in the namespace we are in, which must be the demo's own."""
        self.folder, self.telling, self.with_tun = folder, telling, with_tun
        self.processes: list[subprocess.Popen[str]] = []
        configuration = folder / "routewatch.toml"
        configuration.write_text(CONFIGURATION.format(interface="tun0" if with_tun else "demo0"))
        common = ["--config", str(configuration), "--state-dir", str(folder / "state")]
        self.program = [sys.executable, "-P", "-c", MAIN, *common]

    def __enter__(self) -> Self:
        """Make the uplink."""
        subprocess.run(["ip", "-batch", "-"], input=UPLINK, text=True, check=True)  # noqa: S607 - where PATH has it
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started, the last first."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def routewatch(self, arguments: str) -> int:
        """Show a routewatch command and return its exit status."""
        return self.telling.show(f"routewatch {arguments}", [*self.program, *arguments.split()])

    def start_daemon(self) -> None:
        """Start ``routewatch run`` and wait until it says READY=1, sd_notify(3)."""
        address = self.folder / "ready"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, (self.folder / "run.log").open("w") as log:
            ready.bind(str(address))
            ready.settimeout(0)
            environment = {**os.environ, "NOTIFY_SOCKET": str(address)}
            argv = [*self.program, "run"]
            daemon = subprocess.Popen(  # noqa: S603 - our own program
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, text=True
            )
            self.processes.append(daemon)
            self._until(lambda: _says_ready(ready) or daemon.poll() is not None, "the daemon did not get ready")
        if daemon.poll() is not None:
            raise self._failed("the daemon ended at once")
        self.telling.tell("routewatch run &")

    def start_client(self) -> subprocess.Popen[str]:
        """Start the VPN client, wait until it is connected and the daemon has seen it."""
        argv = [sys.executable, "-P", "-m", "routewatch.commands.demo_client"]
        client = subprocess.Popen(  # noqa: S603 - our own program
            argv if self.with_tun else [*argv, "--without-tun"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(client)
        if client.stdout is None or "connected" not in client.stdout.readline():
            raise self._failed("the stand-in VPN client could not connect")
        self.telling.tell("demo-vpn &")
        self._until(lambda: self._sessions_open() > 0 and self._knows_all(), "the daemon did not notice the VPN")
        return client

    def kill(self, client: subprocess.Popen[str]) -> None:
        """Kill the client as nothing can be caught, and wait until the daemon has seen it."""
        client.send_signal(signal.SIGKILL)
        client.wait()
        self.telling.tell(f"kill -9 {client.pid}   # demo-vpn")
        self._until(lambda: self._sessions_open() == 0, "the daemon did not notice that the VPN is gone")
        # The kernel marks the routes of a link without carrier up to a second late (net/core/link_watch.c)
        self._until(lambda: not self.with_tun or self._is_marked(), "the routes of the tunnel were not marked linkdown")

    def _is_marked(self) -> bool:
        return all("linkdown" in line for line in self.table() if " dev tun0 " in f"{line} ")

    def _sessions_open(self) -> int:
        """Count the sessions that the daemon has written down and not closed."""
        return sum(session["closed"] is None for session in self._ask("sessions")["sessions"])

    def _knows_all(self) -> bool:
        """Tell whether the client's rules are known, which it makes last in each family: all is known by then."""
        rules = (event["policy_rule"] for event in self._ask("log")["events"])
        return {rule["family"] for rule in rules if rule} == {"inet", "inet6"}

    def _ask(self, command: str) -> dict[str, Any]:
        argv = [*self.program, "--json", command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT, check=False)  # noqa: S603 - our own program
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise self._failed(f"routewatch {command} failed: {done.stderr}") from None
        return answer

    def table(self) -> frozenset[str]:
        """Return the routes of all tables but the kernel's own (local), and the rules, in iproute2's words."""
        lines: list[str] = []
        for family, words in product(("-4", "-6"), ("route show table all", "rule")):
            argv = ["ip", "-d", family, *words.split()]
            told = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT, check=True).stdout  # noqa: S603 - fixed words
            lines += [f"{family} {line.strip()}" for line in told.splitlines()]
        return frozenset(line for line in lines if " table local " not in f"{line} ")

    def _until(self, claim: Callable[[], bool], otherwise: str) -> None:
        pause = Event()
        for _ in range(int(LIMIT / 0.2)):
            if claim():
                return
            pause.wait(0.2)
        raise self._failed(f"{otherwise} within {LIMIT:.0f} s")

    def _failed(self, what: str) -> RoutewatchError:
        return RoutewatchError(what, (self.folder / "run.log").read_text()[-2000:])


def _says_ready(listening: socket.socket) -> bool:
    try:
        return b"READY=1" in listening.recv(4096)
    except BlockingIOError:
        return False
