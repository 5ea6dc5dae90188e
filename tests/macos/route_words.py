"""How ``route`` reads an address: not as netstat prints it. Written from network_cmds' route.tproj (getaddr, newroute).

Text in, numbers out, or a complaint with its exit status. It knows no table.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from tests.macos.kernel import is_zoned

if TYPE_CHECKING:
    from collections.abc import Callable

EX_USAGE, EX_NOHOST, EX_OSERR, EX_NOPERM = 64, 68, 71, 77  # sysexits.h
UNKNOWN_NAME = "nodename nor servname provided, or not known"  # gai_strerror
GLOBAL_UNICAST = 0x20  # 2000::/3


class Complaint(Exception):  # noqa: N818  # what route says before it exits is no error of ours
    """The program says this on its standard error and exits so."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Destination(NamedTuple):
    """What a destination word means."""

    address: str
    length: int | None  # None: no mask was given or found
    is_host: bool
    zone: int = 0
    echo: str = ""


def bad_address(word: str) -> Complaint:
    return Complaint(EX_NOHOST, f"route: bad address: {word}")


def inet_destination(word: str, *, as_net: bool, as_host: bool) -> Destination:
    """Read an IPv4 destination as getaddr does. A length that was read is not echoed."""
    stem, slash, length = word.partition("/")
    if slash:
        network = inet_network(stem)
        if network is None:
            raise bad_address(word)
        return _network(network, int(length) if length.isdigit() else 0, stem)
    host = None if as_net else inet_aton(word)
    if host is not None:
        if as_host or _host_part(host):
            return Destination(str(IPv4Address(host)), None, is_host=True, echo=word)
        return _network(host, 0, word)
    network = None if as_host else inet_network(word)
    if network is None:
        raise bad_address(word)
    return _network(network, 0, word)


def _network(value: int, bits: int, echo: str) -> Destination:
    """Shift leading zero octets away, and take the mask from trailing ones (inet_makenetandmask)."""
    while value and not value >> 24:
        value = value << 8 & 0xFFFFFFFF
    if not bits and value:
        bits = next(32 - 8 * n for n in range(4) if value >> 8 * n & 0xFF)
    return Destination(str(IPv4Address(value)), bits, is_host=False, echo=echo)


def _host_part(value: int) -> int:
    """Return the host's part of an address, by its class (inet_lnaof)."""
    first = value >> 24
    return value & (0xFFFFFF if first < 128 else 0xFFFF if first < 192 else 0xFF)  # classes A, B and C


def inet_aton(word: str) -> int | None:
    """Read one to four numbers, the last of which fills what is left (inet_aton(3))."""
    parts = _numbers(word)
    if not parts or any(part > 0xFF for part in parts[:-1]) or parts[-1] >= 1 << 8 * (5 - len(parts)):  # an octet
        return None
    value = parts[-1]
    for place, part in enumerate(parts[:-1]):
        value |= part << 24 - 8 * place
    return value


def inet_network(word: str) -> int | None:
    """Read one to four octets as one number (inet_network(3)). INADDR_NONE is no network."""
    parts = _numbers(word)
    if not parts or any(part > 0xFF for part in parts):  # an octet
        return None
    value = 0
    for part in parts:
        value = value << 8 | part
    return None if value == 0xFFFFFFFF else value  # INADDR_NONE


def _numbers(word: str) -> list[int]:
    """Return one to four numbers written as C writes them; [] for anything else."""
    parts = word.split(".")
    if len(parts) > 4 or not all(part.isascii() and part[:1].isdigit() for part in parts):  # octets
        return []
    try:
        return [int(part, 8 if part[:1] == "0" and part.isdigit() else 0) for part in parts]
    except ValueError:
        return []


def inet6_address(word: str, index_of: Callable[[str], int]) -> tuple[str, int]:
    """Read an IPv6 address and its zone; a zone may also stand in the second group. Exit 1 for anything else."""
    stem, percent, name = word.partition("%")
    zone = int(name) if name.isdigit() else index_of(name) if percent else 0
    try:
        address = IPv6Address(stem)
    except AddressValueError:
        raise Complaint(1, f"{word}: {UNKNOWN_NAME}") from None
    if percent and not zone:
        raise Complaint(1, f"{word}: {UNKNOWN_NAME}")
    octets = address.packed
    if is_zoned(str(address)) and any(octets[2:4]):
        zone, octets = int.from_bytes(octets[2:4], "big"), octets[:2] + b"\0\0" + octets[4:]
    return str(IPv6Address(octets)), zone


def inet6_destination(word: str, index_of: Callable[[str], int]) -> Destination:
    """Read an IPv6 destination; its length, if not written, is guessed (inet6_makenetandmask). All of it is echoed."""
    stem, slash, text = word.partition("/")
    address, zone = inet6_address(stem, index_of)
    octets = IPv6Address(address).packed
    if not slash and address == "::" and not zone:
        text = "0"
    elif not slash and octets[0] & 0xE0 == GLOBAL_UNICAST and not any(octets[8:]):
        text = "64"
    if text in ("", "128"):
        return Destination(address, None, is_host=True, zone=zone, echo=word)
    return Destination(address, prefix_length(text, 128), is_host=False, zone=zone, echo=word)


def prefix_length(word: str, most: int) -> int:
    """Read a length as atoi does. Exit 1 where it is out of range."""
    digits = ""
    for letter in word:
        if not (letter.isdigit() or (letter == "-" and not digits)):
            break
        digits += letter
    length = int(digits) if digits.strip("-") else 0
    if not 0 <= length <= most:
        raise Complaint(1, f"{word}: bad value")
    return length


def inet_mask(word: str) -> int:
    """Read a mask as an address and return its length. Exit 68 where it has holes."""
    value = inet_aton(word)
    if value is None:
        raise bad_address(word)
    inverse = ~value & 0xFFFFFFFF
    if inverse & (inverse + 1):
        raise Complaint(EX_NOHOST, f"route: invalid mask: {IPv4Address(value)}")
    return value.bit_count()
