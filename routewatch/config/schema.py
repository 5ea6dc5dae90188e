"""Which keys there are, and how each is read: a table, and the walk that finds every error of a document at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from routewatch.config import values
from routewatch.config.settings import Hooks, MacOS, Protect, Retention, Settings, Vpn


class Many(Struct, frozen=True):
    """A list of what the rule reads."""

    rule: Any


class Section(Struct, frozen=True):
    """A table of keys that becomes one value; ``complaints`` looks at the whole and yields (key, what is wrong)."""

    kind: type[Struct]
    rules: Mapping[str, Any]
    complaints: Callable[[Any], Iterator[tuple[str, str]]] = lambda _: iter(())


def _about_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.settle_limit < settings.settle_quiet:
        yield "settle_limit", "must not be shorter than settle_quiet"


def _about_vpn(vpn: Vpn) -> Iterator[tuple[str, str]]:
    if not vpn.name:
        yield "name", "is missing"
    if not vpn.interface and not vpn.process:
        yield "", "needs an interface or a process to be recognised by"


def _about_hooks(hooks: Hooks) -> Iterator[tuple[str, str]]:
    for name, command in hooks.commands().items():
        if not command[0].startswith("/"):
            yield name, f"the program must be an absolute path, not {values.shown(command[0])}"


COMMAND = Many(values.argument)
SETTINGS = Section(
    Settings,
    {
        "platform": values.one_of("auto", "linux", "macos"),
        "state_dir": values.absolute_path,
        "poll_interval": values.positive_waiting,
        "settle_quiet": values.positive_waiting,
        "settle_limit": values.positive_waiting,
        "grace": values.waiting,
        "automatic": values.one_of("no", "certain"),
        "max_routes": values.count,
        "protect": Section(
            Protect,
            {
                "destinations": Many(values.destination),
                "interfaces": Many(values.interface),
                "tables": Many(values.table),
                "protocols": Many(values.protocol),
            },
        ),
        "vpn": Many(
            Section(
                Vpn,
                {"name": values.text, "interface": values.interface, "process": values.text},
                _about_vpn,
            )
        ),
        "hooks": Section(
            Hooks,
            {
                "session_opened": COMMAND,
                "session_closed": COMMAND,
                "orphans_found": COMMAND,
                "cleaned": COMMAND,
                "timeout": values.positive_waiting,
            },
            _about_hooks,
        ),
        "retention": Section(Retention, {"age": values.positive_duration, "size": values.size}),
        "macos": Section(
            MacOS,
            {
                **dict.fromkeys(("netstat", "route", "ifconfig", "scutil", "lsof"), values.absolute_path),
                "timeout": values.positive_waiting,
            },
        ),
    },
    _about_settings,
)


class Reading:
    """One walk over a document: the problems found, each a line that begins with its key."""

    def __init__(self) -> None:
        """Begin with no problem."""
        self.problems: list[str] = []

    def read(self, key: str, raw: object, rule: Any) -> Any:  # noqa: ANN401 - what it returns, the rule decides
        """Return the value that a rule makes of a raw one; None after a problem."""
        if isinstance(rule, Section):
            return self._section(key, raw, rule)
        if isinstance(rule, Many):
            return self._list(key, raw, rule)
        try:
            return rule(raw)
        except ValueError as error:
            self._problem(key, str(error))
            return None

    def _section(self, key: str, raw: object, section: Section) -> Struct | None:
        if not isinstance(raw, dict):
            self._problem(key, f"must be a table of keys: [{key}]")
            return None
        before = len(self.problems)
        for name in (name for name in raw if name not in section.rules):
            self._unknown(key, name, section)
        known = {name: value for name, value in raw.items() if name in section.rules}
        values_read = {name: self.read(_below(key, name), value, section.rules[name]) for name, value in known.items()}
        if len(self.problems) > before:
            return None
        made = section.kind(**values_read)
        for name, sentence in section.complaints(made):
            self._problem(_below(key, name), sentence)
        return made

    def _list(self, key: str, raw: object, many: Many) -> tuple[object, ...] | None:
        if not isinstance(raw, list):
            wanted = (
                f"tables, each begun by [[{key}]]" if isinstance(many.rule, Section) else "a list in square brackets"
            )
            self._problem(key, f"must be {wanted}")
            return None
        return tuple(self.read(f"{key}[{n}]", value, many.rule) for n, value in enumerate(raw))

    def _unknown(self, key: str, name: str, section: Section) -> None:
        from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

        close = get_close_matches(name, section.rules, 1)
        meant = f"; did you mean {_below(key, close[0])}?" if close else f"; there are {', '.join(section.rules)}"
        self._problem(_below(key, name), "there is no such key" + meant)

    def _problem(self, key: str, sentence: str) -> None:
        self.problems.append(f"{key}: {sentence}" if key else sentence)


def _below(key: str, name: str) -> str:
    name = name if name.isprintable() else ascii(name)
    return ".".join(part for part in (key, name) if part)
