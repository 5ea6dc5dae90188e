"""The system's programs are run for a short time only, and whoever misbehaves is ended with all that he started."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import ObservationError
from routewatch.host.macos import programs
from routewatch.host.macos.programs import Paths, Programs
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from typing import Protocol

    class Put(Protocol):
        def __call__(self, script: str, timeout: float = DEADLINE) -> Programs: ...


@pytest.fixture
def netstat(tmp_path: Path) -> Put:
    """Put a shell script in netstat's place, which has some seconds to answer."""

    def put(script: str, timeout: float = DEADLINE) -> Programs:
        path = tmp_path / "netstat"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Programs(Paths(netstat=str(path), timeout=timeout))

    return put


def test_both_voices_and_the_exit_status_are_heard(netstat: Put) -> None:
    said = netstat("echo table $1; echo warning >&2; exit 3").read("netstat", "-rn")
    assert said == (3, "table -rn\n", "warning\n")


def test_a_program_is_told_what_to_do_in_plain_english_and_without_our_environment(
    netstat: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYLD_INSERT_LIBRARIES", "/tmp/evil")  # noqa: S108 - a name only
    said = netstat('read word; echo "$word $LC_ALL $DYLD_INSERT_LIBRARIES $PWD"').read("netstat", stdin="show\n")
    assert said.out == "show C  /\n"


def test_who_hangs_is_ended_with_his_children(netstat: Put, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    for seconds in (0.5, 5, 50):
        with pytest.raises(ObservationError, match=rf"netstat did not answer within {seconds} s") as caught:
            netstat(f"sleep 600 & echo $! $$ >{pids}; wait", seconds).read("netstat")
        assert "[macos] timeout" in caught.value.hint
        if pids.exists():  # it had the time to start what hangs
            break
    until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def alive(pid: int) -> bool:
    """Tell whether a process runs: one that init has yet to fetch does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def test_a_child_that_keeps_the_pipe_open_does_not_keep_us(netstat: Put) -> None:
    with pytest.raises(ObservationError, match="did not answer"):
        netstat("sleep 600 & exit 0", 0.5).read("netstat")


def test_who_never_stops_talking_is_ended(netstat: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "LARGEST", 1 << 20)
    with pytest.raises(ObservationError, match="said more than 1 MiB"):
        netstat("yes").read("netstat")


def test_who_ended_already_can_not_be_ended_again_on_a_mac(netstat: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """XNU answers EPERM where all processes of the group have ended, whosever they were."""

    def killed(group: int, number: int) -> None:
        killpg(group, number)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    killpg = os.killpg
    monkeypatch.setattr(os, "killpg", killed)
    with pytest.raises(ObservationError, match="did not answer"):
        netstat("sleep 600", 0.5).read("netstat")


def test_a_missing_program_is_named_with_the_setting_that_names_it() -> None:
    with pytest.raises(ObservationError, match=r"/nowhere/netstat can't be run: No such file") as caught:
        Programs(Paths(netstat="/nowhere/netstat")).read("netstat")
    assert caught.value.hint == "set [macos] netstat to its absolute path"


def test_what_is_no_program_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="can't be run"):
        Programs(Paths(netstat=os.fspath(tmp_path))).read("netstat")


def test_a_complaint_is_one_printable_line(netstat: Put) -> None:
    said = netstat(r"printf 'bad \033[31mname\nmore\n' >&2; exit 1").read("netstat")
    assert said.complaint == "bad ?[31mname"


def test_who_says_nothing_of_why_he_failed_is_told_by_how_he_ended(netstat: Put) -> None:
    assert netstat("exit 3").read("netstat").failure == "exit status 3"
    assert netstat("kill -9 $$").read("netstat").failure == "signal 9 ended it"
    assert netstat("echo why >&2; exit 3").read("netstat").failure == "why"


def test_who_closed_both_voices_and_lives_is_ended_when_his_time_is_over(
    netstat: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waited(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is not None:
            limits.append(timeout)
        return wait(process, timeout)

    wait, limits = subprocess.Popen.wait, list[float]()
    monkeypatch.setattr(subprocess.Popen, "wait", waited)
    with pytest.raises(ObservationError, match="did not answer"):
        netstat("sleep 0.3; exec >&- 2>&-; sleep 600", 0.5).read("netstat")
    assert all(limit <= 0.2 for limit in limits)  # what is left of his half second, and not another one


def test_a_program_that_acts_and_hangs_is_not_said_to_have_done_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "ACTING", 0.2)
    (route := tmp_path / "route").write_text("#!/bin/sh\nsleep 600\n")
    route.chmod(0o755)
    with pytest.raises(ObservationError, match=r"did not answer within 0\.2 s") as acted:
        Programs(Paths(route=str(route))).act("route", "-n")
    assert acted.value.hint == "whether it did its work, the next look tells"
