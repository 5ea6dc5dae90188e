"""A real SSH server and real logins to it, between namespaces: started with keys of their own, ended by their pids.

It knows sshd(8) and ssh(1), and nothing of routes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

PRIVILEGE_SEPARATION = Path("/run/sshd")  # where Debian's sshd wants to be (its init script and unit make it)
CONFIGURATION = """
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PidFile none
GatewayPorts yes
"""
CLIENT = """
BatchMode=yes StrictHostKeyChecking=no UserKnownHostsFile=/dev/null LogLevel=ERROR IdentitiesOnly=yes
ExitOnForwardFailure=yes ConnectTimeout=10
"""
END = "-- all was said --"


def why_not() -> str | None:
    """Return why no server can be run here, or None."""
    missing = [name for name in ("sshd", "ssh", "ssh-keygen") if shutil.which(name) is None]
    return f"this needs {' and '.join(missing)}" if missing else None


class Server:
    """An SSH server's keys and configuration."""

    def __init__(self, folder: Path) -> None:
        """Make the keys of a server and of the one person who may log in: root."""
        self.folder = folder
        folder.mkdir()
        for name in ("host", "client"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True, capture_output=True)
        (folder / "sshd_config").write_text(CONFIGURATION.format(folder=folder))

    @contextmanager
    def listening(self, namespace: Namespace, *ports: int) -> Iterator[subprocess.Popen[str]]:
        """Let it listen at these ports of all addresses. At the end it is stopped; its sessions live on, as they do."""
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        with self._started(namespace, "-D", *(word for port in ports for word in ("-p", str(port)))) as daemon:
            assert daemon.stderr is not None
            told = ""
            while told.count("Server listening on") < 2 * len(ports):  # IPv4 and IPv6
                line = daemon.stderr.readline()
                assert line, f"sshd did not start: {told}"
                told += line
            yield daemon

    @contextmanager
    def activated(self, namespace: Namespace, port: int) -> Iterator[None]:
        """Let somebody else listen for it and hand each connection to a server of its own, as systemd does (-i)."""
        argv = [*self._inside(namespace), sys.executable, "-c", ACTIVATOR, str(port), *self._words("-i")]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as activator:
            try:
                assert activator.stdout is not None
                assert activator.stdout.readline() == "ready\n"
                yield
            finally:
                activator.kill()

    @contextmanager
    def login(self, namespace: Namespace, address: str, port: int, *options: str) -> Iterator[Login]:
        """Log in from a namespace, and log out at the end."""
        key = ["-i", str(self.folder / "client"), "-p", str(port)]
        quiet = [word for option in CLIENT.split() for word in ("-o", option)]
        argv = [*self._inside(namespace), "ssh", "-F", "none", *quiet, *key, *options, f"root@{address}", "sh"]
        with Login(argv).open() as opened:
            yield opened

    @contextmanager
    def _started(self, namespace: Namespace, *words: str) -> Iterator[subprocess.Popen[str]]:
        argv = [*self._inside(namespace), *self._words(*words)]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(DEADLINE)

    def _words(self, *words: str) -> list[str]:
        sshd = shutil.which("sshd")
        assert sshd is not None
        return [sshd, "-e", "-f", str(self.folder / "sshd_config"), *words]

    @staticmethod
    def _inside(namespace: Namespace) -> list[str]:
        return ["ip", "netns", "exec", namespace.name]


ACTIVATOR = """
import socket, subprocess, sys
listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    subprocess.Popen(sys.argv[2:], stdin=connection, stdout=connection)
    connection.close()
"""


class Login:
    """A shell at the other end of an SSH connection."""

    def __init__(self, argv: list[str]) -> None:
        """Take the command line that logs in."""
        self._argv = argv
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def open(self) -> Iterator[Login]:
        """Log in, and out at the end."""
        with subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as self._process:
            try:
                assert self.says("echo here") == "here\n"
                yield self
            finally:
                self._process.kill()

    def says(self, command: str) -> str:
        """Say a command of the shell and return what it said. Raises AssertionError where the connection is dead."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\necho '{END}'\n")
        self._process.stdin.flush()
        said = ""
        for line in self._process.stdout:
            if line == f"{END}\n":
                return said
            said += line
        raise AssertionError(f"the login ended: {said}")
