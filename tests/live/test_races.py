"""The table changes under the hands of who cleans up, by another process; and a remote login whose way would change.

Whatever the moment: nobody's row goes but the very one that was shown, and what others laid in its place stays.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.home import HOME, LEFT_SERVER, SERVER, Home
from tests.live.namespace import Namespace, new_namespace
from tests.live.person import Person, Terminal
from tests.live.test_logins import server
from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live

MANY = 24
LEFT = [f"203.0.113.{20 + n}" for n in range(MANY)]
# Waits for the first route that goes, and then has ip(8) do what it was told
RACER = """
import socket, subprocess, sys
listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
listening.bind((0, 0x40))
ip = subprocess.Popen(["ip", "-force", "-batch", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
print("ready", flush=True)
while int.from_bytes(listening.recv(65536)[4:6], sys.byteorder) != 25:
    pass
ip.communicate(sys.argv[1].encode())
"""
PEER = """
import socket, sys
login = socket.create_connection(("192.168.77.2", 2222), source_address=("203.0.113.10", 0))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(namespace: Namespace, tmp_path: Path) -> Home:
    if not Path("/dev/net/tun").exists():
        pytest.skip("making a tun needs /dev/net/tun")
    namespace.run_all(HOME)
    return Home(namespace, tmp_path)


@contextmanager
def runs(namespace: Namespace, program: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program from the moment that it says that it is ready."""
    argv = ["ip", "netns", "exec", namespace.name, sys.executable, "-c", program, *words]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_rows_that_others_change_while_the_plan_is_read_stay_theirs(home: Home) -> None:
    rows = [f"203.0.113.{n} via 192.168.77.{n} dev eth0" for n in (11, 12, 13, 14)]
    with home.watched():
        with home.client("openvpn", "tun0", "\n".join(f"route add {row}" for row in rows)) as client:
            home.dies(client)
        home.finds(*(f"{row} proto boot scope global" for row in rows))
        terminal = Terminal(Person(home.namespace, home.folder), "cleanup")
        terminal.reads("[y/N]")
        home.namespace.run_all("""
            ip route replace 203.0.113.11 via 192.168.77.9 dev eth0
            ip route del 203.0.113.12 via 192.168.77.12 dev eth0
            ip route append 203.0.113.13 via 192.168.77.9 dev eth0
        """)
        raced = home.table
        terminal.types("y\n")
        assert terminal.ends() == 0  # each that was to go is gone, whoever took it
        assert "the table has changed since it was planned" in terminal.shown
        gone = {f"{row} proto boot scope global" for row in rows[2:]}
        assert set(raced[0]) - set(home.table[0]) == gone
        assert set(home.table[0]) <= set(raced[0])

        home.undoes()
        assert home.table == raced


def test_rows_that_others_change_between_two_steps_stay_theirs(home: Home) -> None:
    assert home.ask("baseline", "capture").status == 0
    clean = home.table
    batch = "".join(f"route add {left} via 192.168.77.1 dev eth0\n" for left in LEFT)
    home.namespace.run("ip -batch -", stdin=batch)
    deeds = f"""
        route replace {LEFT[-1]} via 192.168.77.9 dev eth0
        route del {LEFT[-2]} via 192.168.77.1 dev eth0
        route append {LEFT[-3]} via 192.168.77.9 dev eth0
        route replace {LEFT[-4]} via 192.168.77.1 dev eth0 mtu 1400
    """
    with runs(home.namespace, RACER, deeds) as racer:
        done = home.ask("cleanup", "--yes", *(word for left in LEFT for word in ("--only", left)))
        racer.wait(DEADLINE)

    assert {step["status"] for step in done.document["steps"]} <= {"done", "skipped", "failed"}
    assert set(home.table[0]) - set(clean[0]) == {
        f"{LEFT[-1]} via 192.168.77.9 dev eth0 proto boot scope global",
        f"{LEFT[-3]} via 192.168.77.9 dev eth0 proto boot scope global",
        f"{LEFT[-4]} via 192.168.77.1 dev eth0 proto boot scope global mtu 1400",
    }
    assert set(clean[0]) <= set(home.table[0])


def test_the_way_of_a_remote_login_stays_until_it_has_ended(home: Home, tmp_path: Path) -> None:
    with new_namespace() as peer, home.watched():
        home.namespace.run(f"ip link set far0 netns {peer.name}")
        peer.run_all("ip link set far0 up\nip addr add 192.168.77.1/24 dev far0\nip addr add 203.0.113.10/32 dev far0")
        other = "203.0.113.20 via 192.168.77.3 dev eth0"
        with home.client("openvpn", "tun0", f"{SERVER}\nroute add {other}") as client:
            home.dies(client)
        # another gateway: without its leftover, the login would go another way
        home.namespace.run("ip route replace default via 192.168.77.254 dev eth0 proto dhcp metric 100")
        left = home.table
        with server(home.namespace, tmp_path, "sshd", 2222), runs(peer, PEER):
            cleaned = home.ask("cleanup", "--yes")
            assert cleaned.status == 1
            assert [(r["rule"], "203.0.113.10" in r["because"]) for r in cleaned.document["refused"]] == [
                ("remote-login", True)
            ]
            assert set(left[0]) - set(home.table[0]) == {f"{other} proto boot scope global"}
        home.finds(LEFT_SERVER)
        home.cleans()
        assert LEFT_SERVER not in home.table[0]
        home.undoes()
        home.undoes()
        assert home.table == left
