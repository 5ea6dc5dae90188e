"""What a person is told of the evidence: its codes, and what they stand for."""

from __future__ import annotations

import pytest

from routewatch.core.evidence import AGAINST, FOR
from routewatch.render.evidence import codes, explained, sentence


def test_what_speaks_against_it_stands_in_parentheses() -> None:
    assert codes(("E1", "E2"), ("C2",)) == "E1 E2 (C2)"
    assert codes((), ()) == ""


@pytest.mark.parametrize("code", sorted({piece.code for piece in (*FOR, *AGAINST)}))
def test_every_code_stands_for_a_sentence(code: str) -> None:
    assert sentence(code)


def test_a_code_of_two_meanings_is_told_with_both() -> None:
    assert explained(("E1",), ("C2",)) == [
        "E1: it was not there before",
        "(C2) against it: its VPN is up, or its client may come back",
    ]
