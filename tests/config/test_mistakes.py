"""Every mistake in a configuration is named with its key, all of a file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.config import load
from tests.config.files import person, problems, written

if TYPE_CHECKING:
    from pathlib import Path


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
        ('poll_interval = "1000000d"', 'poll_interval: "1000000d" is longer than a week'),
        ('grace = "8d"', 'grace: "8d" is longer than a week'),
        ('[macos]\ntimeout = "25d"', 'macos.timeout: "25d" is longer than a week'),
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
        ("[hooks]\ncleaned = ['/']", "hooks.cleaned: / is no program that can be run"),
        ("platform = 'macos'\n[macos]\nroute = '/'", "macos.route: / is no program that can be run"),
        ("platform = 'macos'\n[macos]\nlsof = '/no/such'", "macos.lsof: /no/such is no program that can be run"),
        ("platform = 'macos'\n[macos]\nlsof = '/dev/null'", "macos.lsof: /dev/null is no program that can be run"),
        ("[hooks]\ntimout = '1s'", "hooks.timout: there is no such key; did you mean hooks.timeout?"),
        ('"a\\nb" = 1', "'a\\nb': there is no such key; there are platform, state_dir"),
        ('grace = "\\u001b[31m"', "grace: must be a time"),
    ],
)
def test_a_mistake_is_explained(folder: Path, text: str, problem: str) -> None:
    (said,) = problems(folder, text)

    assert said.startswith(problem)
    assert said.isprintable()


def test_a_file_with_mistakes_changes_nothing_for_later_ones(folder: Path) -> None:
    problems(folder, "max_routes = -1")

    assert load(written(folder, "max_routes = 3"), person(folder)).settings.max_routes == 3
