"""Which file is read, for whom, and what is refused because it is no configuration at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from routewatch.config import Person, current_person, load
from routewatch.errors import ConfigurationError
from tests.config.files import ROOT, person, written


def test_a_file_that_is_no_toml_is_refused_with_its_line(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not valid TOML.*line 2") as caught:
        load(written(folder, 'grace = "1s"\nthis is not toml'), person(folder))

    assert caught.value.exit_status == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 5000, b"#" * 2_000_000])
def test_a_file_that_is_no_text_at_all_is_refused(folder: Path, content: bytes) -> None:
    (folder / "c.toml").write_bytes(content)

    with pytest.raises(ConfigurationError):
        load(folder / "c.toml", person(folder))


def test_a_named_file_that_is_missing_or_no_file_is_an_error(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    for name, reason in (("missing.toml", "No such file"), (".", "Is a directory|not a file"), ("fifo", "not a file")):
        with pytest.raises(ConfigurationError, match=reason):
            load(folder / name, person(folder))


def test_the_machines_file_comes_before_the_persons_own(folder: Path) -> None:
    own = written(folder / "config/routewatch", "max_routes = 1")
    assert load(None, person(folder)).path == own

    machine = written(folder / "etc/routewatch", "max_routes = 2")
    assert load(None, person(folder)).path == machine


def test_root_has_no_file_of_a_persons_own(folder: Path) -> None:
    written(folder / "config/routewatch", "max_routes = 1")
    root = Person(root=True, system=(folder / "etc",), config_home=folder / "config", state_home=folder)

    assert load(None, root).path is None


def test_dev_null_is_a_configuration_that_says_nothing() -> None:
    assert load(Path("/dev/null"), ROOT).settings.state_dir == "/var/lib/routewatch"


def test_a_persons_folders_follow_the_xdg_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")

    here = current_person()

    assert (here.root, here.state_home, here.config_home) == (False, folder, Path.home() / ".config")


def test_without_a_file_no_parser_is_loaded() -> None:
    script = "import sys, routewatch.config as c; c.load(None); print({'tomllib','difflib','re'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], check=True, text=True, capture_output=True)

    assert "tomllib" not in done.stdout
    assert "difflib" not in done.stdout
