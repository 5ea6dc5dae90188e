"""What a command tells of the rows that it printed, as far as they don't say it themselves.

``ip route show table 100`` prints no table, ``ip route show dev eth0`` no device, and a default without a gateway
doesn't tell IPv4 from IPv6. It knows commands, not what stands around them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routewatch.core.model import Family

FAMILIES: dict[str, Family] = {"-4": "inet", "-6": "inet6", "inet": "inet", "inet6": "inet6"}
# ip(8): an object or a command may be cut as long as it is told apart
_OBJECTS = {"route": "r", "rule": "ru"}
_OPTION = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
_SHOWN = frozenset(
    {"dev", "proto", "protocol", "table", "vrf", "type", "root", "match", "exact", "scope", "from", "via"}
)
_COMMANDS = re.compile(r"\s*(?:;|&&|\|\|)\s*")
_MAIN = "main"


class Echo(NamedTuple):
    """What an echoed command says of the rows that follow it."""

    family: Family | None = None
    table: int | None = None
    table_name: str | None = None  # that only the other machine knows: then the table is 0
    interface: str | None = None
    protocol: str | None = None


def is_plain(words: Sequence[str]) -> bool:
    """Tell a command of ``ip`` without a prompt from a sentence that begins with "ip"."""
    options = [word for word in words if not word.startswith("-")]
    return bool(options) and any(_is_object(options[0], name) for name in _OBJECTS)


def is_option(word: str) -> bool:
    """Tell whether a word may be an option of ``netstat`` or ``route``, or the value of one."""
    return _OPTION.fullmatch(word) is not None


def other_echo(words: Sequence[str]) -> Echo:
    """Return what the options of ``netstat`` or ``route`` say."""
    letters = "".join(word[1:] for word in words if word.startswith("-") and not word.startswith("--"))
    combined: Family | None = "inet6" if "6" in letters and "4" not in letters else None
    return Echo(family=_family(words) or combined)


def ip_echo(command: str) -> Echo:
    """Return what stands behind "ip" says; of several commands on one line, what their rows have in common."""
    first, *others = _COMMANDS.split(command.rstrip(" :"))
    listed = [first, *(other.removeprefix("sudo ")[3:] for other in others if other.removeprefix("sudo ")[:3] == "ip ")]
    told = [_one(words) for words in map(str.split, listed)]
    if len(told) == 1:
        return told[0] if not others else told[0]._replace(family=None)
    rows = [echo for words, echo in zip(map(str.split, listed), told, strict=True) if not _is_rules(words)] or told
    tables = list(dict.fromkeys((echo.table, echo.table_name) for echo in rows))
    if len(tables) == 1:
        return Echo(table=tables[0][0], table_name=tables[0][1])
    # one table's rows behind another's, and nothing between them
    return Echo(table=0, table_name=" or ".join(name or str(number or _MAIN) for number, name in tables))


def _one(words: Sequence[str]) -> Echo:
    found = dict(pairwise(words))
    shown = {name: word for name, word in found.items() if name in _SHOWN}
    # ip-route(8) takes "t" for "table" (matches(), iproute_list_flush_or_save)
    table = shown.get("table") or next((found[name] for name in ("tab", "ta", "t") if name in found), None)
    number, name = table_of(table)
    if "vrf" in shown:  # its table, whose number ``ip`` looks up
        number, name = 0, f"vrf {shown['vrf']}"
    return Echo(
        family=_family(words) or ("inet" if _is_rules(words) else None),  # iprule_list_flush_or_save
        table=number,
        table_name=name,
        interface=shown.get("dev"),
        protocol=shown.get("proto") or shown.get("protocol"),
    )


def table_of(word: str | None) -> tuple[int | None, str | None]:
    """Return a table's number, or 0 and its name where only its own machine knows the number; None for all tables."""
    if word is None:
        return None, None
    number = cells.TABLES.get(word, cells.bits(word))
    return (0, word) if number is None else (number or None, None)


def _is_rules(words: Sequence[str]) -> bool:
    objects = [word for word in words if not word.startswith("-")]
    return bool(objects) and objects[0] != "r" and _is_object(objects[0], "rule")


def _is_object(word: str, name: str) -> bool:
    return name.startswith(word) and word.startswith(_OBJECTS[name])


def _family(words: Sequence[str]) -> Family | None:
    return next((FAMILIES[word] for word in words if word in FAMILIES), None)
