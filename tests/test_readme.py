"""The README's promises about itself: one command to try, one to test, and CI runs the latter as it stands."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands_of(section: str) -> list[str]:
    text = re.search(rf"^## {section}$(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert text is not None, f"README has no section {section}"
    blocks = re.findall(r"^```\w*$(.*?)^```$", text[1], re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_one_command_sets_everything_up_and_runs_the_main_job() -> None:
    (command,) = commands_of("Try it")

    assert command.startswith("python3 -m venv ")
    assert command.endswith("routewatch demo")


def test_one_command_sets_everything_up_and_runs_the_tests() -> None:
    (command,) = commands_of("Test it")

    assert command.startswith("python3 -m venv ")
    assert command.endswith("pytest")


def test_ci_takes_the_test_command_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    assert "README.md" in script
    assert "pip install" not in script


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150
