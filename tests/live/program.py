"""routewatch as its user has it: the installed program, by its command line, inside a namespace.

It starts commands and reads their one JSON document; it knows the document's shape (DESIGN of ``diff --json``) and how
to say a route of it in ip-route(8)'s words, and nothing of what is right or wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live.manager import manager
from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.namespace import Namespace

# Short, because nothing here is slow: a test waits for these several times.
CONFIGURATION = """
settle_quiet = "200ms"
settle_limit = "2s"
grace = "1s"
"""


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit status, its document, and what it told a person."""

    status: int
    document: dict[str, Any]
    told: str

    def verdicts(self, kind: str) -> frozenset[str]:
        """Return the routes and rules that ``diff`` found with the verdict."""
        found = (row for part in ("added", "removed") for row in self.document[part] if row["verdict"] == kind)
        return frozenset(map(_entry, found))

    def steps(self) -> frozenset[str]:
        """Return the routes and rules that ``cleanup`` would take or has taken a step for."""
        return frozenset(map(_entry, self.document["steps"]))

    def changes(self) -> frozenset[str]:
        """Return the same, and of what would be replaced both the old and the new."""
        replaced = (step["replaces"] for step in self.document["steps"] if step["replaces"])
        return self.steps() | frozenset(map(said, replaced))

    def refused(self) -> frozenset[str]:
        """Return the routes and rules that a standing refusal kept from being touched."""
        return frozenset(map(_entry, self.document["refused"]))


def _entry(row: dict[str, Any]) -> str:
    if row["route"]:
        return said(row["route"])
    return said_rule(row["policy_rule"]) if row["policy_rule"] else ""


def _who(event: dict[str, Any]) -> str:
    author = event["author"] or {"kind": "unknown", "process": None, "ancestors": []}
    return " < ".join([author["process"] or author["kind"], *author["ancestors"]])


class Program:
    """One installation of routewatch in a namespace, with a state directory and a configuration of its own."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        """Write the configuration into the folder, which must be root's own."""
        self.namespace, self.folder = namespace, folder
        configuration = folder / "routewatch.toml"
        configuration.write_text(CONFIGURATION)
        program = [sys.executable, "-m", "routewatch"]
        common = ["--config", str(configuration), "--state-dir", str(folder / "state")]
        self.argv = ["ip", "netns", "exec", namespace.name, *program, *common]

    def ask(self, *arguments: str) -> Answer:
        """Run one command with --json. Raises AssertionError where it does not answer with one JSON document."""
        argv = [*self.argv, "--json", *arguments]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL
        )
        try:
            return Answer(done.returncode, json.loads(done.stdout), done.stderr)
        except ValueError:
            raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}") from None

    def has_logged(self, words: str) -> bool:
        """Tell whether the words stand somewhere in the log of what happened."""
        return words in json.dumps(self.ask("log").document)

    def story(self) -> str:
        """Return all that was seen, with authors, and the verdicts of now: for whoever reads of a failed test."""
        found = self.ask("diff").document
        lines = [
            f"{event['kind']} session {event['session']} {_entry(event)} {event['detail'] or ''} by {_who(event)}"
            for event in self.ask("log").document["events"]
        ]
        lines += [
            f"{row['verdict']} session {row['session']} {_entry(row)}: {row['rule']} {row['evidence']} {row['against']}"
            for row in (*found["added"], *found["removed"])
        ]
        return "\n".join(lines)

    def sessions_open(self) -> int:
        """Count the sessions that the daemon has written down and not closed."""
        return sum(session["closed"] is None for session in self.ask("sessions").document["sessions"])

    @contextmanager
    def daemon(self) -> Iterator[Path]:
        """Run ``routewatch run`` until the end, from the moment it says that it is ready; yield its log.

        Ready is told as sd_notify(3) describes it: READY=1 to the datagram socket of NOTIFY_SOCKET.
        """
        log = self.folder / "run.log"
        with manager(self.folder / "ready") as listening, log.open("w") as output:
            process = subprocess.Popen(
                [*self.argv, "run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **listening.environment},
            )
            try:
                ready = listening.hears("READY=1", lambda: process.poll() is None)
                assert ready, f"the daemon never was ready: {log.read_text()}"
                yield log
            finally:
                process.terminate()
                process.wait(DEADLINE)


def said(route: dict[str, Any]) -> str:
    """Say a route object as ``lab.listing`` does."""
    destination = route["destination"].removesuffix("/32" if route["family"] == "inet" else "/128")
    words = [
        ("via", route.get("gateway")),
        ("dev", route.get("interface")),
        ("table", None if route.get("table") == 254 else route.get("table")),
        ("proto", route.get("protocol")),
        ("scope", route.get("scope") or "global"),
        ("src", route.get("preferred_source")),
        ("metric", route.get("metric") or None),
    ]
    return " ".join([destination, *(f"{word} {value}" for word, value in words if value is not None)])


def said_rule(rule: dict[str, Any]) -> str:
    """Say a policy rule object as ``lab.rules`` does; what it has beside the common selectors is said as it is."""
    mark = None if rule["fwmark"] is None else f"{rule['fwmark']:#x}"
    table = {254: "main", 255: "local", 253: "default"}.get(rule["table"], rule["table"])
    words = [
        ("to", (rule["destination"] or "").removesuffix("/32").removesuffix("/128") or None),
        ("fwmark", mark),
        ("iif", rule["iif"]),
        ("oif", rule["oif"]),
        ("lookup", table),
        ("suppress_prefixlength", rule["suppress_prefixlength"]),
    ]
    source = (rule["source"] or "all").removesuffix("/32").removesuffix("/128")
    begin = (
        f"{'-4' if rule['family'] == 'inet' else '-6'} {rule['priority']}:{' not' if rule['not'] else ''} from {source}"
    )
    return " ".join([begin, *(f"{word} {value}" for word, value in words if value is not None)])
