"""What can be set, what holds when nothing is said, and where each setting came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.config import Settings, Vpn, load
from routewatch.config.protocols import PROTOCOLS
from routewatch.host.linux.rtnetlink.words import PROTOCOL_WORDS
from tests.config.files import FULL, person, written

if TYPE_CHECKING:
    import pytest


def test_without_a_file_the_defaults_hold_and_say_so(folder: Path) -> None:
    loaded = load(None, person(folder))

    assert loaded.path is None
    assert loaded.settings == Settings(state_dir=str(folder / "state/routewatch"))
    assert set(loaded.sources.values()) == {"default"}
    assert {"poll_interval", "protect.tables", "hooks.timeout", "vpn"} <= loaded.sources.keys()


def test_everything_that_can_be_said_is_understood(folder: Path) -> None:
    settings = load(written(folder, FULL), person(folder)).settings

    assert (settings.platform, settings.state_dir, settings.automatic) == ("linux", "/srv/routewatch", "certain")
    assert (settings.poll_interval, settings.settle_quiet, settings.settle_limit, settings.grace) == (300, 0.25, 1.5, 0)
    assert settings.protect.destinations == ("10.0.0.0/8", "fd00::1/128", "192.0.2.1/32")
    assert settings.protect.tables == (254, 52, 1000)
    assert settings.protect.protocols == ("bird", "42", "static")
    assert settings.vpn == (Vpn(name="ours", interface="corp*"), Vpn(name="theirs", process="acmevpn"))
    assert settings.hooks.commands() == {"session_opened": ("/bin/echo", "up")}
    assert (settings.retention.age, settings.retention.size) == (30 * 86400, 2**30)
    assert (settings.macos.netstat, settings.macos.timeout) == ("/opt/bin/netstat", 2)


def test_each_setting_says_where_it_came_from(folder: Path) -> None:
    path = written(folder, 'grace = "1s"\n[protect]\ntables = [5]')

    sources = load(path, person(folder)).sources

    assert (sources["grace"], sources["protect.tables"]) == (str(path), str(path))
    assert (sources["max_routes"], sources["protect.interfaces"]) == ("default", "default")


def test_the_command_line_says_where_the_state_is(folder: Path) -> None:
    loaded = load(written(folder, 'state_dir = "/srv/x"'), person(folder)).stored_in(Path("here"))

    assert loaded.settings.state_dir == str(Path.cwd() / "here")
    assert loaded.sources["state_dir"] == "--state-dir"


def test_a_table_is_known_by_the_name_that_iproute2_gives_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "rt_tables.d").mkdir()
    (folder / "rt_tables").write_text("# reserved\n255 local\n\n0x64 office\nnonsense\n")
    (folder / "rt_tables.d/vpn.conf").write_text("51820 wireguard # ours\n")
    monkeypatch.setattr("routewatch.config.values._TABLE_FOLDERS", (str(folder),))

    settings = load(written(folder, 'protect = {tables = ["office", "wireguard", "main"]}'), person(folder)).settings

    assert settings.protect.tables == (100, 51820, 254)


def test_the_protocols_are_those_that_the_kernels_routes_are_shown_with() -> None:
    assert tuple(PROTOCOL_WORDS.values()) == PROTOCOLS
