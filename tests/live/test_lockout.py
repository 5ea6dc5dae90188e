"""Cleaning up from afar: the route that a real SSH login goes by stays, however deep inside it the cleanup is started.

A VPN that died left host routes behind, one of them to where the login comes from, by another router than the
default's: without it the login would be re-routed. All others go.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import routewatch
from tests.live import ssh
from tests.live.lab import routes
from tests.live.namespace import Namespace, new_namespace, why_not
from tests.live.program import Program, said
from tests.live.stand_in import connected
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live

HOME, AWAY, AWAY6 = "192.168.77.2", "198.51.100.7", "2001:db8:9::7"
QUIET = "sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
AT_HOME = f"""
    ip link set eth0 up
    ip addr add {HOME}/24 dev eth0
    ip -6 addr add fd77::2/64 dev eth0
    ip route add default via 192.168.77.1 dev eth0 proto dhcp src {HOME} metric 100
    ip -6 route add default via fd77::1 dev eth0 proto static
"""
AT_THE_ROUTER = """
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip link set lan0 up
    ip addr add 192.168.77.1/24 dev lan0
    ip addr add 192.168.77.254/24 dev lan0
    ip -6 addr add fd77::1/64 dev lan0
    ip -6 addr add fd77::254/64 dev lan0
    ip link set wan0 up
    ip addr add 198.51.100.1/24 dev wan0
    ip -6 addr add 2001:db8:9::1/64 dev wan0
"""
FAR_AWAY = f"""
    ip link set eth0 up
    ip addr add {AWAY}/24 dev eth0
    ip -6 addr add {AWAY6}/64 dev eth0
    ip route add default via 198.51.100.1
    ip -6 route add default via 2001:db8:9::1
"""
LEFT = {
    "203.0.113.10": "203.0.113.10 via 192.168.77.1 dev eth0",
    AWAY: f"{AWAY} via 192.168.77.254 dev eth0",
    AWAY6: f"{AWAY6} via fd77::254 dev eth0",
}
CLEAN = """#!/bin/sh
cd {where} || exit
{words} > {folder}/out 2> {folder}/err
echo $? > {folder}/part && mv {folder}/part {folder}/status
"""
_numbers = itertools.count()


@dataclass(frozen=True)
class Machine:
    """The machine that is logged in to, where a VPN has died, and the one that logs in."""

    home: Namespace
    away: Namespace
    program: Program
    server: ssh.Server

    @contextmanager
    def login(self, address: str = HOME) -> Iterator[ssh.Login]:
        """Log in from afar."""
        with self.server.listening(self.home, 2222), self.server.login(self.away, address, 2222) as login:
            yield login

    def script(self, *words: str) -> Script:
        """Write a script that says a command of routewatch, whoever runs it wherever."""
        return Script(self.program, words)

    def left(self) -> set[str]:
        """Return which of the rows that the VPN left are there."""
        there = routes(self.home)
        return {name for name, row in LEFT.items() if any(each.startswith(f"{row} ") for each in there)}


class Script:
    """A command of routewatch as a script that keeps what it said, with a copy of the state to act on."""

    def __init__(self, program: Program, words: tuple[str, ...], state: Path | None = None) -> None:
        """Write it."""
        self.folder = program.folder / f"s{next(_numbers)}"
        self.folder.mkdir()
        self.state = state or shutil.copytree(program.folder / "state", self.folder / "state")
        options = ["--config", str(program.folder / "routewatch.toml"), "--state-dir", str(self.state), "--json"]
        command = " ".join([sys.executable, "-m", "routewatch", *words, *options])
        self.path = self.folder / "clean"
        where = Path(routewatch.__file__).parents[1]
        self.path.write_text(CLEAN.format(where=where, words=command, folder=self.folder))
        self.path.chmod(0o755)

    def answer(self) -> dict[str, Any]:
        """Wait until it has ended, and return the document."""
        until((self.folder / "status").exists)
        told = (self.folder / "out").read_text()
        assert told, (self.folder / "err").read_text()
        document: dict[str, Any] = json.loads(told)
        return document


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    reason = (
        why_not() or ssh.why_not() or (None if Path("/dev/net/tun").exists() else "making a tun needs /dev/net/tun")
    )
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("lock")
    with new_namespace() as home, new_namespace() as router, new_namespace() as away:
        for namespace in (home, router, away):
            namespace.run(QUIET)
        router.run(f"ip link add lan0 type veth peer name eth0 netns {home.name}")
        router.run(f"ip link add wan0 type veth peer name eth0 netns {away.name}")
        router.run_all(AT_THE_ROUTER)
        home.run_all(AT_HOME)
        away.run_all(FAR_AWAY)
        program = Program(home, folder)
        let_a_vpn_die(program)
        yield Machine(home, away, program, ssh.Server(folder / "ssh"))


@pytest.fixture(autouse=True)
def as_the_vpn_left_it(machine: Machine) -> None:
    for name in set(LEFT) - machine.left():
        machine.home.run(f"ip route add {LEFT[name]}")


def let_a_vpn_die(program: Program) -> None:
    with program.daemon():
        until(lambda: "id" in program.ask("baseline", "show").document)
        with connected(program.namespace, "openvpn", "tun0") as client:
            lines = [
                "link set tun0 up",
                "addr add 10.8.0.2/32 dev tun0",
                *(f"route add {row}" for row in LEFT.values()),
            ]
            client.runs("\n".join(lines))
            until(lambda: program.has_logged(AWAY6))
            client.is_killed()
        until(lambda: program.sessions_open() == 0)


def refused(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["rule"], said(entry["route"])) for entry in document["refused"]]


INSIDE = {
    "directly": "{script}",
    "by sudo": "sudo -n {script}",
    "by su": "su - -c {script}",
    "with nothing in its environment": "env -i {script}",
    "in a session of its own that outlives the terminal": "setsid nohup {script} > /dev/null 2>&1 &",
    "in tmux": "tmux -f /dev/null -S {socket} new-session -d {script}",
    "by sudo in tmux": "tmux -f /dev/null -S {socket} new-session -d sudo -n {script}",
    "in a tmux that is older than the login": "tmux -S {older} new-window -d {script}",
}


@pytest.fixture(scope="module")
def older(machine: Machine) -> Iterator[Path]:
    """Give the socket of a tmux server that was started at the machine itself."""
    path = machine.program.folder / "older"
    tmux = ["env", "-u", "SSH_CONNECTION", "-u", "SSH_CLIENT", "tmux", "-f", "/dev/null", "-S", str(path)]
    machine.home.run(" ".join([*tmux, "new-session", "-d", "cat"]))
    yield path
    subprocess.run([*tmux, "kill-server"], check=True, capture_output=True)


@pytest.mark.parametrize("way", INSIDE)
def test_the_login_lives_on_and_the_rest_is_cleaned(machine: Machine, way: str, request: pytest.FixtureRequest) -> None:
    missing = [name for name in ("sudo", "su", "tmux") if name in INSIDE[way] and shutil.which(name) is None]
    if missing:
        pytest.skip(f"this needs {missing}")
    with ExitStack() as stack:
        known = request.getfixturevalue("older") if "{older}" in INSIDE[way] else ""
        script = machine.script("cleanup", "--yes")
        login = stack.enter_context(machine.login())
        login.says(INSIDE[way].format(script=script.path, socket=script.folder / "t", older=known))

        document = script.answer()
        assert refused(document) == [("remote-login", f"{LEFT[AWAY]} proto boot scope global")]
        assert document["refused"][0]["because"] == f"it carries the remote login from {AWAY}"
        assert {step["status"] for step in document["steps"]} == {"done"}
        assert machine.left() == {AWAY}
        assert login.says("echo alive") == "alive\n"


def test_a_login_by_ipv6_keeps_its_own_route(machine: Machine) -> None:
    script = machine.script("cleanup", "--yes")
    with machine.login("fd77::2") as login:
        login.says(f"sudo -n {script.path}")

        assert refused(script.answer()) == [("remote-login", f"{LEFT[AWAY6]} proto boot scope global metric 1024")]
        assert machine.left() == {AWAY6}
        assert login.says("echo alive") == "alive\n"


def test_an_undo_brings_nothing_back_that_would_take_the_login_over(machine: Machine) -> None:
    script = machine.script("cleanup", "--yes")
    machine.home.run(str(script.path))
    assert script.answer()["refused"] == []
    assert machine.left() == set()

    back = Script(machine.program, ("undo",), script.state)
    with machine.login() as login:
        login.says(str(back.path))

        assert refused(back.answer()) == [("remote-login", f"{LEFT[AWAY]} proto boot scope global")]
        assert machine.left() == set(LEFT) - {AWAY}
        assert login.says("echo alive") == "alive\n"
