"""Network namespaces for live tests: real kernel routes that touch nothing on the machine.

A namespace is made under a name of our own, its loopback is set up, and it is deleted when the test ends. It knows
nothing of what is tested in it.
"""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import shlex
import shutil
import subprocess
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

P = ParamSpec("P")
R = TypeVar("R")

CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
CALL_LIMIT = 300.0  # seconds a call or a command may take
_numbers = itertools.count()


class Namespace:
    """One network namespace, known to ip-netns(8) by its name."""

    def __init__(self, name: str) -> None:
        """Name a namespace that exists."""
        self.name = name

    def run(self, command: str, *, stdin: str | None = None) -> str:
        """Run one command (split as a shell would, without a shell) and return its output.

        Raises AssertionError with what the command said where it fails.
        """
        argv = ["ip", "netns", "exec", self.name, *shlex.split(command)]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=CALL_LIMIT, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
        return done.stdout

    def run_all(self, commands: str) -> None:
        """Run the commands of a text, one a line; empty lines and lines that begin with # are passed over."""
        for line in map(str.strip, commands.splitlines()):
            if line and not line.startswith("#"):
                self.run(line)

    def can(self, command: str) -> bool:
        """Run a command and tell whether it succeeded: what this kernel may lack is asked for this way."""
        argv = ["ip", "netns", "exec", self.name, *shlex.split(command)]
        return subprocess.run(argv, capture_output=True, timeout=CALL_LIMIT, check=False).returncode == 0

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function in a child process inside the namespace; its result (or error) is pickled back."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(target=_inside, args=(self.name, theirs, partial(function, *args, **kwargs)))
        with warnings.catch_warnings():
            # Python from 3.12 on warns of threads that may hold a lock in the child for ever. Ours only wait in recv().
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            child.start()
        theirs.close()
        try:
            assert ours.poll(CALL_LIMIT), f"{function} took longer than {CALL_LIMIT} s"
            good, result = ours.recv()
        except EOFError:
            child.join()
            raise AssertionError(f"the child of {function} ended without an answer: {child.exitcode}") from None
        finally:
            if child.is_alive():
                child.join(1)
            if child.is_alive():
                child.kill()
            child.join()
            ours.close()
        if not good:
            raise cast("Exception", result)
        return cast("R", result)


def enter(name: str) -> None:
    """Take the calling thread into a namespace (setns(2)); what it opens and starts from then on is there."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(Path("/run/netns", name), os.O_RDONLY)
    try:
        if libc.setns(descriptor, CLONE_NEWNET):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
    finally:
        os.close(descriptor)


def _inside(name: str, answer: Connection, task: Callable[[], object]) -> None:
    try:
        enter(name)
        result = (True, task())
    except BaseException as error:  # noqa: BLE001 - whatever went wrong belongs to the test, not to this child
        result = (False, error)
    answer.send(result)
    answer.close()


def why_not() -> str | None:
    """Return why no namespace can be made here, or None."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    if shutil.which("ip") is None:
        return "making network namespaces needs iproute2"
    return None


@contextmanager
def new_namespace(prefix: str = "rwt") -> Iterator[Namespace]:
    """Make a namespace with its loopback up, and delete it at the end."""
    name = f"{prefix}-{os.getpid()}-{next(_numbers)}"
    subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True, text=True)
    try:
        namespace = Namespace(name)
        namespace.run("ip link set lo up")
        yield namespace
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, capture_output=True, text=True)
