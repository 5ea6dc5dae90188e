"""Prompts, and the commands echoed behind them: which command's output follows, as far as its rows don't say it.

``ip route show table 100`` prints no table, ``ip route show dev eth0`` no device, and a default without a gateway
doesn't tell IPv4 from IPv6.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from routewatch.host.text import cells

if TYPE_CHECKING:
    from routewatch.core.model import Family

_ENDS = "$#%>\u276f\u279c\u00bb"  # of prompts: the shells', and what people's own look like
_PROMPT = re.compile(rf"(?:\(\S{{1,40}}\) )?(?:[^\s{_ENDS}]{{1,80}} )?[^\s{_ENDS}]{{0,120}} ?[{_ENDS}](?:\s+|$)")
_HEADING = re.compile(
    r"(?:IPv([46]) )?(?:ip )?(?:rout(?:e|ing) )?table (\w{1,30})(?: rout(?:es|ing)| rules)?:(?=\s|$)", re.IGNORECASE
)
_COMMAND = re.compile(
    r"(?:(?:sudo|doas|time|busybox|adb shell)\s+(?:-\S+\s+)*)*(?:\w+=\S*\s+)*"
    r"(?:/[\w/.-]*/)?(netstat|route|ip)(?=\s|$)(.*)"
)
# What tells a row whose address somebody masked ("10.% link#4 UCS en0", "$IP dev tun0") from a prompt
_ADDRESS = re.compile(r"\d{1,3}[./]", re.ASCII)
_CELL = re.compile(r"link#\d+|U[A-Zbcdghilmnr123]{0,9}|(?:[0-9a-f]{1,2}[:.]){5}[0-9a-f]{1,2}|fe80:\S+", re.ASCII)
_AFTER_DESTINATION = frozenset({"dev", "via", "proto", "scope", "metric"})
_OPTION = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
# ip(8): an object or a command may be cut as long as it is told apart
_OBJECTS = {"route": "r", "rule": "ru"}
_FAMILIES: dict[str, Family] = {"-4": "inet", "-6": "inet6", "inet": "inet", "inet6": "inet6"}
_TABLE = frozenset({"Destination", "Routing", "Kernel"})
_SHOWN = frozenset({"dev", "proto", "protocol", "table", "type", "root", "match", "exact", "scope", "from", "via"})


class Echo(NamedTuple):
    """What an echoed command says of the rows that follow it."""

    family: Family | None = None
    table: int | None = None
    table_name: str | None = None  # of the other machine's rt_tables: then the table is 0
    interface: str | None = None
    protocol: str | None = None


def echo(line: str) -> Echo | None:
    """Return what a line that is a prompt, with or without a command, says of what follows; None for other lines."""
    if (heading := _HEADING.fullmatch(line)) is not None:
        number, name = _table(heading[2].lower() if heading[2].isalpha() else heading[2])
        return Echo(family=_FAMILIES.get(f"-{heading[1]}"), table=number, table_name=name)
    prompt = _PROMPT.match(line)
    if prompt and ("<" in prompt.group() or "::" in prompt.group()):
        prompt = None  # masked ("<server>"), flags ("flags=8051<UP,RUNNING>"), an address cut off ("fe80::%")
    rest = line[prompt.end() :] if prompt else line
    command = _COMMAND.fullmatch(rest)
    if command is None:
        return Echo() if prompt and _says_nothing(rest, prompt.group()) else None
    name, words = command.group(1), command.group(2).partition("|")[0].split()
    if not _TABLE.isdisjoint(words) or words.count("dev") > 1:
        return None  # its output was pasted behind it, without line ends
    if name == "ip":
        return _ip(words) if words and (prompt or _is_plain(words)) else None
    if prompt is None and not all(_OPTION.fullmatch(word) for word in words):
        return None
    return Echo(family=_family(words) or _combined(words))


def headed(line: str) -> list[str]:
    """Cut a heading off the row that some programs' reports print behind it ("IPv4 Table 201: default via ...")."""
    heading = _HEADING.match(line)
    rest = line[heading.end() :].strip() if heading else ""
    return [line] if heading is None or not rest else [heading[0].strip(), rest]


def _says_nothing(rest: str, prompt: str) -> bool:
    """Tell whether what stands behind a prompt can't be a row that somebody marked or commented out."""
    if "@" in prompt:
        return True
    words = rest.split()
    masked = any(word == "default" or _ADDRESS.match(word) for word in prompt.split())
    if masked or any(_CELL.fullmatch(word) for word in words[:2]) or (words and words[0] in _AFTER_DESTINATION):
        return False
    return not any(cells.prefix(word) or word == "default" for word in rest.split())


def _is_plain(words: list[str]) -> bool:
    """Tell a command without a prompt from a sentence that begins with "ip"."""
    options = [word for word in words if not word.startswith("-")]
    return bool(options) and any(_is_object(options[0], name) for name in _OBJECTS)


def _is_object(word: str, name: str) -> bool:
    return name.startswith(word) and word.startswith(_OBJECTS[name])


def _ip(words: list[str]) -> Echo:
    found = dict(pairwise(words))
    shown = {name: word for name, word in found.items() if name in _SHOWN}
    # ip-route(8) takes "t" for "table" (matches(), iproute_list_flush_or_save)
    table = shown.get("table") or next((found[name] for name in ("tab", "ta", "t") if name in found), None)
    protocol = shown.get("proto") or shown.get("protocol")
    number, table_name = _table(table)
    objects = [word for word in words if not word.startswith("-")]
    alone = not any(word.endswith(";") or word == "&&" for word in words)
    rules = bool(objects) and objects[0] != "r" and _is_object(objects[0], "rule")
    family = (_family(words) or ("inet" if rules else None)) if alone else None  # iprule_list_flush_or_save
    return Echo(family=family, table=number, table_name=table_name, interface=shown.get("dev"), protocol=protocol)


def _table(word: str | None) -> tuple[int | None, str | None]:
    """Return a table's number, or 0 and its name where only its own machine knows the number; None for all tables."""
    if word is None:
        return None, None
    number = cells.TABLES.get(word, cells.natural(word))
    return (0, word) if number is None else (number or None, None)


def _family(words: list[str]) -> Family | None:
    return next((_FAMILIES[word] for word in words if word in _FAMILIES), None)


def _combined(words: list[str]) -> Family | None:
    letters = "".join(word[1:] for word in words if word.startswith("-") and not word.startswith("--"))
    return "inet6" if "6" in letters and "4" not in letters else None
