"""Which daemon configures a link: read from what the daemons write down under /run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from routewatch.host.linux import configurators
from routewatch.host.linux.configurators import configurator, configured, is_the_systems_namespace
from tests import build

if TYPE_CHECKING:
    from pathlib import Path

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_networkd_says_which_links_are_its_own(tmp_path: Path) -> None:
    state = tmp_path / "systemd/netif/links/2"
    write(state, "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\n")
    assert configurator(ETH, tmp_path) == "systemd-networkd"
    write(state, "ADMIN_STATE=unmanaged\n")
    assert configurator(ETH, tmp_path) is None


def test_networkmanager_says_which_links_are_its_own(tmp_path: Path) -> None:
    write(tmp_path / "systemd/netif/links/2", "ADMIN_STATE=unmanaged\n")  # networkd runs for another link
    state = tmp_path / "NetworkManager/devices/2"
    write(state, "[device]\nmanaged=true\nconnection-uuid=8b1e\n")
    assert configurator(ETH, tmp_path) == "NetworkManager"
    write(state, "[device]\nmanaged=false\n")
    assert configurator(ETH, tmp_path) is None


def test_dhcpcd_is_there_for_all_links_or_for_one(tmp_path: Path) -> None:
    write(tmp_path / "dhcpcd/wlan0.pid", "7\n")
    assert configurator(ETH, tmp_path) is None
    write(tmp_path / "dhcpcd/pid", "7\n")
    assert configurator(ETH, tmp_path) == "dhcpcd"


def test_where_no_daemon_says_anything_nobody_is_named(tmp_path: Path) -> None:
    assert configurator(ETH, tmp_path / "none") is None
    (tmp_path / "systemd/netif/links/2").mkdir(parents=True)  # no file
    assert configurator(ETH, tmp_path) is None


def test_only_links_that_may_have_been_given_an_address_are_asked_about(tmp_path: Path) -> None:
    others = (build.link("lo kind loopback index 1 up", "127.0.0.1/8"), build.link("veth1 kind veth index 2"))
    bare = build.link("eth0 index 2 up")
    write(tmp_path / "dhcpcd/pid", "7\n")
    if not is_the_systems_namespace():
        pytest.skip("the tests run in a network namespace of their own, of which these files say nothing")
    assert [link.configured_by for link in configured((ETH, bare, *others), tmp_path)] == ["dhcpcd", None, None, None]


def test_of_another_namespaces_links_nothing_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "dhcpcd/pid", "7\n")
    monkeypatch.setattr(configurators, "network_namespace", lambda pid: int(pid == os.getpid()))
    assert configured((ETH,), tmp_path) == (ETH,)


def test_who_may_not_look_believes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise PermissionError

    monkeypatch.setattr(configurators, "network_namespace", refuse)
    assert is_the_systems_namespace()
