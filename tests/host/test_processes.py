"""What /proc says of real processes, and which of them may be VPN clients."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from routewatch.core.model import Moment
from routewatch.host.linux.authors import Authors
from routewatch.host.processes import Processes, pids, read_name, read_stat, sees_all_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that says when it is ready, and end it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def script(folder: Path, name: str, interpreter: str = sys.executable) -> Path:
    path = folder / name
    path.write_text(f"#!{interpreter}\n{SLEEPER}\n")
    path.chmod(0o755)
    return path


def nobody(_name: str) -> bool:
    return False


def now() -> Moment:
    return Moment(wall=0, boot=time.clock_gettime(time.CLOCK_BOOTTIME), monotonic=0)


def test_a_process_is_told_by_pid_start_name_and_arguments() -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        process = Processes(nobody).read(child.pid)

        assert process is not None
        assert process.name == psutil.Process(child.pid).name()[:15]
        assert process.command == (sys.executable, "-c", SLEEPER)


def test_the_start_of_a_process_is_that_of_the_boot_clock() -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        process = Processes(nobody).read(child.pid)

        assert process is not None
        started = process.started / os.sysconf("SC_CLK_TCK")
        assert now().boot - 30 < started <= now().boot
        assert psutil.boot_time() + started == pytest.approx(psutil.Process(child.pid).create_time(), abs=0.1)


def test_a_name_may_hold_parentheses_and_blanks(tmp_path: Path) -> None:
    with running(str(script(tmp_path, "vpn) S 1 (x"))) as child:
        stat = read_stat(child.pid)

        assert stat is not None
        assert (stat.comm, stat.parent, stat.dead) == ("vpn) S 1 (x", os.getpid(), False)


def test_a_name_read_alone_is_the_one_beside_the_other_fields(tmp_path: Path) -> None:
    with running(str(script(tmp_path, "a name of more than 15\n"))) as child:
        stat = read_stat(child.pid)

        assert stat is not None
        assert child.pid in set(pids())
        assert read_name(child.pid) == stat.comm == "a name of more "
    assert read_name(child.pid) == ""


def test_a_name_may_end_in_a_line_feed(tmp_path: Path) -> None:
    with running(str(script(tmp_path, "client\n"))) as child:
        assert read_name(child.pid) == "client\n"


def test_a_process_that_has_ended_is_not_read_though_its_parent_has_not_fetched_it() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert Processes(nobody).read(child.pid) is None
    child.wait()
    assert Processes(nobody).read(child.pid) is None


def test_a_client_is_a_candidate_by_its_name(tmp_path: Path) -> None:
    processes = Processes(lambda name: name == "openvpn")
    with running(str(script(tmp_path, "openvpn"))) as client, running(sys.executable, "-c", SLEEPER):
        candidates = processes.candidates()

        assert [process.pid for process in candidates.processes] == [client.pid]
        assert candidates.processes == (processes.read(client.pid),)


def test_a_client_run_by_an_interpreter_goes_by_the_name_of_its_script(tmp_path: Path) -> None:
    processes = Processes(lambda name: name == "sshuttle")
    with running(sys.executable, "-u", str(script(tmp_path, "sshuttle"))) as client:
        found = processes.candidates().processes

        assert [(process.pid, process.name) for process in found] == [(client.pid, "sshuttle")]


def test_a_client_that_has_ended_is_no_candidate(tmp_path: Path) -> None:
    processes = Processes(lambda name: name == "openvpn")
    with running(str(script(tmp_path, "openvpn"))) as client:
        client.kill()
        os.waitid(os.P_PID, client.pid, os.WEXITED | os.WNOWAIT)

        assert processes.candidates().processes == ()


def test_threads_of_the_kernel_are_never_candidates() -> None:
    found = Processes(lambda _: True).candidates().processes

    assert all(process.pid != 2 and process.command for process in found)


def test_root_sees_all_processes() -> None:
    if os.geteuid() != 0 or not sees_all_processes():
        pytest.skip("needs root, outside of any PID namespace")

    assert Processes(nobody).candidates().seen


def test_the_author_is_the_process_and_its_ancestors_nearest_first() -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        author = Authors(Processes(nobody)).author_of(child.pid, now())

        assert author.process is not None
        assert (author.kind, author.process.pid) == ("process", child.pid)
        assert author.ancestors[0].pid == os.getpid()
        assert all(process.pid > 1 for process in author.ancestors)


def test_a_line_of_ancestors_that_reaches_the_first_process_is_not_cut() -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        assert not Authors(Processes(nobody)).author_of(child.pid, now()).cut


def test_a_line_of_ancestors_is_cut_where_one_ended_before_it_was_read() -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        authors = Authors(Processes(nobody), read=lambda pid: None if pid == os.getpid() else read_stat(pid))
        author = authors.author_of(child.pid, now())

        assert (author.kind, author.ancestors, author.cut) == ("process", (), True)


@pytest.mark.parametrize("counter", [1, 3, 1023])
def test_a_library_with_several_sockets_counts_above_the_pid(counter: int) -> None:
    with running(sys.executable, "-c", SLEEPER) as child:
        author = Authors(Processes(nobody)).author_of(counter << 22 | child.pid, now())

        assert author.process is not None
        assert author.process.pid == child.pid


def test_what_the_kernel_and_we_ourselves_do_is_told_apart() -> None:
    authors = Authors(Processes(nobody), own_ports={0x90000001})

    kinds = [authors.author_of(port, now()).kind for port in (0, os.getpid(), 5 << 22 | os.getpid(), 0x90000001)]
    assert kinds == ["kernel", "routewatch", "routewatch", "routewatch"]


def test_a_process_that_started_after_the_message_is_not_its_author() -> None:
    before = Moment(wall=0, boot=now().boot - 5, monotonic=0)
    with running(sys.executable, "-c", SLEEPER) as child:
        assert Authors(Processes(nobody)).author_of(child.pid, before).kind == "unknown"


@pytest.mark.parametrize("pid", [1, 2])
def test_neither_the_first_process_nor_a_thread_of_the_kernel_is_an_author(pid: int) -> None:
    stat = read_stat(pid)
    if pid != 1 and (stat is None or not stat.kernel_thread):
        pytest.skip("no kernel threads to see here")

    assert Authors(Processes(nobody)).author_of(pid, now()).kind == "unknown"


def test_a_sender_that_has_gone_is_unknown() -> None:
    child = subprocess.Popen(["true"])
    child.wait()

    assert Authors(Processes(nobody)).author_of(child.pid, now()).kind == "unknown"


def test_a_sender_that_has_just_gone_is_remembered_for_what_it_left_in_the_queue() -> None:
    authors = Authors(Processes(nobody))
    with running(sys.executable, "-c", SLEEPER) as child:
        then = now()
        met = authors.author_of(child.pid, then)
    soon, later = (Moment(wall=0, boot=then.boot + seconds, monotonic=0) for seconds in (0.5, 60))

    assert authors.author_of(child.pid, soon) == met
    assert authors.author_of(child.pid, later).kind == "unknown"


def test_a_process_that_became_another_program_is_looked_at_again() -> None:
    authors = Authors(Processes(nobody))
    with running("sh", "-c", f'echo ready; kill -STOP $$; exec {sys.executable} -c "{SLEEPER}"') as child:
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        then = now()
        shell = authors.author_of(child.pid, then)
        child.send_signal(signal.SIGCONT)
        assert child.stdout is not None
        child.stdout.readline()
        program = authors.author_of(child.pid, Moment(wall=0, boot=then.boot + 0.5, monotonic=0))

    assert shell.process is not None
    assert program.process is not None
    assert (shell.process.name, program.process.name[:6]) == ("sh", "python")
    assert shell.process.started == program.process.started


def test_in_a_pid_namespace_of_our_own_nothing_is_called_seen() -> None:
    question = (
        "from routewatch.host.processes import *; c = Processes(lambda _: True).candidates(); "
        "print(c.seen, len(c.processes))"
    )
    answers = {
        # /proc is still that of the outer namespace: its numbers are not ours
        "outer /proc": unshared(question),
        # processes outside may share our network
        "own /proc": unshared(question, "--mount-proc"),
    }

    assert answers["outer /proc"] == "False 0"
    assert answers["own /proc"].startswith("False")


def unshared(question: str, *options: str) -> str:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare(1)")
    command = ["unshare", "--fork", "--pid", *options, sys.executable, "-c", question]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_where_proc_hides_processes_nothing_is_called_seen() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv(1)")
    question = "from routewatch.host.processes import *; print(Processes(lambda _: False).candidates().seen)"
    hide = "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "
    command = ["unshare", "--mount", "sh", "-c", f'{hide} "$@"', "sh", sys.executable, "-c", question]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"no such view of /proc here: {done.stderr.strip()[-200:]}")

    assert done.stdout.strip() == "False"


def test_without_root_a_client_of_another_counts_by_its_name_and_is_not_called_seen(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv(1)")
    question = (
        "from routewatch.host.processes import *; c = Processes(lambda name: name == 'rwt-client').candidates(); "
        "print(c.seen, *(p.pid for p in c.processes))"
    )
    with running(str(script(tmp_path, "rwt-client"))) as client:
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", sys.executable, "-c", question]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            pytest.skip(f"others can't run this Python: {done.stderr.strip()[-200:]}")

        assert done.stdout.split() == ["False", str(client.pid)]
