"""Where remote logins come from: lsof's word for the connections of SSH servers, and our own environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Login

if TYPE_CHECKING:
    from routewatch.host.macos.kernel import MacHost
    from tests.macos.mac import Mac


@pytest.fixture(autouse=True)
def at_the_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)


def test_nobody_is_logged_in(host: MacHost) -> None:
    assert host.login_peers() == ()


def test_the_peers_of_ssh_are_told_and_nobody_elses(mac: Mac, host: MacHost) -> None:
    mac.is_logged_in_to("198.51.100.7")
    mac.is_logged_in_to("2001:db8:9::1", local="2001:db8:7::57")
    mac.is_logged_in_to("127.0.0.1", local="127.0.0.1")

    assert host.login_peers() == (
        Login(peer="198.51.100.7", local="192.168.7.57"),
        Login(peer="2001:db8:9::1", local="2001:db8:7::57"),
    )


def test_the_environment_tells_of_our_own_login(host: MacHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "198.51.100.7 50022 192.168.7.57 22")
    assert host.login_peers() == (Login(peer="198.51.100.7", local="192.168.7.57"),)

    monkeypatch.setenv("SSH_CONNECTION", "nonsense 1 2 3")
    assert host.login_peers() == ()


def test_without_lsof_nobody_knows(mac: Mac, host: MacHost) -> None:
    mac.misbehaves("lsof", "fail")
    assert host.login_peers() is None
    mac.lacks("lsof")
    assert host.login_peers() is None
