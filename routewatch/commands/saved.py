"""A file, or standard input, with a saved table: read within bounds, and refused with one clear line where it is none.

What is in the text, host/text knows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.errors import UsageError

if TYPE_CHECKING:
    from typing import BinaryIO

    from routewatch.host.text import Saved

STANDARD_INPUT = "-"
LARGEST = 64 * 1024 * 1024  # half a million rows
LONGEST_LINE = 64 * 1024  # no table has such lines but JSON, which may be one
_LOOKED_AT = 200  # bytes
_FORMATS = "it reads netstat -nr of macOS, the BSDs and Linux, route -n, ip route, ip -j route, and its own JSON"
_BYTE_ORDERS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16, which some systems' editors and shells save
# What a compressed file begins with, and what unpacks it to a pipe
_PACKED = {
    b"\x1f\x8b": "gzip -dc",
    b"\xfd7zXZ\0": "xz -dc",
    b"BZh": "bzip2 -dc",
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"PK\x03\x04": "unzip -p",
}


def read_saved(source: str) -> Saved:
    """Read a saved table from a file, or from standard input for "-".

    Raises UsageError where it can't be read, is too large, is no text, or holds no routing table.
    """
    from routewatch.host.text import read

    name = "standard input" if source == STANDARD_INPUT else source
    text = _text(_content(source, name), name)
    _refuse_long_lines(text, name)
    saved = read(text)
    if saved.platform is None:
        raise UsageError(f"{name}: no routing table was recognised", _FORMATS)
    return saved


def _content(source: str, name: str) -> bytes:
    try:
        if source == STANDARD_INPUT:
            return _bounded(sys.stdin.buffer, name)
        with Path(source).open("rb") as file:
            return _bounded(file, name)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror or error}", "name a file with a saved routing table") from error
    except ValueError as error:  # a name with a zero in it, or standard input closed
        raise UsageError(f"{name}: {error}", "name a file with a saved routing table") from error


def _bounded(file: BinaryIO, name: str) -> bytes:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UsageError(f"{name}: larger than {LARGEST >> 20} MiB", "a routing table is smaller: cut out what matters")
    return content


def _text(content: bytes, name: str) -> str:
    if content.startswith(_BYTE_ORDERS):
        return content.decode("utf-16", errors="replace")
    if (unpack := next((each for magic, each in _PACKED.items() if content.startswith(magic)), None)) is not None:
        raise UsageError(f"{name}: compressed", f"unpack it first: {unpack} FILE | routewatch snapshot --from -")
    if (order := _unmarked_utf16(content)) is not None:
        return content.decode(order, errors="replace")
    if b"\0" in content:
        raise UsageError(f"{name}: binary data, not a text", _FORMATS)
    return content.decode(errors="replace")


def _unmarked_utf16(content: bytes) -> str | None:
    """Return the order of bytes of UTF-16 without a mark: of letters of a table, every other byte is zero."""
    start = content[:_LOOKED_AT]
    for order, zeros, letters in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if zeros and not any(zeros) and 0 not in letters:
            return order
    return None


def _refuse_long_lines(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE and line.lstrip()[:1] not in {"[", "{"}:
            raise UsageError(f"{name}: line {number} is longer than {LONGEST_LINE >> 10} KiB", _FORMATS)
