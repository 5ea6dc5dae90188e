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
        "address": f"{remark.address.address}/{remark.address.prefix_length}",
        "session": remark.session,
        "because": remark.because,
        "command": command(remark),
    }


def command(remark: Remark) -> str:
    """Return the command that takes the address away, quoted for a shell (ip-address(8))."""
    family = ["-6"] if ":" in remark.address.address else []
    address = f"{remark.address.address}/{remark.address.prefix_length}"
    return " ".join(map(shlex.quote, ["ip", *family, "addr", "del", address, "dev", remark.link]))


def remark_text(remark: Remark) -> str:
    """Return the two lines of a remark."""
    return "\n".join(
        map(printable, (f"  i  {remark.because}, which is yours to remove:", f"       $ {command(remark)}"))
    )
