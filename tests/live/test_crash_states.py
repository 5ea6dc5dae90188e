"""``kill -9`` at each state of the journal, in a cleanup and in its undo, on the kernel's own routes and rules.

At the next start it is told what was done and what was not, nothing is done twice and nothing forgotten, and all of it
can be taken back to the very table from before. The states: test_crash.py kills at any moment, this at each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.host.steps import step
from tests.live.lab import listing, rules
from tests.live.person import LAN
from tests.live.plug import Forked, Plug
from tests.live.test_writing import act

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LEFT = """
    ip rule add to 203.0.113.77 lookup 4711 priority 300
    ip route add 203.0.113.10 via 192.168.77.1 dev eth0
    ip -6 route add 2001:db8:51::10 via fd77::1 dev eth0
"""
STEPS = 3
ONLY = [word for name in ("203.0.113.77/32", "203.0.113.10/32", "2001:db8:51::10/128") for word in ("--only", name)]
CLEANUP = ["cleanup", "--yes", *ONLY]
TURN, DONE, NOT_DONE = "its turn had not come", ": was done\n", "was not done, and is dropped"

BEGIN, APPLY, MARK, FINISH = "Journal.begin", "LinuxHost.apply", "Journal.mark_all", "Journal.finish"
# When the plug is pulled; what the kernel has done by then; what stands in the journal as begun and not done; the rest
CLEANUPS = {
    "before-the-journal": (Plug("before", BEGIN), None),
    "all-planned": (Plug("after", BEGIN), (0, 0, 3)),
    "first-is-begun": (Plug("before", APPLY), (0, 1, 2)),
    "first-is-done-and-not-marked": (Plug("after", APPLY), (1, 0, 2)),
    "second-is-begun": (Plug("before", APPLY, 2), (1, 1, 1)),
    "last-is-done-and-not-marked": (Plug("after", APPLY, 3), (3, 0, 0)),
    "all-marked-and-not-finished": (Plug("before", FINISH), (3, 0, 0)),
    "finished-and-not-told": (Plug("after", FINISH), None),
}
UNDOS = {
    **{name: CLEANUPS[name] for name in list(CLEANUPS)[:-2]},
    "all-marked-and-the-cleanup-not": (Plug("before", MARK, 5), (3, 0, 0)),
    "the-cleanup-marked-and-nothing-finished": (Plug("before", FINISH), (3, 0, 0)),
    "one-finished": (Plug("after", FINISH), (3, 0, 0)),
    "both-finished-and-not-told": (Plug("after", FINISH, 2), None),
}
Table = tuple[list[str], set[str]]


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Forked:
    """A person who has taken a baseline."""
    namespace.run("sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    namespace.run_all(LAN)
    namespace.run("ip addr add fd77::2/64 dev eth0")
    made = Forked(namespace, tmp_path)
    assert made.ask("baseline", "capture").status == 0
    return made


def table(person: Forked) -> Table:
    return listing(person.namespace), rules(person.namespace)


def stands(person: Forked) -> int:
    """Count what is there of what was left."""
    return sum("203.0.113." in line or "2001:db8:51::10" in line for part in table(person) for line in part)


def is_told(told: str, kind: str, state: tuple[int, int, int] | None) -> None:
    """See that the next start told what the interrupted one had done."""
    assert (f"{kind} was interrupted" in told) == (state is not None), told
    assert (told.count(DONE), told.count(NOT_DONE), told.count(TURN)) == (state or (0, 0, 0)), told


def is_recorded(person: Forked) -> None:
    """See that the journal has no loose end."""
    assert person.ask("status").document["interrupted"] == []


@pytest.mark.parametrize("name", CLEANUPS)
def test_a_cleanup_killed_in_each_state_is_told_finished_and_taken_back(person: Forked, name: str) -> None:
    plug, state = CLEANUPS[name]
    clean = table(person)
    person.namespace.run_all(LEFT)
    before = table(person)
    person.unplugged(plug, *CLEANUP)
    went = STEPS - stands(person)
    assert went == (state[0] if state else STEPS * (plug.function == FINISH))

    again = person.ask(*CLEANUP)
    is_told(again.err, "cleanup 1", state)
    is_recorded(person)
    assert [step["status"] for step in again.document["steps"]] == ["done"] * (STEPS - went)
    assert again.document["remaining"] == 0
    assert table(person) == clean

    for _ in range((went > 0) + (went < STEPS)):
        assert person.ask("undo").status == 0
    assert table(person) == before
    assert person.ask("undo").status == 2


@pytest.mark.parametrize("name", UNDOS)
def test_an_undo_killed_in_each_state_is_told_and_gone_on_with(person: Forked, name: str) -> None:
    before, clean, state = _undo_is_killed(person, name)

    again = person.ask("undo")
    is_told(again.err, "undo 2", state)
    assert again.status == (2 if name == "both-finished-and-not-told" else 0), again
    is_recorded(person)
    assert table(person) == before
    assert person.ask("undo").status == (0 if state == (3, 0, 0) else 2)  # it is said once that it was taken back

    assert person.ask(*CLEANUP).status == 0  # nobody is accused of having brought it back
    assert table(person) == clean


@pytest.mark.parametrize("name", ["first-is-done-and-not-marked", "all-marked-and-the-cleanup-not", "one-finished"])
def test_after_an_undo_that_was_killed_a_cleanup_accuses_nobody(person: Forked, name: str) -> None:
    before, clean, state = _undo_is_killed(person, name)
    back = stands(person)

    again = person.ask(*CLEANUP)
    is_told(again.err, "undo 2", state)
    assert again.document["refused"] == []
    assert [step["status"] for step in again.document["steps"]] == ["done"] * back
    assert table(person) == clean

    assert person.ask("undo").status == 0
    if back < STEPS:
        assert person.ask("undo").status == 0
    assert table(person) == before


def _undo_is_killed(person: Forked, name: str) -> tuple[Table, Table, tuple[int, int, int] | None]:
    plug, state = UNDOS[name]
    clean = table(person)
    person.namespace.run_all(LEFT)
    before = table(person)
    assert person.ask(*CLEANUP).status == 0
    person.unplugged(plug, "undo")
    assert stands(person) == (state[0] if state else STEPS * (plug.function == FINISH))
    return before, clean, state


def test_a_recovery_that_is_killed_itself_is_told_again(person: Forked) -> None:
    person.namespace.run_all(LEFT)
    before = table(person)
    plug, _ = CLEANUPS["second-is-begun"]
    person.unplugged(plug, *CLEANUP)
    for moment in (Plug("before", MARK), Plug("after", MARK), Plug("before", FINISH)):
        person.unplugged(moment, "undo")
        assert stands(person) == STEPS - 1

    again = person.ask("undo")
    assert "cleanup 1 was interrupted" in again.err
    assert again.err.count(DONE) + again.err.count(": done") == 1
    assert [step["status"] for step in again.document["steps"]] == ["done"]
    assert table(person) == before


# wg-quick's rules, for which nobody answers any more, are one group. The kernel would take an administrator's rule for
# the third of them, as it compares only what it is told (rule_find() of net/core/fib_rules.c): it is left alone.
GROUP = """
    ip rule add not fwmark 51820 lookup 51820 priority 32765
    ip -6 rule add not fwmark 51820 lookup 51820 priority 32765
    ip -6 rule add lookup main suppress_prefixlength 0 priority 32764
"""
THIRD = "32764: from all lookup main suppress_prefixlength 0 proto unspec"
BESIDE = "ip rule {} from 10.9.0.0/16 lookup main suppress_prefixlength 0 priority 32764"
BACK = 4  # the request to the kernel that takes the first back


def test_a_group_that_the_kernel_refuses_in_the_middle_is_taken_back_and_not_forgotten(person: Forked) -> None:
    clean = table(person)
    before = _group_is_left(person)

    refused = person.ask("cleanup", "--yes")
    assert (refused.status, refused.document["remaining"]) == (1, 4)
    assert [step["status"] for step in refused.document["steps"]] == ["undone", "undone", "failed", "skipped"]
    assert table(person) == before

    person.namespace.run(BESIDE.format("del"))
    taken = person.ask("cleanup", "--yes")
    assert [step["status"] for step in taken.document["steps"]] == ["done"] * 4
    assert table(person) == clean
    assert person.ask("undo").status == 0
    assert person.ask("undo").status == 2


@pytest.mark.parametrize(
    "plug",
    [Plug("before", APPLY, 3), Plug("before", APPLY, BACK), Plug("after", APPLY, BACK), Plug("after", APPLY, BACK + 1)],
    ids=["between-two", "before-it-is-taken-back", "in-the-middle-of-it", "after-it"],
)
def test_a_group_whose_taking_back_is_killed_is_told_and_taken_the_next_time(person: Forked, plug: Plug) -> None:
    clean = table(person)
    before = _group_is_left(person)
    person.unplugged(plug, "cleanup", "--yes")
    person.namespace.run(BESIDE.format("del"))

    again = person.ask("cleanup", "--yes")
    assert "cleanup 1 was interrupted" in again.err
    assert again.document["refused"] == []
    assert {step["status"] for step in again.document["steps"]} == {"done"}
    assert table(person) == clean
    while person.ask("undo").status == 0:
        pass
    person.namespace.run(BESIDE.format("add"))
    assert table(person) == before


def _group_is_left(person: Forked) -> Table:
    person.namespace.run_all(GROUP)
    person.namespace.run(BESIDE.format("add"))
    # iproute2 asks for what is not there yet, and the kernel takes the other one for it
    assert person.namespace.call(act, step("add", THIRD)) == ["done"]
    return table(person)
