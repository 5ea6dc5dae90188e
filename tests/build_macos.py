"""Rows and tables of macOS, as its netstat prints them: the tests' language for that system.

``row("10.8/16 10.8.0.5 UGSc utun4")`` is the route that such a line shows: destination, gateway, flags, interface, and
what stands under Expire. It reads what tests write, and nothing else; the product's own reader is another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import prefix
from routewatch.core.model import Route
from routewatch.core.saved import Saved
from tests import build

if TYPE_CHECKING:
    from routewatch.core.model import Family
    from routewatch.core.snapshot import Snapshot

MAC_ADDRESS = re.compile(r"([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}")


def row(line: str) -> Route:
    """Read one row: ``default 192.168.1.1 UGScg en0``, ``fe80::%utun0/64 fe80::1%utun0 UcI utun0``."""
    target, towards, flags, interface, *expire = line.split()
    family: Family = "inet6" if ":" in target or (target == "default" and "::" in towards) else "inet"
    destination, zone = _destination(target, family, is_host="H" in flags)
    is_link = "#" in towards or MAC_ADDRESS.fullmatch(towards) is not None or not {".", ":"} & {*towards}
    gateway, _, gateway_zone = towards.partition("%")
    return Route(
        family=family,
        destination=destination,
        zone=zone,
        gateway=None if is_link else gateway,
        gateway_zone=None if is_link else gateway_zone or None,
        link=towards if is_link else None,
        interface=interface,
        flags=flags,
        scoped="I" in flags,
        expires=expire[0] if expire else None,
    )


def _destination(text: str, family: Family, *, is_host: bool) -> tuple[str, str | None]:
    """Return the prefix, and the zone where one is printed; netstat leaves out a length that the class tells."""
    if text == "default":
        return ("::/0" if family == "inet6" else "0.0.0.0/0"), None
    found, _, length = text.partition("/")
    network, _, zone = found.partition("%")
    if family == "inet6":
        return str(prefix(f"{network}/{length or 128}")), zone or None
    octets = network.split(".")
    first = int(octets[0])
    by_class = 32 if is_host else 8 if first < 128 else 16 if first < 192 else 24
    whole = ".".join([*octets, "0", "0", "0"][:4])
    return str(prefix(f"{whole}/{length or by_class}")), None


def rows(text: str) -> tuple[Route, ...]:
    """Read several rows, one a line."""
    return tuple(row(line) for line in text.splitlines() if line.strip())


def table(text: str) -> Snapshot:
    """Return a saved table: its routes, and nothing that no table tells."""
    return replace(build.snapshot(routes=rows(text)), platform="macos", processes_seen=False)


def saved(after: str, *, during: str | None = None, before: str | None = None) -> Saved:
    """Return what somebody saved: the last table, and those from before and under the VPN where there are any."""
    return Saved(
        after=table(after),
        during=None if during is None else table(during),
        before=None if before is None else table(before),
    )
