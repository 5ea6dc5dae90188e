"""The settings in force are written out as a configuration that says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from routewatch.config import load
from routewatch.config.writing import toml
from tests.config.files import FULL, person, written


@pytest.mark.parametrize(
    "text",
    [
        "",
        FULL,
        "poll_interval = '1.0001s'\nsettle_limit = '0.0001ms'\nsettle_quiet = '0.0000001s'\ngrace = '0.5d'",
        f"poll_interval = '36h'\n[retention]\nage = '{'9' * 300}d'\nsize = '1'",
        "[retention]\nsize = '12345678901234567890B'",
        '[[vpn]]\nname = "a \\" \\\\ #b"\nprocess = "ü"',
        '[hooks]\ncleaned = ["/bin/echo", "", "\\u001b[31m\\u007f\\n", "\\U0001F600 \\U000E0001"]',
    ],
)
def test_what_is_written_out_is_read_as_the_same_settings(folder: Path, text: str) -> None:
    before = load(written(folder, text.replace("size = '1'", "size = '1B'")), person(folder))

    out = toml(before)

    assert load(written(folder, out), person(folder)).settings == before.settings
    assert all(line.isprintable() for line in out.split("\n"))


def test_quantities_are_written_as_a_person_would_spell_them(folder: Path) -> None:
    lines = toml(load(None, person(folder))).splitlines()

    for line in ('poll_interval = "30s"', 'settle_quiet = "500ms"', 'age = "90d"', 'size = "200MB"', "max_routes = 20"):
        assert f"{line}  # default" in lines
    assert {"[hooks]  # not run yet", "[macos]"} <= set(lines)


def test_each_setting_is_written_out_with_where_it_came_from(folder: Path) -> None:
    path = written(folder, 'grace = "1s"\n[protect]\ntables = [5]\n[[vpn]]\nname = "x"\nprocess = "x"')

    lines = toml(load(path, person(folder)).stored_in(Path("/srv/state"))).splitlines()

    assert f'grace = "1s"  # {path}' in lines
    assert f"tables = [5]  # {path}" in lines
    assert f"[[vpn]]  # {path}" in lines
    assert 'state_dir = "/srv/state"  # --state-dir' in lines
