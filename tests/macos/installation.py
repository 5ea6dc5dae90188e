"""The five programs of the stand-in in a folder, and what a test may know and say of them: calls, modes, the table.

It tells no story; that is ``mac``.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.macos import kernel, printing
from tests.macos.machine import STATE, Machine, Opened, Row, write
from tests.macos.programs import CALLS, MODE, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]  # what "tests" is found in
PROGRAM = """#!{python} -IS
import sys
sys.path.insert(0, {root!r})
from tests.macos.programs import main
main({program!r}, {folder!r})
"""


class Seen(NamedTuple):
    """A row of the table, clones and all."""

    destination: str  # CIDR, a host's too; a zone follows the address: "fe80::%en0/64"
    gateway: str  # as netstat prints it
    flags: str
    interface: str


class Installation:
    """A machine's state in a folder, and the programs that show it."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        """Write the state and the programs into the folder."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        write(str(folder / STATE), machine)
        for program in PROGRAMS:
            self._install(program)

    def _install(self, program: str) -> None:
        path = self.folder / program
        text = PROGRAM.format(python=sys.executable, root=str(ROOT), program=program, folder=str(self.folder))
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    @contextmanager
    def state(self) -> Iterator[Machine]:
        """Give the state, to be changed; other processes wait meanwhile."""
        with Opened(str(self.folder), to_change=True) as machine:
            yield machine

    def table(self) -> tuple[Seen, ...]:
        """Return every row, in no particular order."""
        with Opened(str(self.folder), to_change=False) as machine:
            return tuple(_seen(machine, row) for row in machine.rows)

    def rows(self, destination: str) -> tuple[Seen, ...]:
        """Return the rows of one destination: a CIDR, or "default" for that of both families."""
        wanted = ("0.0.0.0/0", "::/0") if destination == "default" else (destination,)
        return tuple(row for row in self.table() if row.destination in wanted)

    def netstat(self, family: str = "") -> str:
        """Return what ``netstat -rn`` prints now, whatever it was told to do wrong."""
        families = (family,) if family else ("inet", "inet6")
        with Opened(str(self.folder), to_change=False) as machine:
            return printing.routing_tables(machine, families)

    def calls(self, program: str | None = None) -> list[list[str]]:
        """Return the calls of the programs so far, each with its name first."""
        path = self.folder / CALLS
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if program in (None, call[0])]

    def forget_calls(self) -> None:
        (self.folder / CALLS).unlink(missing_ok=True)

    def configuration(self) -> str:
        """Return the configuration that makes routewatch use this Mac."""
        programs = "".join(f"{program} = {json.dumps(str(self.folder / program))}\n" for program in PROGRAMS)
        return f'platform = "macos"\n\n[macos]\n{programs}'

    def misbehaves(self, program: str, mode: str, times: int = -1) -> None:
        """Let a program misbehave: hang, garbage, empty, fail, cut; netstat also torn, torn first, one family.

        ``times`` is for how many calls; -1: until ``behaves``.
        """
        (self.folder / f"{program}.{MODE}").write_text(json.dumps([mode, times]), encoding="utf-8")

    def behaves(self, program: str) -> None:
        (self.folder / f"{program}.{MODE}").unlink(missing_ok=True)

    def lacks(self, program: str) -> None:
        """Take a program away."""
        (self.folder / program).unlink()

    def is_not_root(self) -> None:
        """Let whoever calls lack the privilege to alter the table, and to see root's open files."""
        with self.state() as machine:
            machine.root = False


def _seen(machine: Machine, row: Row) -> Seen:
    length = kernel.BITS[row.family] if row.length is None else row.length
    zone = f"%{machine.name_of(row.scope) or row.scope}" if kernel.is_zoned(row.address) and row.scope else ""
    shown = printing.gateway(machine, row)
    return Seen(f"{row.address}{zone}/{length}", shown, printing.shown_flags(row), machine.name_of(row.ifindex))
