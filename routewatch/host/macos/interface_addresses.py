"""The addresses in the lines of ifconfig: ``inet`` and ``inet6``, with masks in hexadecimal, dotted, or as a length.

Sources: network_cmds, ifconfig.tproj/af_inet.c and af_inet6.c, in all formats of ``-f``. Nothing raises.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise

from routewatch.core.model import Address

# What in6_status prints behind the length, as a single word
FLAGS = (
    "anycast", "tentative", "optimistic", "duplicated", "detached", "deprecated", "autoconf", "temporary", "dynamic",
    "secured", "clat46",
)  # fmt: skip


def parse(family: str, text: str) -> Address | None:
    """Read what stands behind ``inet`` or ``inet6``; None where it is no address or has no length."""
    words = text.split()
    own, _, own_length = words[0].partition("/") if words else ("", "", "")
    peer, _, peer_length = _behind("-->", words).partition("/")
    address, other = _address(own), _address(peer)
    length = _length(family, own_length or peer_length, words)
    if address is None or length is None or not 0 <= length <= address.max_prefixlen:
        return None
    if (address.version == 6) != (family == "inet6"):  # noqa: PLR2004 - the IP version
        return None
    return Address(
        address=str(address),
        prefix_length=length,
        peer=str(other) if other is not None and other != address else None,
        scope=_scope(address),
        flags=tuple(flag for flag in FLAGS if flag in words),
    )


def _behind(word: str, words: list[str]) -> str:
    """Return the word that follows; "" where there is none."""
    return next((after for before, after in pairwise(words) if before == word), "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; its zone is the link it stands under."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _length(family: str, slashed: str, words: list[str]) -> int | None:
    printed = slashed or (_behind("prefixlen", words) if family == "inet6" else "")
    if printed:
        return int(printed) if printed.isascii() and printed.isdigit() and len(printed) < 4 else None  # noqa: PLR2004 - 128
    return _of_mask(_behind("netmask", words)) if family == "inet" else None


def _of_mask(mask: str) -> int | None:
    """Return the length of ``0xffffff00`` or ``255.255.255.0``; None for a mask with holes."""
    try:
        number = int(mask, 16) if mask.startswith("0x") else int(IPv4Address(mask))
    except ValueError:
        return None
    inverse = number ^ 0xFFFFFFFF  # more than 32 bits stay visible as holes
    return None if inverse & (inverse + 1) else 32 - inverse.bit_length()


def _scope(address: IPv4Address | IPv6Address) -> str:
    if address.is_loopback:
        return "host"
    return "link" if address.is_link_local else "global"
