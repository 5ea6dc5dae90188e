"""The command line: finds the command, hands it its arguments, and turns what goes wrong into one clear line.

Only the chosen command's module is imported: `status` must not pay for what `run` needs. The common options are
accepted before and after the command.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from routewatch import __version__
from routewatch.commands.context import Context
from routewatch.commands.speech import Options, OutputError
from routewatch.errors import InternalError, RoutewatchError, StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routewatch.host.port import Host

COMMANDS: dict[str, str] = {
    "run": "watch in the foreground; --once looks once and ends",
    "cleanup": "put right what a VPN left behind (also: routewatch --cleanup)",
    "undo": "take a cleanup back",
    "confirm": "keep a cleanup that was made with --confirm-within",
    "keep": "this route is mine: never report or touch it",
    "status": "tunnels, open sessions, what is left over, how the daemon is",
    "baseline": "capture, show or forget what is compared with",
    "snapshot": "every route and rule now",
    "diff": "the baseline against now, judged",
    "sessions": "the VPN sessions seen so far",
    "log": "what happened, in order",
    "config": "check or show the configuration",
    "demo": "the whole story in a private network namespace",
}
PROGRAM = "routewatch"
HELP = {"-h", "--help"}
WITH_VALUE = {"--config", "--state-dir", "--color"}
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others, so that --json has its one document."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever argparse gives a parser
        """Take what argparse gives it."""
        super().__init__(formatter_class=_formatter, **given)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, f"see: {self.prog} --help")


class CommandParser(Parser):
    """The parser of a command, or of one of its actions: each takes the common options too."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever argparse gives a parser
        """Take what argparse gives it."""
        super().__init__(parents=[_common()], allow_abbrev=False, **given)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Return what prints help. argparse makes one for each option it is given; told no width, it would load shutil."""
    return argparse.HelpFormatter(prog, width=_columns() - 2)


def _columns() -> int:
    """Return how wide the terminal is, as shutil.get_terminal_size does; 80 where there is none."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size().columns or 80
    except OSError:
        return 80


def main(argv: Sequence[str] | None = None, host: Host | None = None) -> int:
    """Run one command and return its exit status; a host comes in here for tests and replay."""
    _fill_streams()
    words = [_command_word(word) for word in (sys.argv[1:] if argv is None else argv)]
    try:
        status = _run(words, host)
    except OutputError as error:
        # Nothing more can be said, not even by the interpreter's own flush at the end
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error.reason, BrokenPipeError):  # the reader has heard enough
            return 0
        sys.stderr.write(f"routewatch: the output can't be written: {error}\n")
        return StateError.exit_status
    gc.freeze()  # the interpreter would search all for garbage before it ends: a tenth of a short command's time
    return status


def _fill_streams() -> None:
    """Open what was closed when we were started: else the store's file would take the number, and be written to."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - for as long as we live


def _run(words: Sequence[str], host: Host | None) -> int:
    context = Context(Options(json="--json" in words))
    try:
        arguments = _parse(words)
        context = Context(_options(arguments), host)
        if arguments.version:
            return _version(context)
        status = _carry_out(arguments, context)
        context.flush()
    except RoutewatchError as error:
        context.fail(error)
        return error.exit_status
    except KeyboardInterrupt:
        context.interrupted()
        return INTERRUPTED
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a program gets its document, and never "1: findings"
        return _bug(error, context)
    return status


def _carry_out(arguments: argparse.Namespace, context: Context) -> int:
    """Run the command; anew where its store turned out damaged before it acted: opened again, that is set aside."""
    command = import_module(f"routewatch.commands.{arguments.command}")
    try:
        return int(command.run(arguments, context))
    except StateError:
        if not context.may_begin_anew:
            raise
    try:
        return int(command.run(arguments, context))
    except StateError as error:
        if context.may_begin_anew:  # it was not set aside: who writes to a file keeps its name for others too
            raise StateError(error.message, "Another routewatch has it open: stop that, then try again.") from error
        raise


def _bug(error: Exception, context: Context) -> int:
    import traceback  # noqa: PLC0415 - slow to load, and seldom needed

    sys.stderr.write("".join(traceback.format_exception(error)))
    told = InternalError(f"{type(error).__name__}: {error}", "this is a bug: please report it with the lines above")
    context.fail(told)
    return told.exit_status


def _command_word(word: str) -> str:
    return "cleanup" if word == "--cleanup" else word


def _chosen(words: Sequence[str]) -> str | None:
    """Find the command among the words: the first that is no option and no option's value; None where help is asked."""
    value = False
    for word in words:
        if value:
            value = False
        elif word in WITH_VALUE:
            value = True
        elif word in HELP:
            return None
        elif not word.startswith("-"):
            return word
    return None


def _parse(words: Sequence[str]) -> argparse.Namespace:
    chosen = _chosen(words)
    parser = Parser(
        prog=PROGRAM,
        description="Remembers the routing table from before each VPN session and puts back what it left behind.",
        parents=[_common()],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="say which routewatch this is")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=CommandParser, prog=PROGRAM)
    if chosen in COMMANDS:
        subparser = subparsers.add_parser(chosen, description=COMMANDS[chosen])
        import_module(f"routewatch.commands.{chosen}").add(subparser)
    else:  # to be named in the help, or as what could have been meant
        for name, description in COMMANDS.items():
            subparsers.add_parser(name, help=description, add_help=False)
    arguments, rest = parser.parse_known_args(list(words))
    if rest:
        _refuse(chosen, rest)
    if arguments.command is None and not arguments.version:
        parser.error("a COMMAND is missing")
    return arguments


def _refuse(chosen: str | None, rest: Sequence[str]) -> NoReturn:
    """Say what was not understood, and what may have been meant. Raises UsageError."""
    other = next((word for word in rest if word in COMMANDS), None)
    program = f"{PROGRAM} {chosen}" if chosen else PROGRAM
    hint = f"see: {program} --help" if other is None else f"one command at a time: {program}, or {PROGRAM} {other}"
    raise UsageError(f"unrecognized arguments: {' '.join(rest)}", hint)


def _common() -> Parser:
    """Return the options that every command takes; unset ones stay unset, so that either place may set them."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", metavar="FILE", help="read this configuration, and no other")
    common.add_argument("--state-dir", metavar="DIR", help="keep and read what is remembered there")
    common.add_argument("--json", action="store_true", help="print one JSON document")
    loudness = common.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="only errors")
    loudness.add_argument(
        "-v", "--verbose", action="count", help="say what each code of the evidence means; run: log more"
    )
    common.add_argument("--color", choices=("auto", "always", "never"), help="colour the output (default: auto)")
    return common


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        config=getattr(arguments, "config", None),
        state_dir=getattr(arguments, "state_dir", None),
        json=getattr(arguments, "json", False),
        verbosity=-1 if getattr(arguments, "quiet", False) else getattr(arguments, "verbose", 0),
        color=getattr(arguments, "color", "auto"),
    )


def _version(context: Context) -> int:
    python = ".".join(map(str, sys.version_info[:3]))
    backend = {"linux": "rtnetlink", "darwin": "netstat"}.get(sys.platform, "none")
    if context.json:
        context.emit({"version": __version__, "python": python, "platform": sys.platform, "backend": backend})
    context.say(f"routewatch {__version__} (Python {python}, {sys.platform}, {backend})")
    return 0
