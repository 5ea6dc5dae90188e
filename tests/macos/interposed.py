"""What a script does before, after or instead of one of the stand-in's programs, at a call of its own choosing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.macos.mac import Mac

# $REAL is the program itself, $CALL counts its calls from 1, $ROUTED those of route; $PPID is who looks or acts
SCRIPT = """#!/bin/sh
REAL={folder}/{program}.real
CALL=$(($(cat {folder}/{program}.count 2>/dev/null || echo 0) + 1))
echo $CALL > {folder}/{program}.count
ROUTED=$(cat {folder}/route.count 2>/dev/null || echo 0)
{script}
"""
AS_IT_IS = 'exec $REAL "$@"'
INSTEAD = 'if {when}; then {what}; fi\nexec $REAL "$@"'
THEN = '$REAL "$@"\nSTATUS=$?\nif {when}; then {what}; fi\nexit $STATUS'
KILLED = "kill -9 $PPID; exit"


def interpose(mac: Mac, program: str, script: str = AS_IT_IS) -> None:
    """Let a script of sh be run in a program's place, until ``withdraw``."""
    path = mac.folder / program
    path.rename(mac.folder / f"{program}.real")
    path.write_text(SCRIPT.format(folder=mac.folder, program=program, script=script))
    path.chmod(0o755)


def withdraw(mac: Mac, *programs: str) -> None:
    """Give programs their places back."""
    for program in programs:
        (mac.folder / f"{program}.real").rename(mac.folder / program)
        (mac.folder / f"{program}.count").unlink(missing_ok=True)
