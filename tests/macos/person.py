"""Somebody at the command line of the stand-in: says commands of routewatch as processes, and reads the answers."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.macos.mac import Mac

CONFIGURATION = 'settle_quiet = "50ms"\nsettle_limit = "1s"\ngrace = "100ms"\npoll_interval = "2s"\n'
PATIENCE = 60.0  # seconds with the stand-in's programs, each of which takes a Python to start
GRACE = 0.15  # seconds, more than that gives a client that has just ended


class Answer(NamedTuple):
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one JSON document. Raises AssertionError with all that was said where it is none."""
        try:
            document: dict[str, Any] = json.loads(self.out)
        except ValueError:
            raise AssertionError(f"{self.status}\n{self.out}\n{self.err}") from None
        return document

    @property
    def commands(self) -> list[str]:
        """Return the command of each step."""
        return [step["command"] for step in self.document["steps"]]


def _named(route: dict[str, Any]) -> str:
    return f"{route['destination']} {route['interface']}"


class Person:
    """Somebody with a Mac, a state directory and a configuration of his own."""

    def __init__(self, mac: Mac) -> None:
        """Write the configuration beside the stand-in's programs."""
        self.mac = mac
        self.state, self.configuration = mac.folder / "state", mac.folder / "routewatch.toml"
        self.gives_programs(PATIENCE)

    def gives_programs(self, seconds: float) -> None:
        """Write the configuration anew: how long one of the system's programs may take."""
        patience = f'timeout = "{1000 * seconds:.0f}ms"\n'  # of [macos], which comes last
        self.configuration.write_text(CONFIGURATION + self.mac.configuration() + patience)

    def words(self, *words: str) -> list[str]:
        """Return the whole command line."""
        common = ["--config", str(self.configuration), "--state-dir", str(self.state)]
        return [sys.executable, "-m", "routewatch", *words, *common]

    def say(self, *words: str) -> Answer:
        """Say one command without a terminal, and wait for its end."""
        argv = self.words(*words)
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def ask(self, *words: str) -> Answer:
        """Say one command with --json."""
        return self.say(*words, "--json")

    def looks(self) -> Answer:
        """Look once, as somebody does who has no daemon."""
        return self.ask("run", "--once")

    def gives_grace(self) -> None:
        """Wait until a client that has just ended had its time."""
        select.select([], [], [], GRACE)

    def vouches(self) -> None:
        """Take a baseline by hand."""
        answer = self.ask("baseline", "capture")
        assert answer.status == 0, answer

    def findings_of_status(self) -> dict[str, str]:
        """Return the rule that decided, by destination and interface, of what ``status`` shows."""
        return {_named(each["route"]): each["rule"] for each in self.ask("status").document["findings"]}

    def sessions(self) -> list[dict[str, Any]]:
        """Return the sessions that are stored, the newest first."""
        found: list[dict[str, Any]] = self.ask("sessions").document["sessions"]
        return found

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """Run ``routewatch run`` from the moment that it has looked."""
        log = self.mac.folder / "run.log"
        with (
            log.open("w") as output,
            subprocess.Popen(
                self.words("run"), stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True
            ) as process,
        ):
            try:
                until(lambda: process.poll() is not None or self.has_looked())
                assert process.poll() is None, log.read_text()
                yield process
            finally:
                process.terminate()
                process.wait(DEADLINE)

    def has_looked(self) -> bool:
        """Tell whether a daemon runs and has looked."""
        answer = self.ask("status")
        return answer.status == 0 and answer.document["daemon"]["running"]
