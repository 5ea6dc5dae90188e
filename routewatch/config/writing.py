"""The settings in force as a configuration that says the same: what is printed can be read again.

It is the way back of ``schema`` and ``values``; each setting ends with where it came from. It decides nothing.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from routewatch.config import values
from routewatch.config.schema import SETTINGS, Many, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msgspec import Struct

    from routewatch.config.file import Loaded

UNUSED = {"hooks": "  # not run yet"}  # read and checked, and not followed by this version
TIMES = (values.duration, values.positive_duration, values.waiting, values.positive_waiting)
UNITS: dict[Any, tuple[str, ...]] = {
    **dict.fromkeys(TIMES, ("d", "h", "m", "s", "ms")),
    values.size: ("GiB", "GB", "MiB", "MB", "KiB", "kB", "B"),
}


def toml(loaded: Loaded) -> str:
    """Return the settings as TOML (https://toml.io/en/v1.0.0); load() reads the same settings from it."""
    plain, tables, entries = [], [], []
    for name, rule in SETTINGS.rules.items():
        value = getattr(loaded.settings, name)
        if isinstance(rule, Section):
            sources = {key: loaded.sources[f"{name}.{key}"] for key in rule.rules}
            tables += ["", f"[{name}]{UNUSED.get(name, '')}", *_lines(value, rule, sources)]
        elif isinstance(rule, Many) and isinstance(rule.rule, Section) and value:
            for entry in value:  # these tables stand last: what follows one belongs to it
                entries += ["", f"[[{name}]]{_comment(loaded.sources[name])}", *_lines(entry, rule.rule, {})]
        else:
            plain.append(f"{name} = {_text(value, rule)}{_comment(loaded.sources[name])}")
    return "\n".join([*plain, *tables, *entries])


def _lines(struct: Struct, section: Section, sources: dict[str, str]) -> Iterator[str]:
    for key, rule in section.rules.items():
        value = getattr(struct, key)
        if value is not None:  # TOML has no word for nothing
            yield f"{key} = {_text(value, rule)}{_comment(sources[key]) if key in sources else ''}"


def _comment(source: str) -> str:
    return f"  # {''.join(letter if letter.isprintable() else '?' for letter in source)}"


def _text(value: Any, rule: Any) -> str:  # noqa: ANN401 - what it is, the rule decides
    if isinstance(rule, Many):
        return f"[{', '.join(_text(each, rule.rule) for each in value)}]"
    if rule in UNITS:
        return _quoted(_quantity(value, rule))
    return _quoted(value) if isinstance(value, str) else str(value)


def _quantity(value: float, read: Callable[[object], float]) -> str:
    """Return the shortest spelling in whole units that is read as this very value; else seconds with a point."""
    units = UNITS[read]
    exact = Fraction(repr(value))  # as it is spelt: 0.001 is no whole number of anything in binary
    counts = {unit: exact / Fraction(repr(read(f"1{unit}"))) for unit in units}
    right = [
        text for unit, count in counts.items() if count.denominator == 1 and read(text := f"{count}{unit}") == value
    ]
    return min(right, key=len) if right else f"{Decimal(repr(value)):f}s"


def _quoted(text: str) -> str:
    """Return a basic string of TOML: what steers a terminal is in it by its number only."""
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"  # noqa: PLR2004 - four digits end there
