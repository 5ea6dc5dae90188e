"""The README's promises about itself: one command to try, one to test, the same for CI, and what the demo prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from routewatch.commands.demo import RefusedError, unshare_words
from routewatch.commands.demo_stage import why_no_tun

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


def plain(line: str) -> str:
    """Leave out what differs from run to run: pids."""
    return re.sub(r"^\$ kill -9 \d+", "$ kill -9 PID", line).strip()


def why_no_demo() -> str | None:
    """Return why the demo can't tell the whole story here, by its own conditions, or None."""
    try:
        unshare_words()
    except RefusedError as error:
        return error.message
    refused = why_no_tun()
    return f"/dev/net/tun is refused here: {refused}" if refused else None


def test_the_readme_counts_the_steps_it_leaves_out() -> None:
    (plan,) = re.findall(r"^\$ routewatch cleanup --dry-run$(.*?)^\$", README, re.MULTILINE | re.DOTALL)
    (steps,) = re.findall(r"^cleanup 1: (\d+) of \d+ done", README, re.MULTILINE)
    before, after = map(int, re.findall(r"^  \[(\d+) more\]$", plan, re.MULTILINE))
    shown = list(map(int, re.findall(r"^ *(\d+)\. [-+~] ", plan, re.MULTILINE)))

    assert shown == list(range(before + 1, int(steps) - after + 1))


@pytest.mark.live
@pytest.mark.skipif(why_no_demo() is not None, reason=str(why_no_demo()))
def test_what_the_readme_shows_the_demo_prints_in_this_order() -> None:
    (block,) = re.findall(r"^```console$(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    shown = [plain(line) for line in block.splitlines() if line.strip() and not re.match(r"\s*\[\d+ more\]$", line)]

    told = subprocess.run(
        [sys.executable, "-m", "routewatch", "demo"], capture_output=True, text=True, timeout=120, check=False
    )

    printed = iter(plain(line) for line in told.stdout.splitlines())
    assert [line for line in shown if line not in printed] == [], told.stdout
