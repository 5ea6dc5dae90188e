"""A person at a real terminal of a real machine: says commands of routewatch as a child process, and reads the answers.

The machine is a network namespace with a LAN and a stand-in VPN client on it. What is said and what comes back is
bytes, signals and exit statuses; nothing is known here of what is right or wrong.
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live.manager import Manager, manager
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.namespace import Namespace

CONFIGURATION = 'settle_quiet = "100ms"\nsettle_limit = "1s"\ngrace = "200ms"\npoll_interval = "2s"\n'
LAN = """
ip link add eth0 type veth peer name peer0
ip link set eth0 up
ip link set peer0 up
ip addr add 192.168.77.2/24 dev eth0
ip route add default via 192.168.77.1 dev eth0
"""
ROUTES = ["203.0.113.10/32 via 192.168.77.1 dev eth0", "0.0.0.0/1 via 10.8.0.1", "128.0.0.0/1 via 10.8.0.1"]
# Named like OpenVPN in its /proc/PID/comm, and dead without a word when its input ends
CLIENT = """
import ctypes, fcntl, os, struct, subprocess, sys
ctypes.CDLL(None).prctl(15, b"openvpn", 0, 0, 0)
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
for words in ["link set tun0 up", "addr add 10.8.0.2/24 dev tun0"]:
    subprocess.run(["ip", *words.split()], check=True)
# One ip that goes on living, so that it can be seen who it is however busy the machine
batch = subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE, text=True)
for line in sys.argv[1:]:
    print("route add " + line, file=batch.stdin, flush=True)
    while line.split()[0].removesuffix("/32") not in subprocess.check_output(["ip", "route"], text=True).split():
        assert batch.poll() is None
print("ready", flush=True)
sys.stdin.read()
os._exit(1)
"""


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one JSON document. Raises AssertionError with all that was said where it is none."""
        try:
            document: dict[str, Any] = json.loads(self.out)
        except ValueError:
            raise AssertionError(f"{self.status}\n{self.out}\n{self.err}") from None
        return document


class Person:
    """Somebody with a state directory and a configuration of his own, in a namespace."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        """Write the configuration."""
        self.namespace, self.folder = namespace, folder
        self.state, self.configuration = folder / "state", folder / "routewatch.toml"
        self.configuration.write_text(CONFIGURATION)
        self.prefix: list[str] = []

    def words(self, *words: str) -> list[str]:
        """Return the whole command line."""
        inside = ["ip", "netns", "exec", self.namespace.name, *self.prefix, sys.executable, "-m", "routewatch"]
        return [*inside, *words, "--config", str(self.configuration), "--state-dir", str(self.state)]

    def say(self, *words: str, **environment: str) -> Said:
        """Say one command without a terminal, and wait for its end."""
        done = subprocess.run(
            self.words(*words),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def ask(self, *words: str) -> Said:
        """Say one command with --json."""
        return self.say(*words, "--json")

    @contextmanager
    def started(self, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command without a terminal; kill it where it still runs at the end."""
        process = subprocess.Popen(
            self.words(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def end(self, process: subprocess.Popen[str], number: signal.Signals) -> Said:
        """Send a signal and wait for the end."""
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
        return Said(process.returncode, out, err)

    def routes(self) -> list[str]:
        """Return what ip-route(8) shows of both families."""
        told = self.namespace.run("ip route") + self.namespace.run("ip -6 route")
        return [line.replace(" linkdown", "").strip() for line in told.splitlines()]

    @contextmanager
    def vpn(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """Let a VPN client be connected; at the end, or when it is killed, it dies without tearing down."""
        argv = ["ip", "netns", "exec", self.namespace.name, sys.executable, "-c", CLIENT, *ROUTES, *more]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            try:
                assert client.stdout is not None
                assert client.stdout.readline() == "ready\n"
                yield client
            finally:
                client.kill()

    def sessions(self) -> list[dict[str, Any]]:
        """Return the sessions that are stored, the newest first."""
        answer = self.ask("sessions")
        assert answer.status == 0, answer
        found: list[dict[str, Any]] = answer.document["sessions"]
        return found

    def kinds(self) -> list[str]:
        """Return what kinds of events are stored, in order."""
        return [event["kind"] for event in self.ask("log").document["events"]]


class Daemon:
    """A running ``routewatch run`` whose words to the service manager are heard."""

    def __init__(self, process: subprocess.Popen[str], listening: Manager, log: Path) -> None:
        """Take the process, who hears it and the file of its standard error."""
        self.process, self._manager, self._log = process, listening, log

    @property
    def told(self) -> list[str]:
        """Return what the service manager was told up to what was waited for last."""
        return self._manager.told

    def hears(self, words: str) -> None:
        """Wait until the service manager is told something with these words; what was told before counts no more."""
        heard = self._manager.hears(words, lambda: self.process.poll() is None)
        assert heard, f"{words!r} was never told:\n{self.told}\n{self._log.read_text()}"

    def meets_the_vpn(self, *more: str) -> None:
        """Wait until it knows the client and who made each of its routes: from then on the client may die."""
        self.hears("STATUS=openvpn on tun0")
        wanted = {line.split()[0].removesuffix("/32") for line in (*ROUTES, *more)}
        until(lambda: wanted <= {line.get("row", "").partition(" ")[0].removesuffix("/32") for line in self.log()})

    def log(self) -> list[dict[str, Any]]:
        """Return the lines logged so far; one that is just being written is none yet."""
        return [json.loads(line) for line in self._log.read_text().rpartition("\n")[0].splitlines()]

    def events(self) -> list[str]:
        """Return the words for what happened."""
        return [line["event"] for line in self.log()]

    def logs(self, event: str) -> None:
        """Wait until it has logged an event."""
        until(lambda: event in self.events())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextmanager
def daemon(person: Person, name: str = "run") -> Iterator[Daemon]:
    """Run ``routewatch run`` from the moment it says that it is ready."""
    log = person.folder / f"{name}.log"
    with manager(person.folder / name) as listening, log.open("w") as output:
        environment = {**os.environ, **listening.environment}
        with subprocess.Popen(
            person.words("run"), stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True, env=environment
        ) as process:
            running = Daemon(process, listening, log)
            try:
                running.hears("READY=1")
                yield running
            finally:
                if process.poll() is None:
                    process.kill()


class Terminal:
    """A command on a pseudo-terminal: typed to, and read."""

    def __init__(self, person: Person, *words: str, **environment: str) -> None:
        """Start it as the leader of a session of its own, so that ^C reaches it."""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            argv = person.words(*words)
            os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm", **environment})  # noqa: S606 - the child of pty.fork()
        self.shown = ""

    def reads(self, words: str) -> None:
        """Wait until the words are shown."""
        while words not in self.shown:
            assert self._read(), f"{words!r} never came:\n{self.shown}"

    def types(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def ends(self) -> int:
        """Wait for the end, and return the exit status."""
        while self._read():
            pass
        _, status = os.waitpid(self._pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], DEADLINE)[0]:
            os.kill(self._pid, signal.SIGKILL)
            raise AssertionError(f"nothing more came:\n{self.shown}")
        try:
            told = os.read(self._terminal, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self.shown += told.decode(errors="replace")
        return bool(told)
