"""Runs the system's own programs: by absolute path, without a shell, in plain English, and never for long.

Their text is untrusted: what it means is for others, here it is only kept short enough to be read. Whoever hangs, or
never stops talking, is ended with all that he started.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from routewatch.errors import ObservationError

if TYPE_CHECKING:
    from typing import IO

ACTING = 10.0  # seconds that a program may take which changes something
LARGEST = 64 * 1024 * 1024  # bytes of output: a table of half a million rows
PIECE = 65536
REMEMBERED = 256  # pids: more than one cleanup takes, and less than come before one is used again
TOLD = 120  # characters of a program's complaint that are passed on


class Paths(NamedTuple):
    """Where the programs are, as ``[macos]`` of the configuration says, and how long one may take that only reads."""

    netstat: str = "/usr/sbin/netstat"
    route: str = "/sbin/route"
    ifconfig: str = "/sbin/ifconfig"
    scutil: str = "/usr/sbin/scutil"
    lsof: str = "/usr/sbin/lsof"
    timeout: float = 5.0  # seconds


class Said(NamedTuple):
    """What a program said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The first line of what it complained of, in printable characters."""
        text = next(iter((self.err or self.out).strip().splitlines()), "")
        return "".join(each if each.isprintable() else "?" for each in text[:TOLD])

    @property
    def failure(self) -> str:
        """What it complained of; how it ended, where it said nothing."""
        ending = f"exit status {self.status}" if self.status >= 0 else f"signal {-self.status} ended it"
        return self.complaint or ending


class Programs:
    """The programs of one configuration, each called by the name of its key there."""

    def __init__(self, paths: Paths) -> None:
        """Take their paths."""
        self._paths = paths
        self.started: deque[int] = deque(maxlen=REMEMBERED)  # pids, by which the kernel's messages name our own doing

    def read(self, name: str, *arguments: str, stdin: str = "") -> Said:
        """Run a program that changes nothing.

        Raises ObservationError where it is missing, can't be run, takes too long or says too much.
        """
        return self._run([name, *arguments], self._paths.timeout, "[macos] timeout sets how long it may take", stdin)

    def act(self, name: str, *arguments: str) -> Said:
        """Run a program that changes something. Raises as ``read`` does."""
        return self._run([name, *arguments], ACTING, "whether it did its work, the next look tells")

    def _run(self, words: list[str], limit: float, late: str, stdin: str = "") -> Said:
        """Run a program for ``limit`` seconds; ``late`` is the hint where that was not enough."""
        name = words[0]
        path: str = getattr(self._paths, name)
        deadline = monotonic() + limit
        try:
            process = subprocess.Popen(  # noqa: S603 - an absolute path of the configuration, which root alone may write
                [path, *words[1:]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                start_new_session=True,
            )
        except OSError as error:
            hint = f"set [macos] {name} to its absolute path"
            raise ObservationError(f"{path} can't be run: {error.strerror}", hint) from error
        self.started.append(process.pid)
        with process:
            try:
                out, err = _talk(process, path, stdin, deadline)
                return Said(process.wait(max(0.0, deadline - monotonic())), out, err)
            except (TimeoutError, subprocess.TimeoutExpired) as error:
                _end(process)
                raise ObservationError(f"{path} did not answer within {limit:g} s", late) from error
            except BaseException:
                _end(process)
                raise


def _talk(process: subprocess.Popen[bytes], path: str, stdin: str, deadline: float) -> tuple[str, str]:
    """Say what is to be said, and listen to both of its voices. Raises TimeoutError, ObservationError."""
    assert process.stdin is not None  # noqa: S101 - three pipes were asked for
    heard: dict[IO[bytes] | None, list[bytes]] = {process.stdout: [], process.stderr: []}
    with suppress(BrokenPipeError):  # it has ended already, and its words will tell why
        process.stdin.write(stdin.encode())  # a few words: less than a pipe holds
        process.stdin.close()
    size = 0
    with selectors.DefaultSelector() as selector:
        for voice in filter(None, heard):
            selector.register(voice, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(deadline - monotonic())
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                heard[key.fileobj].append(piece)  # type: ignore[index]  # it was registered as one of them
                size += len(piece)
            if size > LARGEST:
                raise ObservationError(f"{path} said more than {LARGEST >> 20} MiB")
    out, err = (b"".join(pieces).decode("utf-8", "replace") for pieces in heard.values())
    return out, err


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it has started. It leads a session of its own, and nobody has fetched its status yet."""
    # A Mac says EPERM of a group in which all have ended already (killpg1(), bsd/kern/kern_sig.c), Linux nothing.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
