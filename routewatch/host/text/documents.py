"""JSON in a text: where a document begins and ends, and the objects in it, as far as it goes.

A key that stands twice in an object keeps both values, in order: ``ip -j route`` writes "dst" once more for the far end
of an encapsulation.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Pairs = tuple[tuple[str, Any], ...]


class Object(NamedTuple):
    """One JSON object, its keys in order."""

    pairs: Pairs

    @property
    def keys(self) -> dict[str, Any]:
        """Return the values by their keys; of a key that stands twice, the first."""
        return dict(reversed(self.pairs))

    def text(self) -> str:
        """Return it as JSON on one line, for a person to find it by."""
        return json.dumps(_plain(self), ensure_ascii=False)[:_SHOWN]


_SHOWN = 1000
_DECODER = json.JSONDecoder(object_pairs_hook=lambda pairs: Object(tuple(pairs)))
_BLANK = " \t\n\r"


def begins(line: str) -> bool:
    """Tell whether a line begins a JSON document ("[::]/0" begins a row of ``route -6``)."""
    inside = line[1:2]
    if line.startswith("{"):
        return inside in {"", '"', "}", " "}
    return line.startswith("[") and inside in {"", "{", "]", " "}


def read_document(text: str, start: int) -> tuple[list[Object], int, bool]:
    """Read the objects of the document at ``start``: they, where the reading ended, and whether it was whole."""
    if text[start] == "{":
        found, end = _value(text, start)
        return ([found] if isinstance(found, Object) else []), end, end > start
    objects: list[Object] = []
    at = _skip(text, start + 1)
    while at < len(text) and text[at] != "]":
        found, end = _value(text, at)
        if not isinstance(found, Object):
            return objects, at, False
        objects.append(found)
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            return objects, at, False
    return objects, min(at + 1, len(text)), at < len(text)


def _value(text: str, start: int) -> tuple[object, int]:
    try:
        found, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return found, end


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _plain(value: object) -> object:
    if isinstance(value, Object):
        return {key: _plain(inner) for key, inner in value.pairs}
    return [_plain(each) for each in value] if isinstance(value, list) else value
