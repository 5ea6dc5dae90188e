"""Configurations of tests: files in a folder, and the person whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.config import Person, load
from routewatch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

ROOT = Person(root=True)

FULL = """
platform = "linux"
state_dir = "/srv/routewatch"
poll_interval = "5m"
settle_quiet = "250ms"
settle_limit = "1.5s"
grace = "0s"
automatic = "certain"
max_routes = 7
[protect]
destinations = ["10.0.0.0/8", "fd00::1", "192.0.2.1"]
interfaces = ["docker*", "eth0"]
tables = ["main", 52, "1000"]
protocols = ["bird", 42, "static"]
[[vpn]]
name = "ours"
interface = "corp*"
[[vpn]]
name = "theirs"
process = "acmevpn"
[hooks]
session_opened = ["/bin/echo", "up"]
timeout = "2m"
[retention]
age = "30d"
size = "1GiB"
[macos]
netstat = "/opt/bin/netstat"
timeout = "2s"
"""


def person(home: Path) -> Person:
    return Person(root=False, system=(home / "etc",), config_home=home / "config", state_home=home / "state")


def written(folder: Path, text: str) -> Path:
    path = folder / "routewatch.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, person(folder))
    return [line.removeprefix(f"{path}: ") for line in caught.value.message.splitlines()]
