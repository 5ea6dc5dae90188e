"""The cells of a BSD routing table: destinations, gateways and link-layer addresses as netstat prints them.

It knows how the BSDs abbreviate, class by class, and what else than an address a gateway can be. It does not know
tables, columns or families of sections. What can't be understood is None; nothing raises. Sources: netstat's
route.c of network_cmds (Apple), show.c of NetBSD and OpenBSD, route.c of FreeBSD: netname, routename, p_sockaddr.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from socket import AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routewatch.core.model import Family

_INET = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:/(\d{1,2}))?", re.ASCII)
_INET6 = re.compile(r"([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(?:%([^/%\s]+))?(?:/(\d{1,3}))?", re.ASCII)
# link_ntoa(3) writes dots, ether_ntoa(3) and netstat colons; either may follow the interface's name
_MAC = re.compile(
    r"(?:[A-Za-z][\w-]*:)?([0-9A-Fa-f]{1,2}(?:([:.])[0-9A-Fa-f]{1,2})(?:\2[0-9A-Fa-f]{1,2}){4,})", re.ASCII
)
_LINK_INDEX = re.compile(r"link#\d+", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z_-]*\d+", re.ASCII)
_MAC_OCTETS = 6
_INET_OCTETS = 4


class Destination(NamedTuple):
    """A destination: its prefix, and the interface that a link-local one belongs to."""

    prefix: str
    zone: str | None = None


class Gateway(NamedTuple):
    """A gateway: an address with its zone, or else a link."""

    address: str | None = None
    zone: str | None = None
    link: str | None = None


def inet_destination(text: str, *, host: bool) -> Destination | None:
    """Read an IPv4 destination; ``host``: its row has the H flag.

    Octets that are left out are zero. Without a length a network has the mask of its class (forgemask): 192.168.0 is
    a /24. Four octets, no length and no H flag are printed by none of them.
    """
    if text == "default":
        # netstat asks for address and mask before it asks for H: a host route to 0.0.0.0 is printed so as well
        return Destination("0.0.0.0/32" if host else "0.0.0.0/0")
    found = _INET.fullmatch(text)
    if found is None:
        return None
    octets = [int(octet) for octet in found.groups()[:_INET_OCTETS] if octet is not None]
    length = _inet_length(octets, found[5], host=host)
    octets += [0] * (_INET_OCTETS - len(octets))
    if length is None or length > 32 or max(octets) > 255:  # noqa: PLR2004 - what IPv4 is
        return None
    number = (octets[0] << 24) | (octets[1] << 16) | (octets[2] << 8) | octets[3]
    if number & (0xFFFFFFFF >> length):
        return None
    return Destination(f"{octets[0]}.{octets[1]}.{octets[2]}.{octets[3]}/{length}")


def inet6_destination(text: str, *, host: bool) -> Destination | None:
    """Read an IPv6 destination. A network without a length was printed without -n: nobody knows how large it is."""
    if text == "default":
        return Destination("::/0")
    found = _INET6.fullmatch(text)
    if found is None:
        return None
    packed = _packed(found[1])
    if packed is None or (found[3] is None and not host):
        return None
    length = 128 if found[3] is None else int(found[3])
    if length > 128 or int.from_bytes(packed) & ((1 << (128 - length)) - 1):  # noqa: PLR2004 - what IPv6 is
        return None
    return Destination(f"{_inet6_text(packed)}/{length}", found[2])


@lru_cache(maxsize=8192)
def gateway(text: str) -> Gateway | None:
    """Read a gateway: an address, ``link#18``, a link-layer address in any spelling, or an interface's name."""
    if _LINK_INDEX.fullmatch(text):
        return Gateway(link=text)
    found = _INET.fullmatch(text)
    if found is not None and found[4] is not None and found[5] is None:
        octets = [int(octet) for octet in found.groups()[:_INET_OCTETS]]
        return Gateway(".".join(map(str, octets))) if max(octets) < 256 else None  # noqa: PLR2004 - an octet
    mac = link_layer_address(text)
    if mac is not None:
        return Gateway(link=mac)
    found = _INET6.fullmatch(text)
    if found is not None and found[3] is None:
        packed = _packed(found[1])
        return Gateway(_inet6_text(packed), found[2]) if packed is not None else None
    return Gateway(link=text) if _INTERFACE.fullmatch(text) else None


def link_layer_address(text: str) -> str | None:
    """Read a MAC address printed with colons or dots and without leading zeros, as "0a:00:27:00:00:01"."""
    found = _MAC.fullmatch(text)
    if found is None:
        return None
    octets = found[1].split(found[2])
    if found[2] == ":" and len(octets) != _MAC_OCTETS:
        return None  # eight groups with colons are an IPv6 address: netstat writes colons for Ethernet only
    return ":".join(octet.rjust(2, "0") for octet in octets).lower()


def family(text: str) -> Family | None:
    """Tell the family of a destination, whatever its section says; None for ``default`` and for names."""
    if ":" in text:
        return "inet6" if _INET6.fullmatch(text) else None
    return "inet" if _INET.fullmatch(text) else None


def _inet_length(octets: list[int], printed: str | None, *, host: bool) -> int | None:
    if printed is not None:
        return int(printed)
    if len(octets) == _INET_OCTETS:
        return 32 if host else None
    if host:
        return None  # routename prints four octets, always
    return 8 if octets[0] < 128 else 16 if octets[0] < 192 else 24  # noqa: PLR2004 - IN_CLASSA, IN_CLASSB, the rest


def _packed(text: str) -> bytes | None:
    try:
        return inet_pton(AF_INET6, text)
    except (OSError, ValueError):  # ValueError: a null character
        return None


def _inet6_text(packed: bytes) -> str:
    """Write an address as RFC 5952 does, without dotted IPv4: libraries, and Python's versions, differ in these."""
    text = inet_ntop(AF_INET6, packed)
    if "." not in text:
        return text
    text = str(IPv6Address(packed))
    if "." not in text:
        return text
    return f"::ffff:{int.from_bytes(packed[12:14]):x}:{int.from_bytes(packed[14:]):x}"
