"""What came of a run of route(8), by its exit status and its two streams. Its arguments are ``core.route_words``.

It exits 0 when the kernel refuses: then the reason stands behind the line it always prints, and on standard error
(network_cmds, route.tproj/route.c: newroute, rtmsg, route_strerror). The words are English with LC_ALL=C only. That
the key is really gone, or there, only the next dump tells. Nothing is run here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from routewatch.host.port import Outcome

EX_NOPERM = 77  # sysexits.h
_KERNEL = "route: writing to routing socket: "
_NO_PRIVILEGE = frozenset({"Operation not permitted", "Permission denied"})
# "delete net 10.8.0.0", "add host X: gateway Y", each with ": reason" where the kernel refused
_DONE = re.compile(r"(?:add|delete) (?:host|net) \S+(?:: gateway \S+(?: \(\S+\))?)?")


class Refused(NamedTuple):
    """The step was not taken; ``privilege``: because we may not."""

    sentence: str
    privilege: bool = False


def outcome(action: Literal["add", "delete"], status: int, stdout: str, stderr: str) -> Outcome | Refused:
    """Say what came of a run; ``status`` is negative where a signal ended it. Never raises.

    "absent" and "present" are what the kernel said to a delete and an add of ours: "not in table" (ESRCH) and "File
    exists" (EEXIST).
    """
    complaint = _last_line(stderr)
    reason = complaint.removeprefix(_KERNEL)
    if status == EX_NOPERM or reason in _NO_PRIVILEGE:
        return Refused(reason.removeprefix("route: "), privilege=True)
    if status:
        return Refused(reason.removeprefix("route: ") or _wordless(status))
    if complaint:
        return _of_the_kernel(action, reason)
    said = _last_line(stdout)
    if _DONE.fullmatch(said):
        return "done"
    # the line of a refusal, whose other half on standard error was lost
    return _of_the_kernel(action, said.rpartition(": ")[2]) if said else Refused("route said nothing")


def _of_the_kernel(action: Literal["add", "delete"], reason: str) -> Outcome | Refused:
    if action == "delete" and reason == "not in table":
        return "absent"
    if action == "add" and reason == "File exists":
        return "present"
    return Refused(reason.removeprefix("route: "))


def _wordless(status: int) -> str:
    return f"route exited with {status}" if status > 0 else f"signal {-status} ended route"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
