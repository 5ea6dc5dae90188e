"""What configd knows, by scutil(8): the primary service and its router, the connected VPN services.

VPN clients that make their utun themselves (wg-quick, openvpn, tailscaled) are no services: nothing here tells of
them. Pure: text in, values out; the source is configd's scutil.tproj/nc.c. Nothing raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.addresses import address
from routewatch.core.model import Router

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIST = "network connection services in the current set"  # its title, also where there are none
# "* (Connected)   UUID VPN (com.example.vpn) "Work" [VPN:com.example.vpn]"; an older one has "VPN --> IKEv2"
_CONNECTION = re.compile(r'(\*?)\s*\(([^)]*)\)\s+(\S+) ([^"]*)"(.*)"(?:\s*\[(.*)\])?')


class Primary(NamedTuple):
    """The service that has the unscoped default route of a family."""

    interface: str
    service: str = ""
    router: str | None = None  # none for a point-to-point link


class Connection(NamedTuple):
    """A VPN service: NetworkExtension, IPSec or PPP."""

    status: str  # "Connected", "Connecting", "Disconnecting", "Disconnected", ...
    service: str  # its UUID
    name: str
    type: str = ""  # "VPN (com.example.vpn)"
    provider: str = ""  # "VPN:com.example.vpn"
    enabled: bool = False

    @property
    def is_connected(self) -> bool:
        """Tell whether the service carries traffic now."""
        return self.status == "Connected"


def primaries(text: str) -> tuple[Primary | None, ...]:
    """Return one answer for each ``show State:/Network/Global/IPv4`` (or IPv6) that scutil was given, in order.

    None: there is no such key, so that family has no primary service.
    """
    return tuple(_primary(answer) for answer in _answers(text))


def routers(text: str) -> tuple[Router, ...]:
    """Return the IPv4 routers of such answers."""
    found = (primary for primary in primaries(text) if primary is not None)
    return tuple(
        Router(family="inet", interface=primary.interface, address=primary.router)
        for primary in found
        if primary.router and _is_ipv4(primary.router)
    )


def connections(text: str) -> tuple[Connection, ...] | None:
    """Return the VPN services that ``scutil --nc list`` prints; None where the text is no such list."""
    if _LIST not in text:
        return None
    rows = (_CONNECTION.fullmatch(line.strip()) for line in text.splitlines())
    return tuple(
        Connection(row[2], row[3], row[5], row[4].strip(), row[6] or "", enabled=bool(row[1])) for row in rows if row
    )


def _answers(text: str) -> Iterator[dict[str, str] | None]:
    """Yield the members of each dictionary, without those of the dictionaries and arrays inside."""
    depth = 0
    members: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if depth == 0 and line == "No such key":
            yield None
        elif line.endswith("{"):
            members = members if depth else {}
            depth += 1
        elif line == "}" and depth:
            depth -= 1
            if depth == 0:
                yield members
        elif depth == 1:
            key, _, value = line.partition(" : ")
            members[key] = value


def _primary(members: dict[str, str] | None) -> Primary | None:
    if not members or not members.get("PrimaryInterface"):
        return None
    return Primary(members["PrimaryInterface"], members.get("PrimaryService", ""), members.get("Router"))


def _is_ipv4(text: str) -> bool:
    try:
        return address(text).version == 4  # noqa: PLR2004 - IPv4
    except ValueError:
        return False
