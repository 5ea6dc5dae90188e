"""The configuration as a person writes it: real files, real owners, and every mistake named with its key."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from routewatch.config import Person, Settings, Vpn, current_person, load
from routewatch.config.protocols import PROTOCOLS
from routewatch.config.writing import toml
from routewatch.errors import ConfigurationError
from routewatch.host.linux.rtnetlink.words import PROTOCOL_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Person(root=True)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own files")

FULL = """
platform = "linux"
state_dir = "/srv/routewatch"
poll_interval = "5m"
settle_quiet = "250ms"
settle_limit = "1.5s"
grace = "0s"
automatic = "certain"
max_routes = 7
[protect]
destinations = ["10.0.0.0/8", "fd00::1", "192.0.2.1"]
interfaces = ["docker*", "eth0"]
tables = ["main", 52, "1000"]
protocols = ["bird", 42, "static"]
[[vpn]]
name = "ours"
interface = "corp*"
[[vpn]]
name = "theirs"
process = "acmevpn"
[hooks]
session_opened = ["/bin/echo", "up"]
timeout = "2m"
[retention]
age = "30d"
size = "1GiB"
[macos]
netstat = "/opt/bin/netstat"
timeout = "2s"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        yield Path(made).resolve()


def person(home: Path) -> Person:
    return Person(root=False, system=(home / "etc",), config_home=home / "config", state_home=home / "state")


def written(folder: Path, text: str) -> Path:
    path = folder / "routewatch.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, person(folder))
    return [line.removeprefix(f"{path}: ") for line in caught.value.message.splitlines()]


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


def test_all_mistakes_of_a_file_are_told_at_once_each_with_its_key(folder: Path) -> None:
    said = problems(
        folder,
        """
        poll_intervall = "30s"
        settle_quiet = "soon"
        max_routes = true
        automatic = "yes"
        [protect]
        destinations = ["10.0.0.0/8", "::/0", "10.0.0.0/33"]
        tables = ["nowhere"]
        [[vpn]]
        interface = "a b"
        [macos]
        lsof = "lsof"
        """,
    )

    assert said[0] == "poll_intervall: there is no such key; did you mean poll_interval?"
    assert [line.partition(":")[0] for line in said] == [
        "poll_intervall", "settle_quiet", "max_routes", "automatic", "protect.destinations[2]", "protect.tables[0]",
        "vpn[0].interface", "macos.lsof",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('grace = "30"', 'grace: must be a time such as "500ms", "30s", "5m", "2h" or "90d", not "30"'),
        ("grace = 30", 'grace: must be a time such as "500ms", "30s", "5m", "2h" or "90d", not 30'),
        ('grace = "-1s"', 'grace: must be a time such as "500ms", "30s", "5m", "2h" or "90d", not "-1s"'),
        ('poll_interval = "0s"', 'poll_interval: "0s" must be more than nothing'),
        ('settle_quiet = "9s"', "settle_limit: must not be shorter than settle_quiet"),
        ('platform = "bsd"', 'platform: "bsd" must be "auto" or "linux" or "macos"'),
        ('state_dir = "here"', 'state_dir: "here" must be an absolute path'),
        ("max_routes = -1", "max_routes: must be a whole number from 0 on, not -1"),
        ("[retention]\nsize = 200", 'retention.size: must be a size such as "200MB" or "1GiB", not 200'),
        ("protect = 5", "protect: must be a table of keys: [protect]"),
        ('protect = {interfaces = "eth0"}', "protect.interfaces: must be a list in square brackets"),
        ("protect = {tables = [0]}", "protect.tables[0]: there is no table 0"),
        ("protect = {protocols = [256]}", "protect.protocols[0]: there is no protocol 256: they end at 255"),
        (
            'protect = {protocols = ["foo"]}',
            'protect.protocols[0]: there is no protocol "foo"; there are unspec, redirect, kernel, boot, static,',
        ),
        (
            'protect = {destinations = ["10.0.0.1/8"]}',
            "protect.destinations[0]: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8 or 10.0.0.1/32?",
        ),
        (
            'protect = {destinations = ["fd00::1/8"]}',
            "protect.destinations[0]: fd00::1/8 has host bits set; did you mean fd00::/8 or fd00::1/128?",
        ),
        ("[vpn]\nname = 'x'", "vpn: must be tables, each begun by [[vpn]]"),
        ("[[vpn]]\nname = 'x'", "vpn[0]: needs an interface or a process to be recognised by"),
        ("[[vpn]]\nprocess = 'x'", "vpn[0].name: is missing"),
        ("[hooks]\ncleaned = ['notify']", 'hooks.cleaned: the program must be an absolute path, not "notify"'),
        ("[hooks]\ncleaned = ['/no/such']", "hooks.cleaned: /no/such is no program that can be run"),
        ("[hooks]\ntimout = '1s'", "hooks.timout: there is no such key; did you mean hooks.timeout?"),
        ('"a\\nb" = 1', "'a\\nb': there is no such key; there are platform, state_dir"),
        ('grace = "\\u001b[31m"', "grace: must be a time"),
    ],
)
def test_a_mistake_is_explained(folder: Path, text: str, problem: str) -> None:
    (said,) = problems(folder, text)

    assert said.startswith(problem)
    assert said.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        FULL,
        "poll_interval = '1.0001s'\nsettle_limit = '0.0001ms'\nsettle_quiet = '0.0000001s'\ngrace = '0.5d'",
        f"poll_interval = '{'9' * 300}d'\n[retention]\nage = '36h'\nsize = '1'",
        "[retention]\nsize = '12345678901234567890B'",
        '[[vpn]]\nname = "a \\" \\\\ #b"\nprocess = "ü"',
        '[hooks]\ncleaned = ["/bin/echo", "", "\\u001b[31m\\u007f\\n", "\\U0001F600 \\U000E0001"]',
    ],
)
def test_what_is_written_out_is_read_as_the_same_settings(folder: Path, text: str) -> None:
    before = load(written(folder, text.replace("size = '1'", "size = '1B'")), person(folder))

    out = toml(before)

    assert load(written(folder, out), person(folder)).settings == before.settings
    assert all(line.isprintable() for line in out.split("\n"))


def test_quantities_are_written_as_a_person_would_spell_them(folder: Path) -> None:
    lines = toml(load(None, person(folder))).splitlines()

    for line in ('poll_interval = "30s"', 'settle_quiet = "500ms"', 'age = "90d"', 'size = "200MB"', "max_routes = 20"):
        assert f"{line}  # default" in lines
    assert {"[hooks]  # not run yet", "[macos]"} <= set(lines)


def test_each_setting_is_written_out_with_where_it_came_from(folder: Path) -> None:
    path = written(folder, 'grace = "1s"\n[protect]\ntables = [5]\n[[vpn]]\nname = "x"\nprocess = "x"')

    lines = toml(load(path, person(folder)).stored_in(Path("/srv/state"))).splitlines()

    assert f'grace = "1s"  # {path}' in lines
    assert f"tables = [5]  # {path}" in lines
    assert f"[[vpn]]  # {path}" in lines
    assert 'state_dir = "/srv/state"  # --state-dir' in lines


def test_the_protocols_are_those_that_the_kernels_routes_are_shown_with() -> None:
    assert tuple(PROTOCOL_WORDS.values()) == PROTOCOLS


def test_a_file_that_is_no_toml_is_refused_with_its_line(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not valid TOML.*line 2") as caught:
        load(written(folder, 'grace = "1s"\nthis is not toml'), person(folder))

    assert caught.value.exit_status == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 5000, b"#" * 2_000_000])
def test_a_file_that_is_no_text_at_all_is_refused(folder: Path, content: bytes) -> None:
    (folder / "c.toml").write_bytes(content)

    with pytest.raises(ConfigurationError):
        load(folder / "c.toml", person(folder))


def test_a_named_file_that_is_missing_or_no_file_is_an_error(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    for name, reason in (("missing.toml", "No such file"), (".", "Is a directory|not a file"), ("fifo", "not a file")):
        with pytest.raises(ConfigurationError, match=reason):
            load(folder / name, person(folder))


def test_the_machines_file_comes_before_the_persons_own(folder: Path) -> None:
    own = written(folder / "config/routewatch", "max_routes = 1")
    assert load(None, person(folder)).path == own

    machine = written(folder / "etc/routewatch", "max_routes = 2")
    assert load(None, person(folder)).path == machine


def test_root_has_no_file_of_a_persons_own(folder: Path) -> None:
    written(folder / "config/routewatch", "max_routes = 1")
    root = Person(root=True, system=(folder / "etc",), config_home=folder / "config", state_home=folder)

    assert load(None, root).path is None


def test_dev_null_is_a_configuration_that_says_nothing() -> None:
    assert load(Path("/dev/null"), ROOT).settings.state_dir == "/var/lib/routewatch"


def test_a_persons_folders_follow_the_xdg_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")

    here = current_person()

    assert (here.root, here.state_home, here.config_home) == (False, folder, Path.home() / ".config")


def test_a_table_is_known_by_the_name_that_iproute2_gives_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "rt_tables.d").mkdir()
    (folder / "rt_tables").write_text("# reserved\n255 local\n\n0x64 office\nnonsense\n")
    (folder / "rt_tables.d/vpn.conf").write_text("51820 wireguard # ours\n")
    monkeypatch.setattr("routewatch.config.values._TABLE_FOLDERS", (str(folder),))

    settings = load(written(folder, 'protect = {tables = ["office", "wireguard", "main"]}'), person(folder)).settings

    assert settings.protect.tables == (100, 51820, 254)


@as_root
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_root_refuses_a_file_that_others_can_write(folder: Path, mode: int) -> None:
    path = written(folder, "")
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match="can be written by others") as caught:
        load(path, ROOT)

    assert caught.value.hint == f"Do: chmod go-w {path}"


@as_root
def test_root_refuses_a_file_of_somebody_else(folder: Path) -> None:
    path = written(folder, "")
    os.chown(path, 1000, 0)

    with pytest.raises(ConfigurationError, match="belongs to user 1000"):
        load(path, ROOT)


@as_root
def test_root_refuses_a_file_in_a_folder_that_others_can_write(folder: Path) -> None:
    path = written(folder / "open", "")
    path.parent.chmod(0o777)

    with pytest.raises(ConfigurationError, match=r"open can be written by others"):
        load(path, ROOT)


@as_root
def test_a_sticky_folder_higher_up_is_no_fault(folder: Path) -> None:
    path = written(folder / "sticky/own", "")
    (folder / "sticky").chmod(0o1777)

    assert load(path, ROOT).path == path


@as_root
def test_root_looks_behind_a_symbolic_link(folder: Path) -> None:
    real = written(folder / "elsewhere", "")
    os.chown(real.parent, 1000, 0)
    (folder / "link.toml").symlink_to(real)

    with pytest.raises(ConfigurationError, match="elsewhere belongs to user 1000"):
        load(folder / "link.toml", ROOT)


@as_root
def test_root_refuses_a_hook_that_others_can_write_but_a_person_may_have_it(folder: Path) -> None:
    hook = folder / "hook"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o777)
    path = written(folder, f'[hooks]\ncleaned = ["{hook}"]')

    with pytest.raises(ConfigurationError, match=r"hooks\.cleaned: root must not run it: .* .chmod go-w"):
        load(path, ROOT)
    assert load(path, person(folder)).settings.hooks.cleaned == (str(hook),)


def test_a_file_with_mistakes_changes_nothing_for_later_ones(folder: Path) -> None:
    problems(folder, "max_routes = -1")

    assert load(written(folder, "max_routes = 3"), person(folder)).settings.max_routes == 3


def test_without_a_file_no_parser_is_loaded() -> None:
    import subprocess  # noqa: PLC0415 - one test needs an interpreter of its own

    script = "import sys, routewatch.config as c; c.load(None); print({'tomllib','difflib','re'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], check=True, text=True, capture_output=True)

    assert "tomllib" not in done.stdout
    assert "difflib" not in done.stdout
