"""Who holds a utun: from ``netstat -anv -f systm`` and from ``lsof -nP``.

A utun lives as long as the descriptor of its kernel control socket, and is numbered by the socket's unit less one
(utun_ctl_connect, bsd/net/if_utun.c); ipsec interfaces are made the same way (if_ipsec.c). Pure: text in, values out.
A name may be cut (lsof: 9 characters without ``+c 0``) or missing: the pid is what counts. Nothing raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTROLS = {"com.apple.net.utun_control": "utun", "com.apple.net.ipsec_control": "ipsec"}
# It holds the tunnels of NetworkExtensions beside the extension that made them: named only where it is alone
HELPERS = frozenset({"nesessionmanager", "nesessionmanager"[:9]})

_UNIT = r"(\d{1,6})"
# The tail of a row of netstat: unit, id and name of the control (netstat.tproj/systm.c)
_CONTROL = re.compile(rf"\s{_UNIT}\s+\d+\s+(com\.apple\.net\.\w+)\s*", re.ASCII)
# COMMAND PID ... [ctl com.apple.net.utun_control id 4 unit 4]
_OPEN_FILE = re.compile(rf"(\S+)\s+(\d{{1,9}})\s.*\[ctl (com\.apple\.net\.\w+) id \d+ unit {_UNIT}\].*", re.ASCII)
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")


class Holder(NamedTuple):
    """A process that holds a tunnel open."""

    name: str  # "" where it wasn't printed
    pid: int


def of_control_sockets(text: str) -> dict[str, Holder]:
    """Return who holds each tunnel by ``netstat -anv -f systm``; without ``-v`` no process is printed."""
    return _by_interface(_control_sockets(text))


def of_open_files(text: str) -> dict[str, Holder]:
    """Return who holds each tunnel by ``lsof -nP``; without root it shows one's own processes only."""
    return _by_interface(_open_files(text))


def _by_interface(found: Iterable[tuple[str, Holder]]) -> dict[str, Holder]:
    holders: dict[str, Holder] = {}
    for interface, holder in found:
        known = holders.get(interface)
        if known is None or (known.name in HELPERS and holder.name not in HELPERS):
            holders[interface] = holder
    return holders


def _control_sockets(text: str) -> Iterator[tuple[str, Holder]]:
    columns: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] in (["Proto"], ["pcb"]):
            columns = words
        elif "kctl" in words[:2] and (control := _CONTROL.search(line)):
            interface, holder = _interface(control[2], control[1]), _holder(line[: control.start()], columns)
            if interface and holder:
                yield interface, holder


def _holder(row: str, columns: list[str]) -> Holder | None:
    """Read the process of a row: ``process:pid`` by now, ``pid`` alone before; its name may have blanks."""
    if "process:pid" in columns:
        behind = row.split(None, columns.index("process:pid"))[-1]
        found = re.match(r"(.*?):(\d{1,9})(?:\s|$)", behind, re.ASCII)
        return Holder(found[1].strip(), int(found[2])) if found else None
    words = row.split()
    at = columns.index("pid") if "pid" in columns else len(words)
    pid = words[at] if at < len(words) else ""
    return Holder("", int(pid)) if re.fullmatch(r"\d{1,9}", pid, re.ASCII) else None


def _open_files(text: str) -> Iterator[tuple[str, Holder]]:
    for line in text.splitlines():
        found = _OPEN_FILE.fullmatch(line.strip()) if "[ctl com.apple.net." in line else None
        interface = _interface(found[3], found[4]) if found else None
        if found and interface:
            yield interface, Holder(_ESCAPE.sub(lambda code: chr(int(code[1], 16)), found[1]), int(found[2]))


def _interface(control: str, unit: str) -> str | None:
    stem = CONTROLS.get(control)
    return f"{stem}{int(unit) - 1}" if stem and int(unit) else None
