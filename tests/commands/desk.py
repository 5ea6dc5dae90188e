"""A person at the command line of a machine in memory: says commands, reads what they answer, and lets things happen.

The commands are the real ones, by their command line, in this process; the store is a real one in a folder.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routewatch.cli import main
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import HOME, Story

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from routewatch.core.sessions import Followed

CONFIGURATION = 'settle_quiet = "1ms"\nsettle_limit = "50ms"\ngrace = "10ms"\n'


class Answer(Struct, frozen=True):
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one JSON document; ValueError where it is none, or not one only."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def rows(self) -> dict[str, str]:
        """Return the destinations of the steps with what became of each."""
        return {_name(step): step["status"] for step in self.document["steps"]}

    @property
    def refused(self) -> dict[str, str]:
        """Return the destinations that will not be tried, with the rule that says so."""
        return {_name(entry): entry["rule"] for entry in self.document["refused"]}


def _name(entry: dict[str, Any]) -> str:
    if entry["target"] == "route":
        return str(entry["route"]["destination"])
    return f"rule {entry['policy_rule']['priority']}"


class Watched(Story):
    """A story that never goes on for longer than half a minute before somebody can look."""

    def wait(self, seconds: float = 10.0) -> Followed:
        return super().wait(min(seconds, 30.0))


class Desk:
    """One machine, one state directory, one configuration."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], rows: Iterable[str] = HOME) -> None:
        """Begin with a machine at rest that nobody has looked at yet."""
        self.story = Watched(rows, quiet=0)
        self.host = self.story.host
        self.folder = folder
        self.state = folder / "state"
        self.configuration = folder / "routewatch.toml"
        self.configuration.write_text(CONFIGURATION)
        self._capture = capture

    def say(self, *words: str) -> Answer:
        """Say one command as it stands. The configuration and state directory are said after it."""
        self._capture.readouterr()
        common = ["--config", str(self.configuration), "--state-dir", str(self.state)]
        status = main([*words, *common], host=self.host)
        out, err = self._capture.readouterr()
        return Answer(status, out, err)

    def ask(self, *words: str) -> Answer:
        """Say one command with --json."""
        return self.say(*words, "--json")

    def knows_the_machine(self) -> None:
        """Let two looks ten minutes apart have made a proven baseline."""
        self.ask("run", "--once")
        self.host.advance(600)
        self.ask("run", "--once")

    def vpn_dies(self) -> None:
        """Let an OpenVPN session be seen, and end by SIGKILL."""
        self.knows_the_machine()
        openvpn_connects(self.story)
        self.ask("run", "--once")
        dies(self.story)
        self.ask("run", "--once")
        self.host.advance(30)

    def persistent_tun_is_left(self) -> None:
        """Let an OpenVPN session be seen whose tun stays behind, with all that leads into it."""
        self.knows_the_machine()
        openvpn_connects(self.story)
        with self.host.acting_as(self.story.kernel):
            self.story.add("10.8.0.0/24 dev tun0 proto kernel src 10.8.0.6")
        self.ask("run", "--once")
        self.story.runs()
        self.story.die("tun0")
        self.ask("run", "--once")
        self.host.advance(30)
