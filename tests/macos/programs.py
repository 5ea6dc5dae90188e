"""The five executables: each a few lines that call ``main`` here, which misbehaves if it was told to.

What a program prints is another module's; here are the options it is called with, and how it fails.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import TYPE_CHECKING

from tests.macos.machine import Opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.macos.machine import Machine

    Answer = tuple[int, str, str]

CALLS, MODE = "calls.jsonl", "mode"  # what was called; and for each program a file of [mode, calls left]
HANGS = 600  # seconds, if nobody ends it before
GARBAGE = b"\x00\x1b[2J\x1b]0;owned\x07default\xff\xfe 10.8/24 \x80\x81 \x1b[31mutun9\n\xc3\x28Internet:\n" * 3
DUMP_FAILED = "netstat: sysctl: net.route.0.0.dump: Cannot allocate memory\n"
WARNS_ONLY_FROM = (26, 3)
FAMILIES = {"inet": ("inet",), "inet6": ("inet6",), "": ("inet", "inet6")}


def main(program: str, folder: str) -> None:
    """Be one of the programs, for the arguments of this process."""
    words = sys.argv[1:]
    _note(folder, [program, *words])
    mode = _mode(program, folder)
    if mode == "hang":
        select.select([], [], [], HANGS)
    if mode == "garbage":
        sys.stdout.buffer.write(GARBAGE)
        sys.exit(0)
    read = sys.stdin.read() if program == "scutil" and not words else ""
    with Opened(folder, to_change=program == "route" and mode != "fail") as machine:
        status, said, complaint = PROGRAMS[program](machine, words, mode, read)
    if mode == "cut":
        said = said[: len(said) * 2 // 3].rstrip("\n")
    sys.stdout.write(said)
    sys.stderr.write(complaint)
    sys.stdout.flush()
    sys.exit(status)


def _note(folder: str, call: list[str]) -> None:
    """Append the call to the list that the tests read; one write, so that two processes don't mix."""
    path = os.path.join(folder, CALLS)  # noqa: PTH118  # pathlib would cost a third of a program's start
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(descriptor, (json.dumps(call) + "\n").encode())
    os.close(descriptor)


def _mode(program: str, folder: str) -> str:
    """Return how the program is to behave in this call, and count it. Nobody is locked out by one that hangs."""
    path = os.path.join(folder, f"{program}.{MODE}")  # noqa: PTH118  # as above
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # as above
            mode, left = json.load(file)
    except FileNotFoundError:
        return ""
    if left > 0:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  # as above
            json.dump([mode, left - 1], file)
    return str(mode) if left else ""


def _netstat(machine: Machine, words: list[str], mode: str, _: str) -> Answer:
    letters, family = _netstat_options(words)
    if family == "systm" and "r" not in letters:
        from tests.macos.sockets import control_sockets  # noqa: PLC0415  # each program loads its own

        return (1, "", "netstat: sysctl: failed\n") if mode == "fail" else (0, control_sockets(machine), "")
    if words == ["-anl", "-p", "tcp"]:
        from tests.macos.sockets import internet_connections  # noqa: PLC0415  # as above

        return _reading("netstat: sysctl: net.inet.tcp.pcblist_n", mode, lambda: internet_connections(machine))
    if "r" not in letters or "n" not in letters or family not in FAMILIES or set(letters) - set("rnaW"):
        return 1, "", f"the stand-in's netstat knows -rn[a], -anv -f systm and -anl -p tcp, not {' '.join(words)}\n"
    from tests.macos.printing import routing_tables  # noqa: PLC0415  # as above

    if mode == "fail":
        return (0 if machine.version() >= WARNS_ONLY_FROM else 1), "Routing tables\n", DUMP_FAILED
    families = {"empty": (), "one family": FAMILIES[family][:1]}.get(mode, FAMILIES[family])
    if mode == "torn":
        machine.nameless += [one.ifindex for one in machine.interfaces if one.kind == "utun"][-1:]
    if mode == "torn first":
        machine.nameless += [one.ifindex for one in machine.interfaces if one.kind in ("wifi", "ethernet")]
    return 0, routing_tables(machine, families, clones="a" in letters), ""


def _netstat_options(words: list[str]) -> tuple[str, str]:
    letters, family = "", ""
    queue = list(words)
    while queue:
        word = queue.pop(0).lstrip("-")
        if word.endswith("f") and queue:
            family = queue.pop(0)
        letters += word.removesuffix("f")
    return letters, family


def _route(machine: Machine, words: list[str], mode: str, _: str) -> Answer:
    if mode == "fail":
        return 71, "", "route: socket: Operation not permitted\n"
    if mode == "empty":
        return 0, "", ""
    from tests.macos.route_command import run  # noqa: PLC0415  # as above

    return run(machine, words)


def _ifconfig(machine: Machine, words: list[str], mode: str, _: str) -> Answer:
    names = [word for word in words if not word.startswith("-")]
    if names and machine.named(names[0]) is None:
        return 1, "", f"ifconfig: interface {names[0]} does not exist\n"
    from tests.macos.interface_listing import listing  # noqa: PLC0415  # as above

    def shown() -> str:
        return listing(machine, verbose=any("v" in word for word in words), name=names[0] if names else None)

    return _reading("ifconfig: socket(family 2,SOCK_DGRAM): Too many open files", mode, shown)


def _scutil(machine: Machine, words: list[str], mode: str, read: str) -> Answer:
    from tests.macos import service_listing  # noqa: PLC0415  # as above

    def shown() -> str:
        if words == ["--nwi"]:
            return service_listing.network_information(machine)
        if words == ["--nc", "list"]:
            return service_listing.connection_services(machine)
        return service_listing.answers(machine, read.splitlines())

    return _reading("scutil: no session: Connection refused", mode, shown)


def _lsof(machine: Machine, words: list[str], mode: str, _: str) -> Answer:
    from tests.macos.sockets import connections, open_files  # noqa: PLC0415  # as above

    complaint = "lsof: can't get process list: Operation not permitted"
    if words[:1] != ["-nP"] or words[1:] not in ([], ["-iTCP", "-sTCP:LISTEN,ESTABLISHED"]):
        return 1, "", f"the stand-in's lsof knows -nP [-iTCP -sTCP:LISTEN,ESTABLISHED], not {' '.join(words)}\n"
    if words[1:] and mode not in ("fail", "empty"):
        return (0, connections(machine), "") if machine.logins else (1, "", "")  # lsof(8): nothing found is a 1
    return _reading(complaint, mode, lambda: open_files(machine))


def _reading(complaint: str, mode: str, shown: Callable[[], str]) -> Answer:
    if mode == "fail":
        return 1, "", f"{complaint}\n"
    return 0, "" if mode == "empty" else shown(), ""


PROGRAMS: dict[str, Callable[[Machine, list[str], str, str], Answer]] = {
    "netstat": _netstat,
    "route": _route,
    "ifconfig": _ifconfig,
    "scutil": _scutil,
    "lsof": _lsof,
}
