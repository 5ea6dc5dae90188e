"""What configd knows, by scutil(8): the primary service, the interfaces in service order, the connected VPN services.

VPN clients that make their utun themselves (wg-quick, openvpn, tailscaled) are no services: nothing here tells of
them. Pure: text in, values out; sources are configd's scutil.tproj/nc.c and nwi/network_state_information_logging.h.
Nothing raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Family

_LIST = "network connection services in the current set"  # its title, also where there are none
# "* (Connected)   UUID VPN (com.example.vpn) "Work" [VPN:com.example.vpn]"; an older one has "VPN --> IKEv2"
_CONNECTION = re.compile(r'(\*?)\s*\(([^)]*)\)\s+(\S+) ([^"]*)"(.*)"(?:\s*\[(.*)\])?')
_TITLES: dict[str, Family] = {"IPv4": "inet", "IPv6": "inet6"}
_SECTION = re.compile(r"(IPv[46]) network interface information")
# "     en0 : flags      : 0x5 (IPv4,DNS)": a name; the members that follow are indented further and have none
_STATE = re.compile(r"\s*(\S+) : flags\s*: \S+(?: \((.*)\))?")


class Primary(NamedTuple):
    """The service that has the unscoped default route of a family."""

    interface: str
    service: str = ""
    router: str | None = None  # none for a point-to-point link


class InterfaceState(NamedTuple):
    """One interface of a service, as configd ranks them."""

    family: Family
    interface: str
    flags: tuple[str, ...] = ()  # "IPv4", "IPv6", "DNS", ...
    address: str | None = None
    vpn_server: str | None = None
    reachable: bool = False


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


def interface_states(text: str) -> tuple[InterfaceState, ...]:
    """Return the interfaces that ``scutil --nwi`` lists, the highest ranked of each family first."""
    found: list[InterfaceState] = []
    family: Family | None = None
    for line in text.splitlines():
        section, state = _SECTION.fullmatch(line.strip()), _STATE.fullmatch(line.rstrip())
        if section:
            family = _TITLES[section[1]]
        elif state and family:
            found.append(InterfaceState(family, state[1], tuple(filter(None, (state[2] or "").split(",")))))
        elif found:
            found[-1] = _with_member(found[-1], line)
    return tuple(found)


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


def _with_member(state: InterfaceState, line: str) -> InterfaceState:
    key, colon, value = (part.strip() for part in line.partition(" : "))
    match key if colon else "":
        case "address":
            return state._replace(address=value)
        case "VPN server":
            return state._replace(vpn_server=value)
        case "reach":
            return state._replace(reachable="(Reachable" in value)
        case _:
            return state
