"""Prompts, and the commands echoed behind them: which command's output follows, as far as its rows don't say it.

``ip route show table 100`` prints no table, ``ip route show dev eth0`` no device, and a default without a gateway
doesn't tell IPv4 from IPv6.
"""

from __future__ import annotations

import re

from routewatch.host.macos.columns import NONE
from routewatch.host.macos.rows import row as bsd_row
from routewatch.host.text import cells, documents
from routewatch.host.text.echoes import FAMILIES, Echo, ip_echo, is_option, is_plain, other_echo, table_of

_ENDS = "$#%>\u276f\u279c\u00bb"  # of prompts: the shells', and what people's own look like
_PROMPT = re.compile(rf"(?:\(\S{{1,40}}\) )?(?:[^\s{_ENDS}]{{1,80}} )?[^\s{_ENDS}]{{0,120}} ?[{_ENDS}](?:\s+|$)")
_HEADING = re.compile(
    r"(?:IPv([46]) )?(?:ip )?(?:rout(?:e|ing) )?table (\w{1,30})(?: rout(?:es|ing)| rules)?:(?=\s|$)", re.IGNORECASE
)
_COMMAND = re.compile(
    r"(?:(?:sudo|doas|time|busybox|adb shell)\s+(?:-\S+\s+)*)*(?:\w+=\S*\s+)*"
    r"(?:/[\w/.-]*/)?(netstat|route|ip)(?=\s|$)(.*)"
)
_MARKS = " =-+#*~:>|[]().!\"'"  # of headings: those of scripts, of a shell's trace, of Markdown
_LONGEST = 200  # of a command
_WITHIN = re.compile(r"(?:^|.*[\s(`\"';])ip(?=\s)(.*)")  # "for t in 1 2; do ip route show table $t; done"
# What tells a row whose address somebody masked ("10.% link#4 UCS en0", "$IP dev tun0") from a prompt
_ADDRESS = re.compile(r"\d{1,3}[./]", re.ASCII)
_CELL = re.compile(r"link#\d+|U[A-Zbcdghilmnr123]{0,9}|(?:[0-9a-f]{1,2}[:.]){5}[0-9a-f]{1,2}|fe80:\S+", re.ASCII)
_SEPARATOR = re.compile(r"[\s,;]+")
_AFTER_DESTINATION = frozenset({"dev", "via", "proto", "scope", "metric"})
_TABLE = frozenset({"Destination", "Routing", "Kernel"})


def echo(line: str) -> Echo | None:
    """Return what a line that is a prompt, with or without a command, says of what follows; None for other lines."""
    if (heading := _HEADING.fullmatch(line)) is not None:
        return _headed(heading)
    prompt = _PROMPT.match(line)
    if prompt and ("<" in prompt.group() or "::" in prompt.group()):
        prompt = None  # masked ("<server>"), flags ("flags=8051<UP,RUNNING>"), an address cut off ("fe80::%")
    rest = line[prompt.end() :] if prompt else line
    command = _COMMAND.fullmatch(rest)
    if command is not None:
        return _echoed(command.group(1), command.group(2), is_prompted=prompt is not None)
    if (told := _decorated(line)) is not None:
        return told
    if prompt and _says_nothing(rest, prompt.group()):
        within = _WITHIN.fullmatch(rest)
        return (within and _echoed("ip", within.group(1), is_prompted=True)) or Echo()
    return None


def _echoed(name: str, behind: str, *, is_prompted: bool) -> Echo | None:
    """Return what a command says; None where it is a sentence, or has its output behind it without line ends."""
    command = behind.partition("|")[0]
    words = command.split()
    if not _TABLE.isdisjoint(words) or words.count("dev") > command.count(";") + command.count("&&") + 1:
        return None
    if name == "ip":
        return ip_echo(command) if words and (is_prompted or is_plain(words)) else None
    return other_echo(words) if is_prompted or all(map(is_option, words)) else None


def _decorated(line: str) -> Echo | None:
    """Read a command, or the name of a table, with marks around it that make it a heading, or a sentence before it."""
    bare = line.replace("`", " ").strip(_MARKS) if len(line) < _LONGEST else line
    if bare == line:
        return None
    if (heading := _HEADING.fullmatch(f"{bare}:")) is not None:
        return _headed(heading)
    if line.endswith(":"):
        bare = bare[max(bare.rfind(" ip "), -1) + 1 :]
    command = _COMMAND.fullmatch(bare)
    return None if command is None else _echoed(command.group(1), command.group(2), is_prompted=False)


def _headed(heading: re.Match[str]) -> Echo:
    number, name = table_of(heading[2].lower() if heading[2].isalpha() else heading[2])
    return Echo(family=FAMILIES.get(f"-{heading[1]}"), table=number, table_name=name)


def headed(line: str) -> list[str]:
    """Cut a heading off the row that some programs' reports print behind it ("IPv4 Table 201: default via ...")."""
    heading = _HEADING.match(line)
    rest = line[heading.end() :].strip() if heading else ""
    return [line] if heading is None or not rest else [heading[0].strip(), rest]


def _says_nothing(rest: str, prompt: str) -> bool:
    """Tell whether what stands behind a prompt can't be a row that somebody marked or commented out."""
    if "@" in prompt:
        return True
    words = _SEPARATOR.split(rest)
    masked = any(word == "default" or _ADDRESS.match(word) for word in prompt.split())
    if masked or any(_CELL.fullmatch(word) for word in words[:2]) or (words and words[0] in _AFTER_DESTINATION):
        return False
    if documents.begins(rest) or bsd_row(rest, NONE) is not None:
        return False
    return not any(cells.prefix(word) or word == "default" for word in words)
