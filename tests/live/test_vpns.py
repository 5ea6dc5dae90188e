"""routewatch on real VPN programs beside OpenVPN, ended in every way: exact verdicts, the right table, the way back."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.live.lab import PATIENCE, listing, rules
from tests.live.namespace import why_not
from tests.live.vpns import endings
from tests.live.vpns.endings import CASES, UP, Case, rows
from tests.live.vpns.stage import Stage, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live


def told(cases: tuple[Case, ...]) -> list[object]:
    marks = {True: [pytest.mark.endings], False: []}
    return [pytest.param(case, id=case.name, marks=marks[case.seldom]) for case in cases]


@contextmanager
def ended(case: Case, folder: Path) -> Iterator[Stage]:
    reason = why_not() or case.vpn.why_not()
    if reason:
        pytest.skip(reason)
    with place(folder, case.metric, seen=case.seen) as where:
        stage = Stage(where, case.vpn(where.lab, where.client, where.server))
        stage.vpn.serve()
        stage.connect()
        case.ending(stage)
        yield stage


@cache
def without_vpn(metric: int, *, gateway_moved: bool) -> tuple[frozenset[str], frozenset[str]]:
    return endings.without_vpn(metric, gateway_moved=gateway_moved)


@pytest.mark.parametrize("case", told(CASES))
def test_cleanup_makes_the_tables_what_they_would_be_without_the_vpn(case: Case, tmp_path: Path) -> None:
    wanted, wanted_rules = without_vpn(case.metric, gateway_moved=case.gateway_moved)
    work = case.orphaned | case.missing
    with ended(case, tmp_path) as stage:
        lab, program = stage.place.lab, stage.place.program
        left, rules_left = listing(lab.client), frozenset(rules(lab.client))
        assert (rows(lab) - wanted, wanted - rows(lab)) == (case.left, case.lost)
        assert (rules_left - wanted_rules, wanted_rules - rules_left) == (case.rules, frozenset())
        assert lab.works(1 if case.breaks else PATIENCE) is not case.breaks

        planned = program.ask("cleanup", "--dry-run")
        assert (planned.status, planned.changes(), planned.refused()) == (1 if work else 0, work, frozenset()), (
            program.story()
        )
        found = program.ask("diff")
        assert (found.verdicts("orphaned"), found.verdicts("missing")) == (case.orphaned, case.missing), found
        assert (listing(lab.client), frozenset(rules(lab.client))) == (left, rules_left)

        cleaned = program.ask("cleanup", "--yes")
        assert (cleaned.status, cleaned.document["changed"]) == (0, bool(work)), cleaned
        assert rows(lab) == ((wanted | case.left) - case.lost if case.harmless else wanted)
        assert rules(lab.client) == wanted_rules
        assert lab.works()
        assert program.ask("cleanup", "--dry-run").document["steps"] == []
        if work:
            taken_back(case, stage, left, rules_left)


def taken_back(case: Case, stage: Stage, left: list[str], rules_left: frozenset[str]) -> None:
    """Take the cleanup back: the very tables from before it, but for what nothing takes away.

    That is the last default, and the connected route of a live address.
    """
    lab = stage.place.lab
    undone = stage.place.program.ask("undo")
    lasting = (row for row in case.missing if row.startswith("0.0.0.0/0") or "proto kernel" in row)
    refused = frozenset() if case.gateway_moved else frozenset(lasting)

    assert (undone.status, undone.refused()) == (1 if refused else 0, refused), undone
    assert rules(lab.client) == rules_left
    if refused:
        assert frozenset(listing(lab.client)) == frozenset(left) | refused
    else:
        assert listing(lab.client) == left


@pytest.mark.parametrize("case", told(UP))
def test_what_a_vpn_has_laid_that_is_up_is_left_alone(case: Case, tmp_path: Path) -> None:
    with ended(case, tmp_path) as stage:
        lab, program = stage.place.lab, stage.place.program
        laid, rules_laid = listing(lab.client), rules(lab.client)
        assert lab.works(1 if case.breaks else PATIENCE) is not case.breaks

        found = program.ask("diff")
        assert (found.verdicts("orphaned"), found.verdicts("missing")) == (frozenset(), frozenset()), found
        cleaned = program.ask("cleanup", "--yes")
        assert (cleaned.status, cleaned.document["changed"]) == (0, False), cleaned
        assert (listing(lab.client), rules(lab.client)) == (laid, rules_laid)
