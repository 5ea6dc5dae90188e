"""What stands around a table when people paste it: taken away, so that only lines of tables and commands remain.

Terminal escapes, marks of byte order, blanks and entities of web pages, quotes ("> "), fences of code, the line ends of
other systems. Knows no table.
"""

from __future__ import annotations

import re
from html import unescape

from routewatch.host.text.margins import without_margins

# ECMA-48: control sequences, operating system commands (ended by BEL or ST), and the short ones
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/][0-~]|\x1b[0-~]"
)
_BLANKS = {ord(letter): " " for letter in "\t\v\f\xa0\u2007\u202f\u3000"}
_NOTHING = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f\x07\x00"))
_LINE_END = re.compile(r"\r*\n|\r")
_QUOTE = re.compile(r"(?:[ ]*>)+ ?")
_CELLS = re.compile(r"</?(?:table|thead|tbody|tr|td|th|br)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_RULE = re.compile(r"\|[\s|:-]*-[\s|:-]*\|")
_QUOTED = re.compile(r"(?:[*+-] |\u2022 )?`([^`]+)`")
_ENTITY = re.compile(r"&(?:nbsp|lt|gt|amp|quot|apos|#\d{1,4}|#x[0-9a-fA-F]{1,4});")
_OPENING = re.compile(r"(?:<(?:pre|code|p|div|span)(?:\s[^<>]*)?>)+(?=[^<])", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=[^>])(?:</(?:pre|code|p|div|span)>|<br ?/?>)+$", re.IGNORECASE)
_FENCES = re.compile(r"(?:```|~~~)[\w+-]*|\[/?(?:code|quote|pre)\]|</?(?:pre|code)>", re.IGNORECASE)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without what pasting adds; a line that held nothing else is empty."""
    plain = unescape(text) if _ENTITY.search(text) else text
    if "\x1b" in plain or "\x9b" in plain:
        plain = _ESCAPES.sub("", plain)
    plain = plain.translate(_NOTHING).translate(_BLANKS)
    lines = _LINE_END.sub("\n", plain).split("\n")
    return without_margins([_bare(line) for line in lines])


def _bare(line: str) -> str:
    if ">" in line and (quote := _QUOTE.match(line)):
        line = line[quote.end() :]
    stripped = line.strip()
    if stripped[:1] == "<" or stripped[-1:] == ">":
        stripped = _CLOSING.sub("", _OPENING.sub("", stripped, count=1)).strip()
    if stripped[:2] in {"<t", "</", "<T", "<b"}:
        stripped = _CELLS.sub(" ", stripped).strip()
    elif stripped[:1] == "|" == stripped[-1:]:
        stripped = "" if _RULE.fullmatch(stripped) else stripped.replace("|", " ").strip()
    elif stripped[-1:] == "`" and (quoted := _QUOTED.fullmatch(stripped)):
        stripped = quoted[1].strip()
    return "" if stripped[:1] in {"`", "~", "[", "<"} and _FENCES.fullmatch(stripped) else stripped
