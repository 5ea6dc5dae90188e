"""The log, as another process sees it: on stderr only, JSON unless somebody watches, and never a flood."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from routewatch.log import Sparing

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
SETUP = "from routewatch.log import configure, get_logger; configure({}, color=False); log = get_logger(); "


def logged(script: str, verbosity: int = 0) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", SETUP.format(verbosity) + script], cwd=ROOT, check=True, text=True, capture_output=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def on_a_terminal(script: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SETUP.format(0) + script], cwd=ROOT, stderr=theirs) as child:
        child.wait(60)
    os.close(theirs)
    try:
        return os.read(ours, 65536).decode()
    finally:
        os.close(ours)


def test_an_event_is_a_line_of_json_on_stderr() -> None:
    (line,) = logged('log.info("route_deleted", destination="10.0.0.0/8", metric=5)')

    assert line["timestamp"].endswith("Z")
    assert {key: line[key] for key in line if key != "timestamp"} == {
        "event": "route_deleted", "level": "info", "destination": "10.0.0.0/8", "metric": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verbosity", "levels"), [(-1, ["error"]), (0, ["info", "error"]), (1, ["debug", "info", "error"])]
)
def test_verbosity_chooses_what_is_said(verbosity: int, levels: list[str]) -> None:
    said = logged('log.debug("a"); log.info("b"); log.error("c")', verbosity)

    assert [line["level"] for line in said] == levels


def test_on_a_terminal_it_is_a_line_for_people() -> None:
    said = on_a_terminal('log.warning("overrun", lost=3)')

    assert "overrun" in said
    assert "lost=3" in said
    assert "{" not in said


def test_escape_sequences_of_others_do_not_reach_the_terminal() -> None:
    said = on_a_terminal(r'log.info("link", name="\x1b[31mtun0\n\x9b")')

    assert "\x1b" not in said
    assert "tun0" in said


def test_values_that_are_not_plain_are_made_so() -> None:
    (line,) = logged(
        'import pathlib; log.info("x", a={"b", "a"}, b=pathlib.Path("/"), c=(1, None), d=b"x", e={1: 2.5})'
    )

    assert (line["a"], line["b"], line["c"], line["d"], line["e"]) == (["a", "b"], "/", [1, None], "b'x'", {"1": 2.5})


def test_an_exception_keeps_its_traceback() -> None:
    (line,) = logged("\ntry:\n  1 / 0\nexcept ZeroDivisionError:\n  log.exception('failed')")

    assert "ZeroDivisionError" in line["exception"]


def test_what_libraries_log_comes_in_the_same_form() -> None:
    (line,) = logged('import logging; logging.getLogger("watchdog").warning("gone %s", 1); logging.info("quiet")')

    assert (line["event"], line["library"], line["said"], line["level"]) == ("library", "watchdog", "gone 1", "warning")


def test_the_same_warning_is_said_once() -> None:
    said = logged(
        '[log.warning("overrun", socket="doorbell", lost=n) for n in range(1000)]; log.warning("overrun", socket="x")'
    )

    assert [line["socket"] for line in said] == ["doorbell", "x"]


def test_errors_are_never_held_back() -> None:
    assert len(logged('[log.error("failed") for n in range(3)]')) == 3


def test_a_warning_is_said_again_after_an_hour_with_how_often_it_was_held_back() -> None:
    now = 0.0
    sparing = Sparing(lambda: now)
    event = {"event": "overrun", "lost": 1}

    def passed() -> Mapping[str, object] | None:
        try:
            return sparing(None, "warning", event)
        except structlog.DropEvent:
            return None

    assert passed() == event
    assert [passed(), passed()] == [None, None]
    now = 3601.0
    assert passed() == {**event, "held_back": 2}
    assert passed() is None


def test_only_so_many_warnings_are_remembered() -> None:
    sparing = Sparing(lambda: 0.0)

    for number in range(5000):
        sparing(None, "warning", {"event": "x", "name": str(number)})

    assert len(sparing._said) == 1024


def test_the_journal_is_told_how_urgent_a_line_is() -> None:
    ours, theirs = os.pipe()
    status = os.fstat(theirs)
    environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    script = SETUP.format(0) + 'log.warning("a"); log.info("b")'
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, stderr=theirs, env=environment)
    os.close(theirs)
    with os.fdopen(ours) as stream:
        lines = stream.read().splitlines()

    assert [line[:4] for line in lines] == ["<4>{", "<6>{"]


def test_a_variable_left_over_from_another_stream_adds_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "9:1")

    assert len(logged('log.info("a")')) == 1
