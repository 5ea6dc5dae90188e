"""What a command loads: those that only look start without the libraries of those that watch, write or draw."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.macos.mac import Mac

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a command that looks needs a host")

DEAR = {"pyroute2", "watchdog", "structlog", "rich", "asyncio", "psutil", "importlib.metadata", "logging", "subprocess"}
# Ours that only those need who wait, write or act
UNUSED_BY_STATUS = {
    "routewatch.host.linux.doorbell",
    "routewatch.host.linux.write",
    "routewatch.host.wakeups",
    "routewatch.log",
    "routewatch.commands.acting",
    "threading",
}
# A Mac's programs are run by subprocess, which loads threading; psutil tells of a real Mac's processes only
DEAR_ON_A_MAC = DEAR - {"subprocess"}
UNUSED_BY_STATUS_ON_A_MAC = {
    "ctypes",
    "dataclasses",
    "routewatch.commands.acting",
    "routewatch.core.route_words",
    "routewatch.host.macos.doorbell",
    "routewatch.host.macos.logins",
    "routewatch.host.macos.services",
    "routewatch.host.macos.write",
    "routewatch.log",
}
PROGRAM = """
import json, sys
from routewatch.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:  # --help
    status = end.code or 0
sys.stderr.write(json.dumps([status, sorted(sys.modules)]))
"""


def loaded_by(folder: Path, *words: str, settings: str = "") -> set[str]:
    """Run a command in a process of its own; return the names of the modules that it ended with."""
    (configuration := folder / "routewatch.toml").write_text(settings)
    common = ["--config", str(configuration), "--state-dir", str(folder / "state")]
    argv = [sys.executable, "-c", PROGRAM, *common, *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status in {0, 1}, done.stderr  # 1: something is left over on this machine
    return set(modules)


@pytest.mark.parametrize(
    "words", [("status",), ("cleanup", "--dry-run"), ("snapshot",), ("diff",), ("sessions",), ("--help",)], ids=" ".join
)
def test_a_command_that_only_looks_loads_no_dear_library(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert loaded_by(tmp_path, *words) & DEAR == set()


def test_status_loads_nothing_of_what_waits_writes_or_acts(tmp_path: Path) -> None:
    assert loaded_by(tmp_path, "status") & UNUSED_BY_STATUS == set()


def test_on_a_mac_status_loads_nothing_of_what_waits_writes_or_acts(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.connect_utun(routes=["10.9.0.0/16"])

    loaded = loaded_by(tmp_path, "status", settings=mac.configuration())
    assert "routewatch.host.macos.owners" in loaded
    assert loaded & (DEAR_ON_A_MAC | UNUSED_BY_STATUS_ON_A_MAC) == set()


@pytest.mark.parametrize("words", [("status",), ("--help",), ("cleanup", "--help")], ids=" ".join)
def test_nothing_is_loaded_to_ask_how_wide_the_terminal_is(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert "shutil" not in loaded_by(tmp_path, *words)


def test_help_loads_no_command(tmp_path: Path) -> None:
    loaded = {name for name in loaded_by(tmp_path, "--help") if name.startswith("routewatch.commands.")}

    assert loaded == {"routewatch.commands.context", "routewatch.commands.speech"}
