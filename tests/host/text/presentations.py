"""What becomes of a table on its way to us: each as a function from text to text.

``HARMLESS`` ones leave each row to be read as it was. ``HARMFUL`` ones may take rows away, which must be told then.
"""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def each(change: Callable[[str], str]) -> Callable[[str], str]:
    """Change each line that isn't empty."""
    return lambda text: "\n".join(change(line) if line.strip() else line for line in text.split("\n"))


def before(margin: str) -> Callable[[str], str]:
    """Put a margin in front of each line."""
    return each(lambda line: margin + line)


def numbered(form: str) -> Callable[[str], str]:
    """Number the lines."""
    return lambda text: "\n".join(form.format(n) + line for n, line in enumerate(text.split("\n"), start=1))


def between(start: str, end: str) -> Callable[[str], str]:
    """Put something around the whole text."""
    return lambda text: start + text + end


def wrapped(width: int) -> Callable[[str], str]:
    """Wrap at blanks, as mail does."""
    return each(lambda line: "\n".join(wrap(line, width, break_long_words=False, break_on_hyphens=False)))


def broken(width: int) -> Callable[[str], str]:
    """Break at a width, as a terminal does."""
    return each(lambda line: "\n".join(line[at : at + width] for at in range(0, len(line), width)))


def without_headers(text: str) -> str:
    """Leave out all that says what the table is."""
    return "\n".join(line for line in text.split("\n") if not re.match(r"Dest|Routing|Internet|Kernel", line))


HARMLESS: dict[str, Callable[[str], str]] = {
    "indented": before("    "),
    "behind a tab": before("\t"),
    "quoted": before("> "),
    "quoted twice": before(">> "),
    "quoted without a blank": before(">"),
    "trailing blanks": each(lambda line: line + "   \t "),
    "tabs for blanks": each(lambda line: re.sub(" +", "\t", line)),
    "blanks squeezed": each(lambda line: re.sub("[ \t]+", " ", line)),
    "blanks of a web page": lambda text: text.replace(" ", "\xa0"),
    "entities for blanks": lambda text: text.replace("  ", "&nbsp; "),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "lines of an old Mac": lambda text: text.replace("\n", "\r"),
    "a mark of byte order": between("\ufeff", ""),
    "empty lines between": lambda text: text.replace("\n", "\n\n"),
    "a fence": between("```\n", "\n```\n"),
    "a fence of a shell": between("~~~console\n", "\n~~~"),
    "preformatted": between("<pre><code>", "</code></pre>"),
    "line ends of HTML": each(lambda line: line + "<br>"),
    "cells of Markdown": each(lambda line: f"| {' | '.join(line.split())} |"),
    "code": each(lambda line: f"`{line.strip()}`"),
    "a prompt": between("me@mac ~ % netstat -nr\n", "\nme@mac ~ % \n"),
    "a prompt of root": between("root@host:~# ip route\n", "\nroot@host:~# exit\n"),
    "coloured": each(lambda line: f"\x1b[32m{line}\x1b[0m"),
    "coloured by grep": each(lambda line: f"\x1b[01;31m\x1b[K{line}\x1b[m\x1b[K"),
    "ruled": between("-----\n", "\n-----\n"),
    "a pager's": between("", "\n--More--\n(END)\n"),
    "bullets": each(lambda line: f"- {line.strip()}"),
    "stars": each(lambda line: f"* {line.strip()}"),
    "numbered by cat": numbered("{:6}\t"),
    "numbered by grep": numbered("{}:"),
    "numbered by hand": numbered("{}. "),
    "numbered by a viewer": numbered("{:4} | "),
    "numbered in brackets": numbered("[{}] "),
    "stamped by ts": before("Nov 24 12:00:01 "),
    "stamped with the hour": before("12:00:01 "),
    "stamped in brackets": before("[2026-11-24 12:00:01.123] "),
    "stamped with a zone": before("2026-11-24T12:00:01+0100 "),
    "logged": before("Nov 24 12:00:01 host vpn[123]: "),
    "logged by a container": before("vpn_1  | "),
    "a bar": before("| "),
}
HARMFUL: dict[str, Callable[[str], str]] = {
    "wrapped at 80": wrapped(80),
    "wrapped at 72": wrapped(72),
    "wrapped at 60": wrapped(60),
    "wrapped at 40": wrapped(40),
    "broken at 80": broken(80),
    "broken at 66": broken(66),
    "without headers": without_headers,
    "commented out": before("# "),
    "removed in a patch": before("-"),
    "found by grep": before("after.txt:"),
    "a list": each(lambda line: f'"{line}",'),
    "statements": each(lambda line: line + ";"),
    "commas for blanks": each(lambda line: ",".join(line.split())),
    "bold": each(lambda line: f"**{line.strip()}**"),
    "levelled": before("INFO: "),
    "other hyphens": lambda text: text.replace("-", "\u2011"),
    "on one line": lambda text: " ".join(text.split()),
}
