"""Finding and reading the file, for the person who asked. It decides whom to believe, not what the settings mean."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from routewatch.config.schema import SETTINGS, Reading, Section
from routewatch.config.settings import MacOS, Settings
from routewatch.config.trust import distrust
from routewatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "routewatch"
FILE = f"{NAME}/routewatch.toml"
SERVICE_STATE_HOME = {"linux": "/var/lib", "macos": "/var/db"}
DEFAULT = "default"
_LARGEST = 2**20  # bytes; a file beyond that is no configuration


class Person(Struct, frozen=True, kw_only=True):
    """Who asks, and where such a person's files are."""

    root: bool
    macos: bool = False
    system: tuple[Path, ...] = (Path("/etc"),)  # folders of the machine's configuration, in order
    config_home: Path | None = None
    state_home: Path = Path("/var/lib")
    service: Path | None = None  # where root's service keeps its state, for a person who has his own elsewhere


class Loaded(Struct, frozen=True, kw_only=True):
    """The settings, where each key came from ("default" or a path), and the file that was read, if there was one."""

    settings: Settings
    sources: dict[str, str]
    path: Path | None = None
    service: Path | None = None  # the state of root's service, where the person has his own by default

    def stored_in(self, directory: Path) -> Loaded:
        """Return the same with the state directory that the command line names."""
        return Loaded(
            settings=replace(self.settings, state_dir=str(directory.absolute())),
            sources={**self.sources, "state_dir": "--state-dir"},
            path=self.path,
        )


def current_person() -> Person:
    """Return who runs this process (XDG base directory specification; on macOS Apple's and Homebrew's places)."""
    macos = sys.platform == "darwin"
    system = ("/usr/local/etc", "/opt/homebrew/etc") if macos else ("/etc",)
    state_home = Path(SERVICE_STATE_HOME["macos" if macos else "linux"])
    if os.geteuid() == 0:
        return Person(root=True, macos=macos, system=tuple(map(Path, system)), state_home=state_home)
    return Person(
        root=False,
        macos=macos,
        system=tuple(map(Path, system)),
        config_home=_home("XDG_CONFIG_HOME", ".config"),
        state_home=_home("XDG_STATE_HOME", ".local/state"),
        service=state_home / NAME,
    )


def places(person: Person) -> list[Path]:
    """Return where a configuration is looked for when none is named, in order."""
    folders = (*person.system, *((person.config_home,) if person.config_home and not person.root else ()))
    return [folder / FILE for folder in folders]


def load(path: Path | None, person: Person | None = None) -> Loaded:
    """Read the named file, or the first of a person's places that exists, or nothing: then the defaults hold.

    Raises ConfigurationError that lists every error of the file, each with its key.
    """
    person = person or current_person()
    found = path or next((place for place in places(person) if _exists(place)), None)
    raw = _read(found, person) if found else {}
    reading = Reading()
    settings = reading.read("", raw, SETTINGS)
    if isinstance(settings, Settings):
        reading.problems += _unusable_programs(settings, person)
    if reading.problems or not isinstance(settings, Settings):
        raise ConfigurationError(
            "\n".join(f"{found}: {problem}" for problem in reading.problems),
            "Correct it; routewatch config check looks again.",
        )
    by_default = not settings.state_dir
    if by_default:
        settings = replace(settings, state_dir=str(person.state_home / NAME))
    service = person.service if by_default else None
    return Loaded(settings=settings, sources=_sources(raw, found), path=found, service=service)


def _read(path: Path, person: Person) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where there is a file

    try:
        content = _content(path)
        doubt = distrust(path) if person.root else None
    except OSError as error:
        raise ConfigurationError(
            f"{path} can't be read: {error.strerror}.", "Check the path and its permissions."
        ) from error
    if doubt:
        raise ConfigurationError(f"Root must not follow {path}: {doubt.reason}.", f"Do: {doubt.remedy}")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # TOMLDecodeError names line and column; UnicodeDecodeError the byte
        raise ConfigurationError(
            f"{path} is not valid TOML: {error}.", "See https://toml.io for how it is written."
        ) from error


def _content(path: Path) -> bytes:
    # O_NONBLOCK: a FIFO that nobody writes must not hang us before we see what it is
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISCHR(kind):
            raise OSError(0, "it is not a file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(0, f"it is larger than {_LARGEST} bytes")
    return content


def _unusable_programs(settings: Settings, person: Person) -> Iterator[str]:
    """Say which programs can't be run, and which root would run although others could have written them."""
    programs = {f"hooks.{name}": Path(command[0]) for name, command in settings.hooks.commands().items()}
    if settings.platform == "macos" or (person.macos and settings.platform == "auto"):
        named = {
            f"macos.{name}": value for name, value in asdict(settings.macos).items() if value != getattr(MacOS(), name)
        }
        programs |= {key: Path(value) for key, value in named.items() if isinstance(value, str)}
    for key, program in programs.items():
        if not (os.access(program, os.X_OK) and program.is_file()):
            yield f"{key}: {program} is no program that can be run"
        elif person.root and (doubt := distrust(program)):
            yield f"{key}: root must not run it: {doubt.reason} ({doubt.remedy})"


def _sources(raw: dict[str, Any], path: Path | None) -> dict[str, str]:
    sources: dict[str, str] = {}
    for name, rule in SETTINGS.rules.items():
        keys = [f"{name}.{key}" for key in rule.rules] if isinstance(rule, Section) else [name]
        given = {f"{name}.{key}" for key in raw.get(name, {})} if isinstance(rule, Section) else {name} & raw.keys()
        sources |= {key: str(path) if key in given else DEFAULT for key in keys}
    return sources


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # it may be there, and say what must be protected: reading it gives the error


def _home(variable: str, otherwise: str) -> Path:
    # The specification: a relative path in such a variable is to be ignored
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / otherwise
