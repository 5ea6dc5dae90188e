"""What the daemon says while it runs: events with fields, on stderr, for a person at a terminal or for a program.

A line is a word for what happened and plain values beside it. The same warning again and again is said once. Only
``run`` imports this, because structlog is slow to load; it knows nothing of routing.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING

import structlog
from msgspec import json as msgspec_json

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

    from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

# sd-daemon(3), SD_ERR and its kin; "critical" is SD_CRIT
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_LEVELS = (logging.ERROR, logging.INFO, logging.DEBUG)  # -q, none, -v
_AGAIN_AFTER = 3600.0  # seconds
_REMEMBERED = 1024


class Sparing:
    """Lets a warning pass once an hour; then it says how often it was held back.

    Warnings are the same when their event and their texts are; numbers may differ.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure time with this clock, in seconds that never run backwards."""
        self._clock = clock
        self._said: dict[tuple[tuple[str, str], ...], tuple[float, int]] = {}

    def __call__(self, _: WrappedLogger, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Pass the event on, or drop it. A processor of structlog."""
        if method != "warning":
            return event
        key = tuple(sorted((name, value) for name, value in event.items() if isinstance(value, str)))
        now = self._clock()
        said_at, held_back = self._said.pop(key, (now, -1))
        if held_back >= 0 and now - said_at < _AGAIN_AFTER:
            self._said[key] = (said_at, held_back + 1)
            raise structlog.DropEvent
        self._remember(key, now)
        return {**event, "held_back": held_back} if held_back > 0 else event

    def _remember(self, key: tuple[tuple[str, str], ...], now: float) -> None:
        self._said[key] = (now, 0)
        if len(self._said) > _REMEMBERED:  # the one not heard of for the longest time
            del self._said[next(iter(self._said))]


def configure(verbosity: int, *, color: bool, clock: Callable[[], float] = time.monotonic) -> None:
    """Set up logging: ``verbosity`` -1 says errors only, 0 what happens, 1 everything."""
    level = _LEVELS[max(-1, min(verbosity, 1)) + 1]
    terminal = sys.stderr.isatty()
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        Sparing(clock),
        _plain,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
        *(_for_people(color=color) if terminal else _for_programs()),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # The default would write to stdout, into the JSON of a command
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a logger bound before a new configuration would keep the old one
    )
    logging.basicConfig(handlers=[_Foreign()], level=max(level, logging.WARNING), force=True)


def get_logger() -> FilteringBoundLogger:
    """Return the logger; what is logged goes where configure() last said."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class _Foreign(logging.Handler):
    """Brings what libraries log (watchdog, pyroute2, asyncio) into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        get_logger().log(record.levelno, "library", library=record.name, said=record.getMessage())


def _for_people(*, color: bool) -> list[Processor]:
    console = structlog.dev.ConsoleRenderer(
        colors=color, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return [structlog.processors.StackInfoRenderer(), console]


def _for_programs() -> list[Processor]:
    renderer: Processor = structlog.processors.JSONRenderer(_compact)
    return [structlog.processors.format_exc_info, renderer, *([_with_priority] if _is_journal() else [])]


def _compact(value: object, **_: object) -> str:
    return msgspec_json.encode(value).decode()


def _with_priority(_: WrappedLogger, method: str, line: Any) -> str:  # noqa: ANN401 - structlog's signature: a line by now
    return f"<{_PRIORITIES.get(method, 6)}>{line}"


def _is_journal() -> bool:
    # systemd.exec(5), $JOURNAL_STREAM: compare, since a child with another stderr inherits the variable
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _plain(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # exc_info and stack_info are structlog's own
    return {name: value if name in {"exc_info", "stack_info"} else _plain_value(value) for name, value in event.items()}


def _plain_value(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _visible(value)
        case dict():
            return {_visible(str(key)): _plain_value(inner) for key, inner in value.items()}
        case set() | frozenset():
            return sorted(_visible(str(inner)) for inner in value)
        case list() | tuple():
            return [_plain_value(inner) for inner in value]
        case _:
            return _visible(str(value))


def _visible(text: str) -> str:
    # Names of links and processes are others' text; an escape sequence in them must not reach the terminal
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
