"""Where remote logins come from: lsof's word for the connections of SSH servers, netstat's, and environments."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Login
from routewatch.host.macos import logins
from routewatch.host.macos.logins import login_peers
from routewatch.host.macos.programs import Paths, Programs
from tests.host.macos.test_holders import running, script

if TYPE_CHECKING:
    from pathlib import Path

    from routewatch.host.macos.kernel import MacHost
    from tests.macos.mac import Mac

FROM_AFAR = Login(peer="198.51.100.7", local="192.168.7.57", port=22)


@pytest.fixture(autouse=True)
def at_the_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)


def test_nobody_is_logged_in(host: MacHost) -> None:
    assert host.login_peers() == ()


def test_the_peers_of_ssh_are_told_and_nobody_elses(mac: Mac, host: MacHost) -> None:
    mac.is_logged_in_to("198.51.100.7")
    mac.is_logged_in_to("2001:db8:9::1", local="2001:db8:7::57")
    mac.is_logged_in_to("127.0.0.1", local="127.0.0.1")
    mac.forget_calls()

    assert host.login_peers() == (FROM_AFAR, Login(peer="2001:db8:9::1", local="2001:db8:7::57", port=22))
    assert [call[0] for call in mac.calls()] == ["lsof"]


def test_what_a_server_forwards_for_a_login_is_no_login(mac: Mac, host: MacHost) -> None:
    mac.is_logged_in_to("198.51.100.7")
    mac.forwards_for_a_login("192.0.2.25")

    assert host.login_peers() == (FROM_AFAR,)


def test_a_server_whose_port_nobody_is_seen_to_listen_at_counts_all_the_same(tmp_path: Path) -> None:
    row = "sshd-sess 812 root 4u IPv4 0xa5 0t0 TCP 192.168.7.57:22->198.51.100.7:50022 (ESTABLISHED)"
    lsof = script(tmp_path, "lsof", "/bin/sh", f"echo '{row}'")

    assert login_peers(Programs(Paths(lsof=lsof)), own=False) == (FROM_AFAR,)


def test_the_environment_tells_of_our_own_login(host: MacHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "198.51.100.7 50022 192.168.7.57 22")
    assert host.login_peers() == (FROM_AFAR,)

    monkeypatch.setenv("SSH_CONNECTION", "nonsense 1 2 3")
    assert host.login_peers() == ()


ASKING = """
from routewatch.host.macos.logins import login_peers
from routewatch.host.macos.programs import Paths, Programs
[print(login.peer, login.local) for login in login_peers(Programs(Paths(lsof={lsof!r})), own=False)]
"""


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("SSH_CONNECTION=198.51.100.7 50022 192.168.7.57 22", "198.51.100.7 192.168.7.57"),
        ("SSH_CLIENT=::ffff:198.51.100.7 50022 22", "198.51.100.7"),
    ],
)
def test_what_sudo_drops_is_found_in_an_ancestors_environment(mac: Mac, variable: str, told: str) -> None:
    # A shell with the variable, which starts us without it and stays our parent
    shell = ["env", variable, "sh", "-c", 'env -u SSH_CONNECTION -u SSH_CLIENT "$@"; true', "sh"]
    program = ASKING.format(lsof=str(mac.folder / "lsof"))

    done = subprocess.run([*shell, sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told


def test_without_lsof_the_connections_of_ports_22_are_known_where_a_server_listens_there(
    mac: Mac, host: MacHost
) -> None:
    mac.misbehaves("lsof", "fail")
    assert host.login_peers() is None  # one may listen elsewhere

    mac.is_logged_in_to("198.51.100.7")
    mac.is_logged_in_to("2001:db8:9:8:7:6:5:4321", local="2001:db8:7::57")
    assert host.login_peers() == (FROM_AFAR, Login(peer="2001:db8:9:8:7:6:5:4321", local="2001:db8:7::57", port=22))
    mac.lacks("lsof")
    assert host.login_peers() is not None


@pytest.mark.parametrize("mode", ["fail", "empty", "garbage"])
def test_without_lsof_and_netstat_nobody_knows(mac: Mac, host: MacHost, mode: str) -> None:
    mac.is_logged_in_to("198.51.100.7")
    mac.misbehaves("netstat", mode)
    mac.misbehaves("lsof", "fail")
    assert host.login_peers() is None

    mac.lacks("lsof")
    mac.lacks("netstat")
    assert host.login_peers() is None


def test_who_may_not_look_into_a_running_server_asks_netstat(
    mac: Mac, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mac.is_not_root()
    monkeypatch.setattr("os.geteuid", lambda: 501)
    with running(script(tmp_path, "sshd")):
        assert login_peers(Programs(paths), own=True) is None

        mac.is_logged_in_to("198.51.100.7")
        assert login_peers(Programs(paths), own=True) == (FROM_AFAR,)
        monkeypatch.setattr("os.geteuid", lambda: 0)
        assert not logins._may_be_hidden()
