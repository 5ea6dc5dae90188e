"""Links in a text: ``ip address`` and ``ip link``, also with ``-br``, and ``ifconfig``, as people paste them too.

Written after iproute2 6.1 (ip/ipaddress.c). Of a link's kind ``ip`` tells only with ``-d``; else the name does. What is
of no use here (queues, counters, lifetimes) is passed over; an address that can't be read is handed back.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.inferred import kind_of
from routewatch.core.model import Address, Link
from routewatch.host.macos import interfaces
from routewatch.host.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

_IP = re.compile(r"(\d{1,9}): ([^\s:@/]{1,15})(?:@[^\s:]+)?: <([A-Z0-9_,-]*)>(.*)", re.ASCII)
_BRIEF = re.compile(
    r"([^\s:@/]{1,15})(?:@\S+)? +(UP|DOWN|UNKNOWN|LOWERLAYERDOWN|DORMANT|NOTPRESENT|TESTING)"
    r"((?: +(?:[0-9a-f.:]+(?:/\d{1,3})?|<[A-Z0-9_,-]*>|metric \d+|peer))*)",
    re.ASCII,
)
_IFCONFIG = re.compile(r"[^\s:]{1,15}: flags=[0-9a-f]+<[A-Z0-9_,]*>.*", re.ASCII)
_MASTER = re.compile(r"\bmaster (\S+)")
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_KINDS = frozenset(
    {"tun", "wireguard", "bridge", "veth", "vlan", "vxlan", "bond", "dummy", "gre", "gretap", "ipip", "sit", "vti"}
    | {"xfrm", "ip6tnl", "ip6gre", "macvlan", "ipvlan", "vrf", "ifb", "geneve", "team", "ovpn"}
)


def is_header(line: str) -> bool:
    """Tell whether a line begins a link."""
    return any(shape.fullmatch(line) for shape in (_IP, _IFCONFIG, _BRIEF))


def read_links(lines: Sequence[str]) -> tuple[list[Link], list[str]]:
    """Read a list of links: they, in order, and the lines with addresses that were not understood."""
    links: list[Link] = []
    unparsed: list[str] = []
    for block in _blocks(lines):
        if _IFCONFIG.fullmatch(block[0]):
            listing = interfaces.parse("\n".join(block))
            links += [_named(link) for link in listing.links]
            unparsed += listing.unparsed
        elif (shape := _IP.fullmatch(block[0])) is not None:
            links.append(_link(shape, block[1:], unparsed))
        elif (shape := _BRIEF.fullmatch(block[0])) is not None:
            links.append(_brief(shape))
            unparsed += block[1:]
    return links, unparsed


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in lines:
        if is_header(line) or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _named(link: Link) -> Link:
    """Return a link of ifconfig with the kind that a known name tells."""
    known = kind_of(link.name)
    return link if known == "ether" else replace(link, kind=known)


def _link(shape: re.Match[str], lines: Sequence[str], unparsed: list[str]) -> Link:
    flags = shape[3].split(",")
    master = _MASTER.search(shape[4])
    link = Link(
        name=shape[2],
        index=int(shape[1]),
        kind=kind_of(shape[2]),
        up="UP" in flags,
        carrier="LOWER_UP" in flags,
        master=master[1] if master else None,
        point_to_point="POINTOPOINT" in flags,
    )
    for line in lines:
        words = line.split()
        if words[0] in {"inet", "inet6"}:
            address = _address(words[1:])
            if address is None:
                unparsed.append(line)
            else:
                link = replace(link, addresses=(*link.addresses, address))
        elif words[0].startswith("link/"):
            link = _of_type(link, words)
        elif words[0] in _KINDS:
            link = replace(link, kind="tap" if words[:3] == ["tun", "type", "tap"] else words[0])
    return link


def _of_type(link: Link, words: Sequence[str]) -> Link:
    """Return the link with what its ``link/`` line says."""
    kind = words[0].removeprefix("link/")
    if kind == "ether":
        return replace(link, mac=words[1] if len(words) > 1 and _MAC.fullmatch(words[1]) else None)
    if kind == "none":  # a tun, or a WireGuard
        return replace(link, kind="tun") if link.kind == "ether" and link.point_to_point else link
    return replace(link, kind=kind)


def _brief(shape: re.Match[str]) -> Link:
    words = shape[3].replace("peer ", "").split()
    flags = next((word.strip("<>").split(",") for word in words if word.startswith("<")), [])
    # An address without a length is that before its peer's
    found = [_address([word]) for word in words if "/" in word]
    return Link(
        name=shape[1],
        index=0,
        kind="loopback" if "LOOPBACK" in flags else kind_of(shape[1]),
        up="UP" in flags or shape[2] in {"UP", "UNKNOWN", "DORMANT"},
        carrier="LOWER_UP" in flags or shape[2] in {"UP", "UNKNOWN"},  # "UNKNOWN": a tun, which tells no more
        mac=next((word for word in words if _MAC.fullmatch(word)), None),
        addresses=tuple(address for address in found if address is not None),
        point_to_point="POINTOPOINT" in flags,
    )


def _address(words: Sequence[str]) -> Address | None:
    """Read what stands behind ``inet``: an address, its length or its peer's, and its scope."""
    said = dict(pairwise(words))
    own, _, length = words[0].partition("/")
    peer, _, peer_length = said.get("peer", "").partition("/")
    found, size = cells.address(own), cells.natural(length or peer_length)
    if found is None or size is None or size > cells.BITS[found[0]]:
        return None
    other = cells.address(peer)
    scope = said.get("scope") or ("link" if found[1].startswith("fe80:") else "global")
    return Address(address=found[1], prefix_length=size, peer=other[1] if other else None, scope=scope)
