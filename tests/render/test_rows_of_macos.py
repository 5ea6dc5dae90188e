"""Rows of macOS are shown in netstat's words, and the commands about them in route(8)'s."""

from __future__ import annotations

import pytest

from routewatch.core.steps import Step
from routewatch.render.plan import command
from routewatch.render.routes import text
from tests import build
from tests.build_macos import row


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("default 192.168.7.1 UGScg en0", "default 192.168.7.1 UGScg en0"),
        ("10.8/16 10.8.0.5 UGSc utun4", "10.8.0.0/16 10.8.0.5 UGSc utun4"),
        ("198.51.100.7 192.168.7.1 UGHS en0", "198.51.100.7 192.168.7.1 UGHS en0"),
        ("198.51.100.7/32 link#4 UCS en0 !", "198.51.100.7/32 link#4 UCS en0 !"),
        ("fe80::%utun0/64 fe80::1%utun0 UcI utun0", "fe80::%utun0/64 fe80::1%utun0 UcI utun0"),
        ("fe80::1%utun0 link#9 UHLI lo0", "fe80::1%utun0 link#9 UHLI lo0"),
        ("::/1 utun7 USc utun\x1b[2J", "::/1 utun7 USc utun\\x1b[2J"),
    ],
)
def test_a_row_is_shown_as_netstat_does(line: str, shown: str) -> None:
    assert text(row(line)) == shown


def test_a_step_is_shown_as_the_command_of_its_system() -> None:
    assert command(Step(action="delete", route=row("::/1 utun7 USc utun7"))) == "route -n delete -inet6 -net ::/1"
    scoped = row("default 192.168.7.1 UGScI en0")
    assert command(Step(action="delete", route=scoped)) == "route -n delete -inet -ifscope en0 default"
    assert command(Step(action="delete", route=build.route("10.0.0.0/8 dev t0"))).startswith("ip route del 10.0.0.0/8")
    assert command(Step(action="delete", policy_rule=build.rule("100: from all lookup 7"))).startswith("ip rule del")
    assert command(Step(action="delete", route=row("192.168.7.9 0:1:2:3:4:5 UHLWI en0"))) == ""
