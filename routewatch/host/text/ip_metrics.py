"""The metrics of ``ip route`` (RTA_METRICS) in the kernel's names and units: "rtt 1.5s" is 12000 eighths of a ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.text import cells
from routewatch.host.text.ip_words import FEATURES, METRICS, PER_MILLISECOND

if TYPE_CHECKING:
    from routewatch.host.text.draft import Words

_LONGEST = 12  # "4294967.295s"


def metric(word: str, words: Words, found: dict[str, int | str]) -> None:
    """Add the metric that this word names; what is locked is a bit of "lock". Raises NotUnderstoodError."""
    if words.took("lock"):
        locked = found.get("lock", 0)
        # the kernel tells it first
        others = {name: value for name, value in found.items() if name != "lock"}
        found.clear()
        found.update({"lock": (locked if isinstance(locked, int) else 0) | 1 << METRICS[word], **others})
    if word == "congctl":
        found["cc_algo"] = words.next()
    elif word == "features":
        found[word] = _features(words)
    else:
        found[word] = words.value(lambda text: value_of(word, text))


def _features(words: Words) -> int:
    """Read the features that follow by name, or as bits."""
    total = 0
    while words.peek() in FEATURES:
        total |= FEATURES[words.next()]
    if not total:
        total = words.value(cells.bits)
    return total


def value_of(word: str, text: str) -> int | None:
    """Return the number of a metric: plain, or a time in ms or s (print_rtax_metrics, ip/iproute.c)."""
    plain = cells.natural(text)
    if plain is not None or word not in PER_MILLISECOND or len(text) > _LONGEST:
        return plain
    unit = PER_MILLISECOND[word]
    try:
        milliseconds = float(text[:-2]) if text.endswith("ms") else 1000 * float(text.removesuffix("s"))
        return round(milliseconds * unit)
    except (ValueError, OverflowError):
        return None
