"""Remarks: what a VPN left beside routes and rules, with the command a person would type. Nothing is run here."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from routewatch.render.routes import printable

if TYPE_CHECKING:
    from routewatch.core.remarks import Remark
    from routewatch.render.objects import Object


def remark_object(remark: Remark) -> Object:
    """Return a remark as an object of the JSON."""
    return {
        "link": remark.link,
        "address": f"{remark.address.address}/{remark.address.prefix_length}" if remark.address else None,
        "session": remark.session,
        "because": remark.because,
        "command": command(remark),
    }


def command(remark: Remark) -> str:
    """Return the owner's own command, or the one that takes the address away, quoted for a shell (ip-address(8))."""
    if remark.remedy or remark.address is None:
        return remark.remedy
    family = ["-6"] if ":" in remark.address.address else []
    address = f"{remark.address.address}/{remark.address.prefix_length}"
    return " ".join(map(shlex.quote, ["ip", *family, "addr", "del", address, "dev", remark.link]))


def remark_text(remark: Remark) -> str:
    """Return the two lines of a remark."""
    yours = ", which is yours to remove" if remark.address else ""
    return "\n".join(map(printable, (f"  i  {remark.because}{yours}:", f"       $ {command(remark)}")))
