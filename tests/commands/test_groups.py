"""126 excludes of one session are one thing to a person: told on one line, and taken as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.desk import CONFIGURATION
from tests.scenarios.clients import HALVES, dies, openvpn_connects

if TYPE_CHECKING:
    from tests.commands.desk import Desk

MANY = 126
EXCLUDES = tuple(f"10.{n}.0.0/16 via 192.168.77.1 dev eth0" for n in range(100, 100 + MANY))
SIXES = tuple(f"2001:db8:{n:x}::/48 via fe80::1 dev eth0 metric 1024" for n in range(1, 8))
LINE = f"{MANY} routes via 192.168.77.1 dev eth0 (10.100.0.0/16, 10.101.0.0/16 ... 10.225.0.0/16)"


def left(desk: Desk, *rows: str) -> None:
    """Let an OpenVPN session be seen that adds these rows over the uplink, and end by SIGKILL."""
    openvpn_connects(desk.story, adds=(*HALVES, *rows))
    desk.ask("run", "--once")
    dies(desk.story)
    desk.ask("run", "--once")
    desk.host.advance(30)


@pytest.fixture
def excluding(desk: Desk) -> Desk:
    desk.knows_the_machine()
    left(desk, *EXCLUDES, *SIXES)
    return desk


@pytest.mark.parametrize("command", [["status"], ["diff"], ["cleanup", "--dry-run"], ["log"]])
def test_each_way_is_one_line_and_each_route_is_listed_where_it_is_asked_for(
    excluding: Desk, command: list[str]
) -> None:
    told, each = excluding.say(*command).out, excluding.say("-v", *command).out

    done = "routes added via" if command == ["log"] else "routes via"
    for count, gateway in ((MANY, "192.168.77.1"), (len(SIXES), "fe80::1")):
        lines = [line for line in told.splitlines() if f"{count} {done} {gateway} dev eth0 (" in line]
        assert len(lines) == 1, told
    assert "10.177.0.0/16" not in told
    rows = [row.partition(" dev")[0] for row in (*EXCLUDES, *SIXES)]
    assert all(row in each for row in rows)
    assert f"{done} " not in each


def test_the_session_is_named_on_the_line_of_a_plan_and_the_commands_can_be_had(excluding: Desk) -> None:
    plan = excluding.say("cleanup", "--dry-run").out.splitlines()

    [at] = [n for n, line in enumerate(plan) if LINE in line]
    assert plan[at].split(" - ")[1] == f"{LINE}, session 1"
    assert plan[at + 2].endswith(f"# and so on, {MANY} in all: -v lists each")
    assert plan[at + 3] == "       then: each will go via 192.168.77.1 dev eth0 (by 0.0.0.0/0)"


def test_a_program_gets_an_entry_for_each_and_its_group(excluding: Desk) -> None:
    steps = excluding.ask("cleanup", "--dry-run").document["steps"]

    groups = {s["group"] for s in steps if s["route"]["gateway"] == "192.168.77.1" and s["route"]["destination"]}
    assert groups == {"session 1: routes via 192.168.77.1 dev eth0"}
    assert len(steps) == MANY + len(SIXES)
    assert len(excluding.ask("status").document["findings"]) == len(steps)
    assert len([row for row in excluding.ask("diff").document["added"] if row["verdict"] == "orphaned"]) == len(steps)


def test_one_that_is_protected_keeps_all_of_its_way_and_no_other(excluding: Desk) -> None:
    excluding.configuration.write_text(CONFIGURATION + '[protect]\ndestinations = ["10.140.0.0/16"]\n')

    answer = excluding.say("cleanup", "--yes")

    refusals = [line.strip() for line in answer.out.partition("  !  ")[2].splitlines()]
    assert refusals[:2] == [
        "10.140.0.0/16 via 192.168.77.1 dev eth0",
        "refused: the configuration protects it [protected]",
    ]
    assert refusals[2].startswith(f"!  {MANY - 1} routes via 192.168.77.1 dev eth0")
    assert refusals[3].endswith("[group]")
    assert answer.status == 1
    there = {str(route.destination) for route in excluding.host.observe().routes.values()}
    assert {row.split()[0] for row in EXCLUDES} <= there
    assert not {row.split()[0] for row in SIXES} & there
