"""A namespace in which VPN programs run as on a machine of their own: with a /run and a resolv.conf apart.

Network namespaces share the file system, and the programs keep sockets, locks and backups at fixed places under /run.
ip-netns-exec(8) makes a mount namespace, so what is laid over them there is seen by the program alone. What still runs
in the namespace at the end is ended by its pid. Nothing is known here of any VPN.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

OWN_FILES = """
[ ! -e "$0/ip" ] || mount --bind "$0/ip" "$(readlink -f "$(command -v ip)")" || exit 1
mount --bind "$0/resolv.conf" /etc/resolv.conf 2>/dev/null || [ ! -e /etc/resolv.conf ] || exit 1
mount --bind "$0/run" /run || exit 1
exec "$@"
"""
# An ip(8) that lives for a moment longer: a message of the kernel names its sender by pid only, and on a busy machine a
# process that lives for a millisecond has ended before anybody could look who that was.
SLOW_IP = """#!/bin/sh
case "$*" in *route\\ *|*rule\\ *) ;; *) exec {ip} "$@" ;; esac
options=
while [ "${{1#-}}" != "$1" ]; do options="$options $1"; shift; done
(echo "$*"; sleep 0.1) | {ip} $options -batch -
"""
LIMIT = 30.0  # seconds a command may take


class Cell:
    """A namespace with a folder for its programs' files."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        """Make the folder."""
        self.namespace, self.folder = namespace, folder
        (folder / "run").mkdir(parents=True)
        (folder / "resolv.conf").touch()
        self._started: list[subprocess.Popen[str]] = []

    def slow_down(self) -> None:
        """Let every ip(8) of the programs here be seen."""
        real = self.folder / "real" / "ip"
        real.parent.mkdir()
        shutil.copy(str(shutil.which("ip")), real)
        self.file("ip", SLOW_IP.format(ip=real), 0o755)

    def file(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a file into the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def words(self, command: str) -> list[str]:
        """Return the command line that runs a command here; the program takes the pid of what is started."""
        return [
            "ip",
            "netns",
            "exec",
            self.namespace.name,
            "sh",
            "-c",
            OWN_FILES,
            str(self.folder),
            *shlex.split(command),
        ]

    def run(self, command: str, stdin: str = "") -> str:
        """Run a command to its end and return what it printed. Raises AssertionError where it fails."""
        done = self.tried(command, stdin)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tried(self, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever becomes of it; a daemon that it leaves behind holds no pipe of ours."""
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            done = subprocess.run(
                self.words(command), input=stdin, text=True, stdout=out, stderr=err, timeout=LIMIT, check=False
            )
        said = [(self.folder / name).read_text() for name in ("out", "err")]
        return subprocess.CompletedProcess(done.args, done.returncode, *said)

    def start(self, command: str, stdin: str = "") -> subprocess.Popen[str]:
        """Start a program that stays in the foreground; what it says goes to the log of its name."""
        with self.log(command).open("a") as log:
            process = subprocess.Popen(
                self.words(command), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True
            )
        self._started.append(process)
        assert process.stdin is not None
        with process.stdin as pipe, suppress(BrokenPipeError):
            pipe.write(stdin)
        return process

    def log(self, command: str) -> Path:
        """Return the log of the program that a command starts."""
        return self.folder / f"{shlex.split(command)[0]}.log"

    def pids(self, program: str = "") -> list[int]:
        """Return the pids of what runs in the namespace, or of those of its processes that have the program's name."""
        told = subprocess.run(
            ["ip", "netns", "pids", self.namespace.name], capture_output=True, text=True, timeout=LIMIT, check=True
        )
        return [pid for pid in map(int, told.stdout.split()) if not program or _name(pid) == program[:15]]

    def kill(self, *pids: int) -> None:
        """End processes with SIGKILL, and wait until they are gone."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: all(map(_is_over, pids)))
        for process in self._started:
            process.poll()  # so that no zombie is left

    def end(self) -> None:
        """End whatever runs in the namespace."""
        while found := [pid for pid in self.pids() if not _is_over(pid)]:
            self.kill(*found)
        self.kill()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _is_over(pid: int) -> bool:
    """Tell whether a process is gone, or only waits for its parent to hear of its end: a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def cell(namespace: Namespace, folder: Path) -> Iterator[Cell]:
    """Give a cell, and end at the end whatever still runs in its namespace."""
    made = Cell(namespace, folder)
    try:
        yield made
    finally:
        made.end()
