"""A machine at home on its LAN, and a person who runs the daemon there; stand-ins of VPN clients come and die.

It knows how they are waited for: a client is heard to the end before it dies, so that all its doings are known for its
own. What is right or wrong then is the tests' to say.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.live.forked import CONFIGURATION, preload, said
from tests.live.lab import listing, rules
from tests.live.program import Answer, Program
from tests.live.stand_in import StandIn, connected
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.namespace import Namespace

HOME = """
    sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip link add eth0 index 60 type veth peer name far0
    ip link set far0 up
    ip link set eth0 up
    ip addr add 192.168.77.2/24 dev eth0
    ip -6 addr add fd77::2/64 dev eth0
    ip route add default via 192.168.77.1 dev eth0 proto dhcp src 192.168.77.2 metric 100
    ip -6 route add default via fd77::1 dev eth0 proto static
    ip route add 10.50.0.0/16 via 192.168.77.9 dev eth0
"""
SERVER = "route add 203.0.113.10 via 192.168.77.1 dev eth0"
LEFT_SERVER = "203.0.113.10 via 192.168.77.1 dev eth0 proto boot scope global"
UP = "link set {0} up\naddr add 10.8.{1}.2/32 dev {0}"
Table = tuple[list[str], set[str]]


class Home(Program):
    """The person at home; each command is a process forked from the test's, so that many take seconds."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        """Write a configuration with which hardly anything is waited for."""
        super().__init__(namespace, folder)
        preload()
        (folder / "routewatch.toml").write_text(CONFIGURATION)
        self._number = 0

    def ask(self, *arguments: str) -> Answer:
        """Run one command with --json. Raises AssertionError where it does not answer with one JSON document."""
        common = self.argv[self.argv.index("--config") :]
        answer = self.namespace.call(said, [*arguments, "--json", *common])
        try:
            return Answer(answer.status, json.loads(answer.out), answer.err)
        except ValueError:
            raise AssertionError(f"{arguments}: {answer}") from None

    @property
    def table(self) -> Table:
        """All routes in the kernel's order, and the rules."""
        return listing(self.namespace), rules(self.namespace)

    @contextmanager
    def watched(self) -> Iterator[Path]:
        """Run the daemon from its first baseline on."""
        with self.daemon() as log:
            until(lambda: "id" in self.ask("baseline", "show").document)
            yield log

    @contextmanager
    def client(self, name: str, tunnel: str, does: str, *options: str) -> Iterator[StandIn]:
        """Let a client connect and do something; the daemon has heard all of it then."""
        self._number += 1
        with connected(self.namespace, name, tunnel, *options) as client:
            client.runs(UP.format(tunnel, self._number))
            self.hears(client, tunnel, does)
            yield client

    def hears(self, client: StandIn, tunnel: str, does: str) -> None:
        """Let a client do something, and wait until the daemon has heard it and all it did before."""
        self._number += 1
        client.runs(f"{does}\nroute add 10.250.{self._number}.0/24 dev {tunnel}")
        until(lambda: self.has_logged(f"10.250.{self._number}.0/24"))

    def dies(self, *clients: StandIn) -> None:
        """Let clients be killed, and wait until the daemon knows that their sessions are over."""
        still_open = self.sessions_open() - len(clients)
        for client in clients:
            client.is_killed()
        until(lambda: self.sessions_open() == still_open)

    def pauses(self, *, stops: bool) -> None:
        """Stop the daemon where it is, or let it go on."""
        pid = int(self.ask("status").document["daemon"]["pid"])
        os.kill(pid, signal.SIGSTOP if stops else signal.SIGCONT)

    def finds(self, *orphaned: str, missing: tuple[str, ...] = ()) -> None:
        """See that exactly these are found by ``diff``, and planned by ``cleanup --dry-run``."""
        told = self.ask("diff")
        assert (told.verdicts("orphaned"), told.verdicts("missing")) == (frozenset(orphaned), frozenset(missing)), told
        planned = self.ask("cleanup", "--dry-run")
        assert planned.steps() == {*orphaned, *missing}, planned
        assert planned.status == (1 if orphaned or missing else 0)

    def cleans(self, *words: str) -> Answer:
        """Clean up, and see that every step was done."""
        answer = self.ask("cleanup", "--yes", *words)
        assert {step["status"] for step in answer.document["steps"]} <= {"done"}, answer
        return answer

    def undoes(self) -> Answer:
        """Take the latest cleanup back, and see that every step was done."""
        answer = self.ask("undo")
        assert (answer.status, {step["status"] for step in answer.document["steps"]}) == (0, {"done"}), answer
        return answer
