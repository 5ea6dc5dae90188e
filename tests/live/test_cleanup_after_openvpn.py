"""routewatch on real OpenVPN, driven as its user drives it: the right verdicts, the right table, and the way back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.live import openvpn
from tests.live.endings import ENDINGS, Ending, stage, table, without_vpn
from tests.live.lab import GATEWAY, OTHER_GATEWAY, Lab, listing, routes, rules
from tests.live.program import Program
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.openvpn import Keys

pytestmark = [pytest.mark.live, pytest.mark.openvpn]

LAST = ("172.30.0.0/16", "fd60::/48")  # pushed by the server, each of them behind others of its family


@dataclass(frozen=True)
class Aftermath:
    """A VPN has ended under the eyes of routewatch's daemon."""

    ending: Ending
    lab: Lab
    program: Program


@pytest.fixture(params=ENDINGS, ids=lambda ending: ending.name)
def aftermath(request: pytest.FixtureRequest, keys: Keys, tmp_path: Path) -> Iterator[Aftermath]:
    ending: Ending = request.param
    with ExitStack() as stack:
        lab = stack.enter_context(stage(ending))
        program = Program(lab.client, tmp_path)
        stack.enter_context(program.daemon())
        stack.enter_context(openvpn.server(lab, keys, tmp_path))
        client = stack.enter_context(openvpn.client(lab, keys, tmp_path, *ending.options))
        until(lambda: program.sessions_open() == 1)
        until(lambda: all(map(program.has_logged, LAST)))  # from then on it is known who made each of its routes
        ending.meanwhile(lab)
        until(lambda: ending.gateway == GATEWAY or program.has_logged(ending.gateway))
        ending.end(client)
        yield Aftermath(ending, lab, program)


def test_cleanup_makes_the_table_what_it_would_be_without_the_vpn(aftermath: Aftermath) -> None:
    ending, lab, program = aftermath.ending, aftermath.lab, aftermath.program
    left, rules_left = listing(lab.client), rules(lab.client)
    work = ending.orphaned | ending.missing
    expected = without_vpn(ending)

    planned = program.ask("cleanup", "--dry-run")
    assert listing(lab.client) == left
    assert (planned.status, planned.steps()) == (1 if work else 0, work), planned
    told = program.ask("diff")
    assert (told.verdicts("orphaned"), told.verdicts("missing")) == (ending.orphaned, ending.missing), told

    cleaned = program.ask("cleanup", "--yes")
    assert (cleaned.status, cleaned.document["changed"]) == (0, bool(work)), cleaned
    assert table(lab) == ((expected | ending.left) - ending.lost if ending.harmless else expected)
    assert rules(lab.client) == rules_left
    assert lab.works()
    assert program.ask("cleanup", "--dry-run").document["steps"] == []

    if work:
        undo(aftermath, left)


def undo(aftermath: Aftermath, left: list[str]) -> None:
    """Take the cleanup back: the very table from before it, but for what must not or can't be taken back now."""
    ending, lab = aftermath.ending, aftermath.lab
    undone = aftermath.program.ask("undo")

    # Nothing lifts the refusal to take the last default, and no kernel takes a gateway that no link reaches.
    refused = ending.missing
    waits = ending.orphaned if ending.gateway == OTHER_GATEWAY else frozenset()
    assert undone.status == (1 if refused | waits else 0), undone
    assert undone.refused() >= refused, undone
    if refused | waits:
        assert routes(lab.client) == (frozenset(left) - waits) | refused
    else:
        assert listing(lab.client) == left


@pytest.mark.parametrize("aftermath", [e for e in ENDINGS if e.name == "mktun-crash"], ids=["mktun"], indirect=True)
def test_the_addresses_left_on_a_dead_tun_are_named_with_the_command_that_takes_them_away(aftermath: Aftermath) -> None:
    cleaned = aftermath.program.ask("cleanup", "--yes")

    assert "ip addr del 10.8.0.2/24 dev tun0" in f"{cleaned.document}{cleaned.told}"
