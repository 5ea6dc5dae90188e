"""Remote logins as they are seen: real connections to a real listener whose process is called sshd."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Login
from routewatch.host.linux.logins import login_peers
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

# The kernel names a process after the file it runs, which for a script is the script (execve(2)). It listens for IPv4
# and IPv6 on one socket, as sshd does where it is told no address (with port 0 it does not listen); it ends with its
# standard input.
SERVER = """#!{interpreter}
import socket, sys, threading
port, accepted = int(sys.argv[1]), []
def serve(listener):
    while True:
        accepted.append(listener.accept())
if port:
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
HOME = """
sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip link add v0 type veth peer name v1
ip addr add 10.1.0.1/24 dev v0
ip -6 addr add fd01::1/64 dev v0
ip link set v0 up
ip link set v1 up
"""


@pytest.fixture
def home(namespace: Namespace) -> Namespace:
    namespace.run_all(HOME)
    return namespace


def login(address: str, port: int = 2222) -> Login:
    """Return a login from an address of ours to itself."""
    return Login(peer=address, local=address, port=port)


@contextmanager
def server(home: Namespace, folder: Path, name: str, port: int) -> Iterator[None]:
    program = folder / name
    program.write_text(SERVER.format(interpreter=sys.executable))
    program.chmod(0o755)
    argv = ["ip", "netns", "exec", home.name, str(program), str(port)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.stdin.close()
        process.wait(DEADLINE)
        process.stdout.close()


def logged_in(*ends: tuple[str, int], unprivileged: bool = False) -> tuple[Login, ...] | None:
    """Connect to addresses of our own, so that they are the peers too, and look."""
    with ExitStack() as stack:
        for end in ends:
            stack.enter_context(socket.create_connection(end, timeout=DEADLINE))
        if unprivileged:
            os.setresuid(65534, 65534, 65534)
        return login_peers()


def test_the_peers_of_sshd_are_found_on_whatever_port_it_listens(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "sshd", 2222):
        assert home.call(logged_in, ("10.1.0.1", 2222), ("fd01::1", 2222)) == (login("10.1.0.1"), login("fd01::1"))


def test_peers_on_the_loopback_do_not_count(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "sshd", 2222):
        assert home.call(logged_in, ("127.0.0.1", 2222), ("::1", 2222)) == ()


def test_the_peers_of_another_server_do_not_count(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "sshd", 2222), server(home, tmp_path, "webd", 8080):
        assert home.call(logged_in, ("10.1.0.1", 8080)) == ()


def test_port_22_counts_whoever_listens_there(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "systemd", 22):
        assert home.call(logged_in, ("10.1.0.1", 22)) == (login("10.1.0.1", 22),)


def test_a_server_of_another_namespace_does_not_count(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "sshd", 2222):
        peers = login_peers()

    assert peers is None or login("10.1.0.1") not in peers


def test_who_sees_no_holders_counts_whatever_somebody_unseen_accepted(home: Namespace, tmp_path: Path) -> None:
    with server(home, tmp_path, "sshd", 2222), server(home, tmp_path, "webd", 8080):
        found = home.call(logged_in, ("10.1.0.1", 2222), ("fd01::1", 8080), unprivileged=True)

    assert found == (login("10.1.0.1"), login("fd01::1", 8080))


def test_who_sees_no_holders_and_nobody_listen_while_a_session_is_there_knows_nothing(
    home: Namespace, tmp_path: Path
) -> None:
    with server(home, tmp_path, "sshd-session", 0):
        assert home.call(logged_in, unprivileged=True) is None
        assert home.call(logged_in) == ()


@pytest.mark.parametrize(
    ("variable", "ends"),
    [
        ("SSH_CONNECTION=198.51.100.7 50022 10.0.0.1 22", "198.51.100.7 10.0.0.1"),
        ("SSH_CLIENT=::ffff:198.51.100.7 50022 22", "198.51.100.7"),
        ("SSH_CONNECTION=fe80::7%v0 50022 fe80::1%v0 22", "fe80::7%v0 fe80::1"),
    ],
)
def test_what_sudo_drops_is_found_in_an_ancestors_environment(home: Namespace, variable: str, ends: str) -> None:
    program = "from routewatch.host.linux.logins import login_peers; [print(x.peer, x.local) for x in login_peers()]"
    # A shell with the variable, which starts us without it and stays our parent.
    script = f"env -u SSH_CONNECTION -u SSH_CLIENT {sys.executable} -c '{program}'; true"

    assert home.run(f'env "{variable}" sh -c "{script}"').strip() == ends


def test_what_sshd_could_not_name_is_no_peer(home: Namespace) -> None:
    program = "from routewatch.host.linux.logins import login_peers; print(login_peers())"

    assert home.run(f'env "SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535" {sys.executable} -c "{program}"') == "()\n"


def test_who_looks_into_a_tmux_that_is_older_than_his_login_is_found(home: Namespace, tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("this needs tmux")
    waits, said = tmp_path / "waits", tmp_path / "said"
    os.mkfifo(waits)
    program = "from routewatch.host.linux.logins import login_peers; [print(x.peer, x.local) for x in login_peers()]"
    window = tmp_path / "window"
    window.write_text(
        f"cat {waits}\n{sys.executable} -c '{program}' > {said}.part\nmv {said}.part {said}\ncat {waits}\n"
    )
    tmux = f"env -u SSH_CONNECTION -u SSH_CLIENT tmux -f /dev/null -S {tmp_path / 't'}"
    home.run(f"{tmux} new-session -d sh {window}")
    onlooker = f"import pty; pty.spawn(['tmux', '-S', '{tmp_path / 't'}', 'attach'])"
    environment = {**os.environ, "SSH_CONNECTION": "198.51.100.7 50022 10.0.0.1 22", "TERM": "xterm"}
    argv = ["ip", "netns", "exec", home.name, sys.executable, "-c", onlooker]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as process:
        try:
            until(lambda: home.run(f"{tmux} list-clients") != "")
            waits.write_text("go on")
            until(said.exists)
            assert "198.51.100.7 10.0.0.1" in said.read_text().splitlines()
        finally:
            home.run(f"{tmux} kill-server")
            process.kill()
