"""Single words of a table as values: addresses, prefixes, numbers, names. None where a word is no such thing.

Strict on purpose: a damaged or masked word must not become an address that nobody wrote.
"""

from __future__ import annotations

import re
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING

from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE

if TYPE_CHECKING:
    from routewatch.core.model import Family

BITS: dict[Family, int] = {"inet": 32, "inet6": 128}
EVERYTHING: dict[Family, str] = {"inet": "0.0.0.0/0", "inet6": "::/0"}
UNSPECIFIED = frozenset({"0.0.0.0", "::", "*", "[::]"})  # noqa: S104 - what tables print where there is no gateway
# RT_TABLE_*: the names that exist everywhere. 0 is "unspec": what else a name means, only its own machine knows
TABLES = {"unspec": 0, "default": DEFAULT_TABLE, "main": MAIN_TABLE, "local": LOCAL_TABLE, "all": 0}
_NAME_SIZE = 15  # IFNAMSIZ less its zero
_NAME = re.compile(rf"[^/:<>,;]{{1,{_NAME_SIZE}}}")
_DIGITS = 10  # of 2^32 - 1
_HIGHEST = 2**32 - 1


@lru_cache(maxsize=4096)
def address(word: str) -> tuple[Family, str] | None:
    """Read an address without zone: its family, and the address as the kernel's own library writes it."""
    family: Family = "inet6" if ":" in word else "inet"
    number = AF_INET6 if family == "inet6" else AF_INET
    try:
        return family, inet_ntop(number, inet_pton(number, word))
    except (OSError, ValueError):
        return None


def prefix(word: str) -> tuple[Family, str] | None:
    """Read an address or a prefix as CIDR; None also where bits of the host are set, which no table has."""
    base, slash, size = word.partition("/")
    found = address(base)
    if found is None:
        return None
    family, plain = found
    bits = BITS[family]
    length = number(size) if slash else bits
    if length is None or not 0 <= length <= bits:
        return None
    return (family, f"{plain}/{length}") if length == bits or _is_network(family, plain, length) else None


def _is_network(family: Family, plain: str, length: int) -> bool:
    packed = inet_pton(AF_INET6 if family == "inet6" else AF_INET, plain)
    return not int.from_bytes(packed, "big") & ((1 << (BITS[family] - length)) - 1)


@lru_cache(maxsize=256)
def mask_length(word: str) -> int | None:
    """Return the length of a dotted mask; None where its ones aren't all in front."""
    found = address(word)
    if found is None or found[0] != "inet":
        return None
    inverted = ~int.from_bytes(inet_pton(AF_INET, word), "big") & _HIGHEST
    return 32 - inverted.bit_length() if not inverted & (inverted + 1) else None


def number(word: str) -> int | None:
    """Read a decimal number of at most 32 bits, maybe negative."""
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        return None
    return int(word) if int(digits) <= _HIGHEST else None


def bits(word: str) -> int | None:
    """Read a number of at most 32 bits, decimal or hexadecimal."""
    if not word.startswith("0x"):
        return natural(word)
    try:
        found = int(word, 16)
    except ValueError:
        return None
    return found if found <= _HIGHEST else None


def natural(word: str) -> int | None:
    """Read a number of at most 32 bits that isn't negative."""
    found = number(word)
    return found if found is not None and found >= 0 else None


def is_name(word: str) -> bool:
    """Tell whether a word is the name of an interface (dev_valid_name, net/core/dev.c), not masked, nor of a list."""
    return _NAME.fullmatch(word) is not None and (word.isascii() or len(word.encode(errors="replace")) <= _NAME_SIZE)
