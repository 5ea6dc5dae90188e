"""When the daemon looks next: soon after a ring, never without end, and never at more than a tenth of its time."""

from __future__ import annotations

import pytest

from routewatch.commands.pace import Pace, Waited

PACE = Pace(quiet=0.5, limit=5.0, poll=30.0, looked=100.0)


def test_without_a_ring_it_looks_at_the_poll() -> None:
    assert PACE.due == 130.0
    assert PACE.is_quiet(110.0)


def test_after_a_ring_it_looks_once_it_is_quiet() -> None:
    rung = PACE.rung(110.0)

    assert rung.due == 110.5
    assert not rung.is_quiet(110.4)
    assert rung.is_quiet(110.5)


def test_each_ring_puts_the_look_off_and_the_limit_ends_that() -> None:
    pace = PACE
    for tenth in range(60):
        pace = pace.rung(110.0 + tenth / 10)

    assert pace.due == 115.0
    assert not pace.is_quiet(115.9)


def test_after_a_look_there_is_nothing_to_wait_for_but_the_poll() -> None:
    assert PACE.rung(110.0).done(110.6, took=0.01).due == 140.6


def test_an_appointed_look_is_taken_in_time_and_once() -> None:
    pace = PACE.appointed(120.0).appointed(105.0).appointed(105.0)

    assert pace.due == 105.0
    assert pace.done(105.0, took=0.01).due == 120.0
    assert pace.done(121.0, took=0.01).due == 151.0


def test_a_look_that_takes_long_is_paid_for_with_ten_times_its_time() -> None:
    assert PACE.done(110.0, took=2.0).rung(110.1).due == 130.0
    assert PACE.done(110.0, took=8.0).due == 190.0


@pytest.mark.parametrize(
    ("poll", "late", "is_told"), [(30.0, 59.0, False), (30.0, 61.0, True), (1.0, 4.0, False), (1.0, 6.0, True)]
)
def test_a_wait_that_took_far_too_long_is_told(poll: float, late: float, *, is_told: bool) -> None:
    pace = Pace(poll=poll, looked=100.0)
    told = pace.overslept(Waited(ended=100.0 + poll + late, late=late, slept=0.0))
    words = f"did not look for {poll + late:.0f} s: what changed meanwhile bears the time of this look"
    assert told == (words if is_told else "")


def test_a_machine_that_slept_did_not_look_either() -> None:
    pace = Pace(poll=30.0, looked=100.0)
    told = pace.overslept(Waited(ended=130.0, late=0.0, slept=3600.0))
    assert told.startswith("did not look for 3630 s, for the machine slept: ")
