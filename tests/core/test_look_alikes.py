"""What a person is told who asks why a new row is left alone: each kind of look-alike has a name and a sentence."""

from __future__ import annotations

import pytest

from routewatch.core.rulings import Verdict
from routewatch.core.saved import judged
from tests import build, build_macos, saved_tables

HOME = "default 192.168.70.1 UGScg en0\n192.168.70 link#14 UCS en0 !\n"
LAN = "default via 10.40.0.1 dev eth0 proto dhcp metric 100\n10.40.0.0/24 dev eth0 proto kernel\n"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("198.51.100.4 192.168.70.1 UGHWIig en0", "cloned"),  # FP-M4
        ("default fe80::%utun0 UGcIg utun0", "system-tunnel"),  # FP-M2
        ("default link#24 UCSIg bridge100 !", "scoped-default"),  # FP-M3
        ("192.168.64/20 192.168.64.1 UGSc bridge100", "container"),  # FP-M7
        ("198.51.100.4 192.168.70.1 UGHS en0", "anybodys-host"),  # FP-M9
        ("10.9/16 192.168.70.9 UGSc en0", "unexplained"),
        ("10.0.44/24 link#14 UCS en0", "kernel-made"),
    ],
)
def test_a_new_row_of_macos_is_named_for_what_it_is(line: str, name: str) -> None:
    found = judged(build_macos.saved(HOME + line, before=HOME))
    assert [finding.rule for finding in found if finding.route == build_macos.row(line)] == [name]


def test_a_swapped_scope_and_another_network_are_named() -> None:
    static = "10.9/16 192.168.70.9 UGSc en0"
    scoped = judged(build_macos.saved(HOME + static.replace("UGSc", "UGScI"), before=HOME + static))
    assert "service-order" in {finding.rule for finding in scoped}
    away = judged(build_macos.saved("default 10.6.4.1 UGScg en0\n10.6.4/24 link#14 UCS en0", before=HOME))
    assert "another-network" in {finding.rule for finding in away}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("172.19.0.0/16 dev br-5f1e0c", "container"),  # FP-L3
        ("blackhole 10.0.0.0/8", "refuses-on-purpose"),  # FP-L6
        ("198.51.100.4 via 10.40.0.1 dev eth0 proto dhcp", "network-daemon"),  # FP-L3, pushed by DHCP
        ("198.51.100.4 via 10.40.0.1 dev eth0", "anybodys-host"),
    ],
)
def test_a_new_row_of_linux_is_named_for_what_it_is(line: str, name: str) -> None:
    found = judged(saved_tables.saved(LAN + line, before=LAN))
    assert [finding.rule for finding in found if finding.route == build.route(line)] == [name]
    assert Verdict.ORPHANED not in {finding.verdict for finding in found}
