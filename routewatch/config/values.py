"""How single values are spelt: "500ms", "200MB", a prefix, a table. Each reader returns the value or says why not.

A reader takes what TOML gave and raises ValueError with a sentence that fits behind the key's name.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from routewatch.config.protocols import PROTOCOLS
from routewatch.core.addresses import prefix
from routewatch.core.model import DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_WAIT = 7 * 86400.0  # seconds; poll(2) has milliseconds in 32 bits: 24 days
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_TABLES = {"default": DEFAULT_TABLE, "main": MAIN_TABLE, "local": LOCAL_TABLE}
# ip-route(8): names are looked up in /etc, or where that lacks the file, in /usr
_TABLE_FOLDERS = ("/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2")
_HIGHEST_TABLE = 2**32 - 1  # RTA_TABLE is 32 bits wide
_HIGHEST_PROTOCOL = 255  # rtm_protocol is 8 bits wide


class HostBitsError(ValueError):
    """A prefix with bits behind its length: it may mean the prefix, or the one address."""

    def __init__(self, given: str, network: str, host: str) -> None:
        """Say which two it can be."""
        self.sentence = f"{given} has host bits set"
        self.question = f"did you mean {network} or {host}?"
        super().__init__(f"{self.sentence}; {self.question}")


def text(raw: object) -> str:
    """Read a text without control characters that isn't empty."""
    if not isinstance(raw, str):
        raise ValueError(f"must be a text in quotes, not {shown(raw)}")  # noqa: TRY004 - one kind of error per value
    if not raw.strip() or not raw.isprintable():
        raise ValueError(f"{shown(raw)} is empty or holds control characters")
    return raw


def argument(raw: object) -> str:
    """Read one argument of a command; it may be empty, and hold whatever execve(2) takes."""
    if not isinstance(raw, str) or "\0" in raw:
        raise ValueError(f"must be a text in quotes, not {shown(raw)}")
    return raw


def duration(raw: object) -> float:
    """Read a time such as "500ms", "30s", "5m", "2h" or "90d" into seconds."""
    return _quantity(raw, _SECONDS, 'a time such as "500ms", "30s", "5m", "2h" or "90d"')


def positive_duration(raw: object) -> float:
    """Read a time that isn't zero."""
    if (seconds := duration(raw)) <= 0:
        raise ValueError(f"{shown(raw)} must be more than nothing")
    return seconds


def waiting(raw: object) -> float:
    """Read a time to wait, up to a week: the system calls that wait count no further than some weeks."""
    if (seconds := duration(raw)) > _LONGEST_WAIT:
        raise ValueError(f"{shown(raw)} is longer than a week")
    return seconds


def positive_waiting(raw: object) -> float:
    """Read a time to wait that isn't zero."""
    positive_duration(raw)
    return waiting(raw)


def size(raw: object) -> int:
    """Read a size such as "200MB" or "1GiB" into bytes."""
    return int(_quantity(raw, _BYTES, 'a size such as "200MB" or "1GiB"'))


def count(raw: object) -> int:
    """Read a whole number that isn't negative."""
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError(f"must be a whole number from 0 on, not {shown(raw)}")
    return raw


def destination(raw: object) -> str:
    """Read an address or a prefix; "default" is both defaults' name, not one's. Raises HostBitsError among others."""
    try:
        meant = prefix(text(raw))
    except ValueError:
        raise ValueError(f'{shown(raw)} is no address or prefix such as "10.0.0.0/8" or "fd00::/8"') from None
    named = str(raw).partition("/")[0]
    host = prefix(named)
    if meant != host and meant.network_address != host.network_address:
        raise HostBitsError(str(raw), str(meant), str(host))
    return str(meant)


def interface(raw: object) -> str:
    """Read an interface's name or a glob for such names."""
    name = text(raw)
    if "/" in name or any(character.isspace() for character in name):
        raise ValueError(f'{shown(raw)} is no interface or glob such as "tun*"')
    return name


def table(raw: object) -> int:
    """Read a routing table's number, or its name as ip-route(8) knows it."""
    if isinstance(raw, str) and not raw.isdigit():
        return _named_table(text(raw))
    number = count(int(raw) if isinstance(raw, str) else raw)
    if not 0 < number <= _HIGHEST_TABLE:
        raise ValueError(f"there is no table {number}")
    return number


def protocol(raw: object) -> str:
    """Read a route's protocol: a word that ip-route(8) knows, such as "bird", or a number from 0 to 255."""
    if isinstance(raw, str) and not raw.isdigit():
        if text(raw) not in PROTOCOLS:
            raise ValueError(
                f"there is no protocol {shown(raw)}; there are {', '.join(PROTOCOLS)}, and the numbers from 0 to"
                f" {_HIGHEST_PROTOCOL}"
            )
        return raw
    number = count(int(raw) if isinstance(raw, str) else raw)
    if number > _HIGHEST_PROTOCOL:
        raise ValueError(f"there is no protocol {number}: they end at {_HIGHEST_PROTOCOL}")
    return str(number)


def absolute_path(raw: object) -> str:
    """Read a path that starts at the root."""
    path = text(raw)
    if not path.startswith("/"):
        raise ValueError(f"{shown(raw)} must be an absolute path")
    return path


def one_of(*words: str) -> _OneOf:
    """Return the reader of a setting that knows only these words."""
    return _OneOf(words)


class _OneOf:
    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def __call__(self, raw: object) -> str:
        if raw not in self.words:
            raise ValueError(f"{shown(raw)} must be {' or '.join(map(shown, self.words))}")
        return str(raw)


def _quantity(raw: object, units: dict[str, float] | dict[str, int], kind: str) -> float:
    if isinstance(raw, str):
        digits = raw.strip().rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        unit = units.get(raw.strip()[len(digits) :])
        if unit is not None and digits.strip().replace(".", "", 1).isdecimal() and isfinite(float(digits)):
            return float(digits) * unit
    raise ValueError(f"must be {kind}, not {shown(raw)}")


def _named_table(name: str) -> int:
    known = dict(_TABLES)
    for folder in reversed(_TABLE_FOLDERS):
        for file in (Path(folder, "rt_tables"), *sorted(Path(folder, "rt_tables.d").glob("*.conf"))):
            known |= _tables_of(file)
    if name not in known:
        raise ValueError(f"there is no table of the name {shown(name)} in /etc/iproute2/rt_tables")
    return known[name]


def _tables_of(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    words = (line.partition("#")[0].split() for line in lines)
    return {pair[1]: int(pair[0], 0) for pair in words if len(pair) == 2 and _is_number(pair[0])}  # noqa: PLR2004 - a pair


def _is_number(word: str) -> bool:
    try:
        return int(word, 0) >= 0
    except ValueError:
        return False


def shown(raw: object) -> str:
    """Return a raw value as a person would know it again, on one line."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            return f'"{raw}"' if raw.isprintable() else ascii(raw)
        case list() | dict():
            return "a list" if isinstance(raw, list) else "a table"
        case _:
            return str(raw)
