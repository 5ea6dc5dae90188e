"""What psutil says of real processes: the same code that asks a Mac, asked of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from routewatch.host.macos import holders
from routewatch.host.macos.kernel import MacHost
from routewatch.host.macos.programs import Paths
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

SLEEPER = "import sys; print('ready', flush=True); sys.stdin.read()"
STARTER = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that says when it is ready, and ends with its standard input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def script(folder: Path, name: str, interpreter: str = sys.executable, text: str = SLEEPER) -> str:
    path = folder / name
    path.write_text(f"#!{interpreter}\n{text}\n")
    path.chmod(0o755)
    return str(path)


def nobody(_name: str) -> bool:
    return False


def only(name: str) -> Callable[[str], bool]:
    return lambda asked: asked == name


def test_a_holder_is_told_by_its_full_name_and_its_command(tmp_path: Path) -> None:
    with running(script(tmp_path, "openvpn"), "--remote", "203.0.113.9") as client:
        found = holders.process(client.pid, "openvp", nobody)

        assert (found.pid, found.name) == (client.pid, "openvpn")
        assert found.command[-2:] == ("--remote", "203.0.113.9")
        assert found.started > 0


def test_a_holder_that_has_ended_keeps_the_name_that_was_printed(tmp_path: Path) -> None:
    with running(script(tmp_path, "openvpn")) as client:
        pass

    assert holders.process(client.pid, "openvp", nobody).name == "openvp"


def test_a_process_is_the_same_after_the_clock_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Mac's start times and its boot time are shifted by psutil where the clock was set, as after a night's sleep."""
    with running(script(tmp_path, "openvpn")) as client:
        before = holders.process(client.pid, "openvpn", nobody)
        created = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: created(process) + 1)
        monkeypatch.setattr(psutil, "boot_time", lambda: 0.0)

        assert holders.process(client.pid, "openvpn", nobody) == before
        assert holders.running(nobody, [before]) == (before,)


def test_a_client_runs_that_bears_a_clients_name_or_is_a_script_of_that_name(tmp_path: Path) -> None:
    with (
        running(script(tmp_path, "openvpn")) as one,
        running(sys.executable, "-u", script(tmp_path, "sshuttle")) as other,
        running(sys.executable, "-c", SLEEPER),
    ):
        known = {"openvpn", "sshuttle"}
        found = holders.running(known.__contains__, ())

        assert {(one.pid, "openvpn"), (other.pid, "sshuttle")} <= {(each.pid, each.name) for each in found}
        assert {each.name for each in found} == known


def test_a_long_name_is_asked_for_as_the_kernel_cuts_it(tmp_path: Path) -> None:
    with running(script(tmp_path, "openvpn3-service-client")) as client:
        assert client.pid in {each.pid for each in holders.running(only("openvpn3-servic"), ())}


def test_a_known_process_runs_as_long_as_it_is_that_very_one(tmp_path: Path) -> None:
    with running(script(tmp_path, "tincd")) as client:
        known = holders.process(client.pid, "tincd", nobody)
        another = type(known)(pid=client.pid, started=known.started - 1, name="tincd")

        assert holders.running(nobody, [known]) == (known,)
        assert holders.running(nobody, [another]) == ()
    assert holders.running(nobody, [known]) == ()


def test_who_has_ended_does_not_run_though_its_parent_has_not_asked_for_it(tmp_path: Path) -> None:
    with running(script(tmp_path, "openvpn")) as client:
        client.kill()
        until(lambda: psutil.Process(client.pid).status() == psutil.STATUS_ZOMBIE)
        found = holders.running(only("openvpn"), ())  # others' clients may run on this machine
        assert client.pid not in {each.pid for each in found}


def test_the_author_is_the_process_and_who_started_it_nearest_first(tmp_path: Path) -> None:
    with running(script(tmp_path, "wg-quick", text=STARTER), sys.executable, "-c", SLEEPER) as client:
        [child] = psutil.Process(client.pid).children()
        author = holders.author(child.pid, only("wg-quick"))

        assert author.process is not None
        assert (author.kind, author.process.pid) == ("process", child.pid)
        assert [each.pid for each in author.ancestors[:2]] == [client.pid, os.getpid()]
        assert author.ancestors[0].name == "wg-quick"
        assert all(each.pid > 1 for each in author.ancestors)


def test_the_kernel_we_and_nobody_are_known() -> None:
    assert holders.author(0, nobody).kind == "kernel"
    assert holders.author(os.getpid(), nobody).kind == "routewatch"
    assert holders.author(2**31 - 2, nobody).kind == "unknown"
    assert holders.author(1, nobody).kind == "unknown"


def test_the_route_that_a_routewatch_runs_is_its_own_doing(tmp_path: Path) -> None:
    route = script(tmp_path, "route")
    with running(route) as ours:
        assert holders.author(ours.pid, nobody).kind == "routewatch"
    with running(script(tmp_path, "routewatch", text=STARTER), route) as undo:
        [child] = psutil.Process(undo.pid).children()
        assert holders.author(child.pid, nobody).kind == "routewatch"
    with running(script(tmp_path, "vpnc-script", text=STARTER), route) as client:
        [child] = psutil.Process(client.pid).children()
        assert holders.author(child.pid, nobody).kind == "process"


def test_a_program_that_we_ran_and_that_is_over_was_ours(tmp_path: Path) -> None:
    host = MacHost(Paths(route=script(tmp_path, "route", "/bin/sh", "echo $$")))
    pid = int(host._programs.act("route").out)

    assert host._author(pid).kind == "routewatch"
    assert host._author(0).kind == "kernel"
