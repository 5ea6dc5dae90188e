"""The tables of net-tools and BusyBox on Linux: ``netstat -rn``, ``route -n``, and both with ``-e``, ``-ee``, ``-6``.

Written after the output of net-tools 2.10 (lib/inet_gr.c, lib/inet6_gr.c) and the kernel's /proc/net/route and
/proc/net/ipv6_route, which they print. Names in the place of addresses are not resolved: such a row is not understood.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from routewatch.core.model import LOCAL_TABLE, MAIN_TABLE, Route
from routewatch.host.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routewatch.core.model import Family

# "route": Metric Ref Use Iface. "netstat": MSS Window irtt Iface. "extended": all of them. "cache" is no table.
Layout = Literal["route", "netstat", "extended", "inet6", "cache"]

_FLAGS = re.compile(r"[U!][A-Za-z!]{0,9}")
_GENMASK = 2  # its column
_SHORT, _LONG, _SIX = 8, 11, 7  # how many cells a row has
_GLUED = re.compile(r"\d{7,20}")  # ref and use: old versions leave no blank between them (inet6_gr.c, "%-2d %6d")
_REMARK = re.compile(r"\s(?:#|<|//|\(|\u2190).*")  # somebody's note behind a row
# msgstr of "Kernel IP routing table" (po/ of net-tools 1.60 and 2.10, manpages of the distributions)
_TITLES = ("Kernel IP", "Kernel-IP", "Table de routage IP", "Tabla de rutas IP", "Tabella di routing IP")
_LONGEST_TITLE = 6
_CUT = 6  # net-tools cuts the interface of an extended row here
_MULTICAST = "ff00::/8"


def layout_of(line: str) -> Layout | None:
    """Return the layout that a header announces, in whatever language; None for a line that is no header."""
    words = line.split()
    if any(letter.isdigit() for letter in line):
        return None  # rows that somebody pasted without their line ends
    if "Genmask" in words:
        return _layout_after(words[words.index("Genmask") + 1 :])
    if words[:3] == ["Destination", "Next", "Hop"]:
        return "inet6"
    return "cache" if words[:3] == ["Source", "Destination", "Gateway"] else None


def _layout_after(words: list[str]) -> Layout:
    if "MSS" not in words:
        return "route"
    return "netstat" if words.index("MSS") == 1 else "extended"


def is_title(line: str) -> bool:
    """Tell whether the line is the title of a table ("Kernel IP routing table"), in whatever language."""
    return line.startswith(_TITLES) and len(line.split()) <= _LONGEST_TITLE


def is_row(words: Sequence[str]) -> bool:
    """Tell by its shape alone whether a line is a row of such a table."""
    if len(words) in {_SHORT, _LONG}:
        numbers = all(cells.number(word) is not None for word in words[_SHORT:])  # MSS, Window, irtt
        return numbers and cells.mask_length(words[_GENMASK]) is not None and _FLAGS.fullmatch(words[3]) is not None
    if len(words) == _SIX - 1 and ":" in words[0] and _GLUED.fullmatch(words[4]) and cells.address(words[1]):
        return is_row([*words[:4], words[4][:-6], words[4][-6:], words[5]])
    return (
        len(words) == _SIX
        and "/" in words[0]
        and _FLAGS.fullmatch(words[2]) is not None
        and all(cells.number(word) is not None for word in words[3:6])
    )


def row(line: str, layout: Layout | None) -> Route | None:
    """Read one row; without a layout it is told from the row's own shape. None where it can't be understood."""
    words = words_of(line)
    if layout == "cache" or not is_row(words):
        return None
    if len(words) in {_SIX, _SIX - 1}:
        return _six(words)
    return _four(words, layout if layout and layout != "inet6" else _layout_by_shape(line, words))


def words_of(line: str) -> list[str]:
    """Return the cells of a row, without the note that somebody left behind it."""
    words = line.split()
    if len(words) > _SIX and not is_row(words) and (noted := _REMARK.search(line)):
        return line[: noted.start()].split()
    return words


def _layout_by_shape(line: str, words: list[str]) -> Layout:
    """Tell a row without header by where its first number ends: the metric is set to the left, the MSS to the right."""
    if len(words) == _LONG:
        return "extended"
    start = line.rfind(f" {words[3]} ", 0, line.rfind(words[-1])) + 1
    after = line[start + max(5, len(words[3])) :]
    blanks = len(after) - len(after.lstrip())
    if blanks > 1:
        return "netstat"
    squeezed = "  " not in line
    return "netstat" if squeezed and words[4:7] == ["0", "0", "0"] else "route"


def _four(words: list[str], layout: Layout) -> Route | None:
    destination = _destination(words[0], cells.mask_length(words[_GENMASK]))
    gateway = None if words[1] == "-" else _gateway(words[1], "inet")
    name = words[7]
    if (
        destination is None
        or gateway is False
        or not _is_interface(name)
        or (layout == "extended") != (len(words) > _SHORT)
    ):
        return None
    flags = words[3]
    kind, unwritable = _kind(flags, name)
    if gateway is None and "G" in flags:  # an IPv6 gateway of an IPv4 route: /proc/net/route has no room for it
        unwritable += ("gateway not printed",)
    if layout == "extended" and len(name) >= _CUT:
        unwritable += ("interface name cut",)
    return Route(
        family="inet",
        destination=destination,
        gateway=gateway or None,
        interface=None if name in {"*", "-"} else name,
        flags=flags,
        metric=None if layout == "netstat" else cells.number(words[4]),
        type=kind,
        unwritable=unwritable,
    )


def _destination(word: str, length: int | None) -> str | None:
    # INET_rresolve asks for the address alone: half of everything is printed as "default" as well
    base = cells.EVERYTHING["inet"].partition("/")[0] if word == "default" else word
    found = cells.prefix(f"{base}/{length}")
    return found[1] if found and found[0] == "inet" else None


def _gateway(word: str, family: Family) -> str | Literal[False] | None:
    """Return a gateway, None where there is none, and False where the word is no address of the family."""
    if word in cells.UNSPECIFIED:
        return None
    found = cells.address(word.strip("[]"))
    return found[1] if found and found[0] == family else False


def _is_interface(name: str) -> bool:
    return name in {"*", "-"} or cells.is_name(name)


def _kind(flags: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Tell what kind of route it is: rejecting ones are marked, blackholes have no interface (fib_route_seq_show)."""
    if "!" in flags:
        return "unreachable", ("type not printed",)  # or "prohibit"
    return ("blackhole", ("type not printed",)) if name == "*" else ("unicast", ())


def _six(words: list[str]) -> Route | None:
    base, _, size = words[0].partition("/")
    base = base.strip("[]")
    plain = "::" if base in {"*", "default"} else base
    # An address that maps IPv4 (::ffff:0:0/96) is printed as IPv4 by getnameinfo(3)
    found = cells.prefix(f"{plain if ':' in plain else f'::ffff:{plain}'}/{size}")
    gateway = _gateway(words[1], "inet6")
    if found is None or gateway is False or not _is_interface(words[-1]):
        return None
    flags = words[2]
    kind, table = _kind_of_six(found[1], flags)
    return Route(
        family="inet6",
        destination=found[1],
        gateway=gateway,
        interface=words[-1],
        flags=flags,
        metric=cells.number(words[3]),
        type=kind,
        table=table,
        protocol="kernel" if table == LOCAL_TABLE else None,
        unwritable=("type not printed",) if kind == "unreachable" else (),
    )


def _kind_of_six(destination: str, flags: str) -> tuple[str, int]:
    """Tell kind and table: all tables are printed as one. "n" (RTF_NONEXTHOP) is set on our own addresses."""
    if "!" in flags:
        return "unreachable", MAIN_TABLE
    if destination == _MULTICAST:
        return "multicast", LOCAL_TABLE
    return ("local", LOCAL_TABLE) if "n" in flags else ("unicast", MAIN_TABLE)
