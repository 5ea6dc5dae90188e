"""A session rests on the baseline that a person captured, as long as the table is the same."""

from __future__ import annotations

from routewatch.core.baselines import Series, is_as_good, next_baseline
from tests.build import snapshot

BEFORE = snapshot(routes=["default via 192.168.1.1 dev eth0"], at=100.0)
FOUND = next_baseline(BEFORE, Series(), "session")
CAPTURED = next_baseline(BEFORE, Series(), "by hand")


def test_a_captured_baseline_is_as_good_as_one_that_was_found() -> None:
    assert is_as_good(CAPTURED, FOUND)


def test_a_found_one_is_not_as_good_as_a_captured_one() -> None:
    assert not is_as_good(FOUND, CAPTURED)
