"""The evidence of a finding or a step: as codes in a line, and as the sentences that the codes stand for.

What each piece of evidence is, core.evidence knows; which of them decided, the finding says.
"""

from __future__ import annotations

from routewatch.core.evidence import AGAINST, FOR


def codes(evidence: tuple[str, ...], against: tuple[str, ...]) -> str:
    """Return the codes as they stand beside a reason, those against it in parentheses: "E1 E2 (C2)"."""
    return " ".join([*evidence, *(f"({code})" for code in against)])


def explained(evidence: tuple[str, ...], against: tuple[str, ...]) -> list[str]:
    """Return a line for each code that says what it stands for."""
    told = [f"{code}: {sentence(code)}" for code in evidence]
    return told + [f"({code}) against it: {sentence(code)}" for code in against]


def sentence(code: str) -> str:
    """Return what a code stands for; one that has two meanings is told with both."""
    return ", or ".join(piece.sentence for piece in (*FOR, *AGAINST) if piece.code == code)
