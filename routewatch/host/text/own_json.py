"""What ``routewatch snapshot --json`` printed, read back: the objects of render/objects.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from routewatch.core.model import Link, PolicyRule, Route
from routewatch.host.text import cells
from routewatch.host.text.documents import Object

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.host.text.saved import Found

Row = TypeVar("Row", Route, PolicyRule, Link)
_SCHEMA = re.compile(r"routewatch/\d+")


def is_snapshot(found: Object) -> bool:
    """Tell whether an object is a snapshot of routewatch."""
    schema = found.keys.get("schema")
    return isinstance(schema, str) and _SCHEMA.fullmatch(schema) is not None and "routes" in found.keys


def read_snapshot(document: Object, found: Found) -> None:
    """Add all that a snapshot says; a row that is none is not understood."""
    keys = document.keys
    platform = keys.get("platform")
    found.platforms.append("macos" if platform == "macos" else "linux")
    found.routes += _rows(keys.get("routes"), _route, found)
    found.rules += _rows(keys.get("policy_rules"), _rule, found)
    found.links += _rows(keys.get("links"), _link, found)
    found.unparsed += [line for line in _list(keys.get("unparsed")) if isinstance(line, str)]
    if keys.get("complete") is False and not found.unparsed:
        found.problems.append("the snapshot itself says that it is not complete")


def _rows(value: object, read: Callable[[dict[str, Any]], Row | None], found: Found) -> list[Row]:
    rows: list[Row] = []
    for each in _list(value):
        row = _read(each, read)
        if row is None:
            found.unparsed.append(each.text() if isinstance(each, Object) else str(each)[:100])
        else:
            rows.append(row)
    return rows


def _read(value: object, read: Callable[[dict[str, Any]], Row | None]) -> Row | None:
    if not isinstance(value, Object):
        return None
    try:
        return read({key: inner for key, inner in _builtins(value).items() if inner is not None})
    except (msgspec.ValidationError, ValueError):
        return None


def _route(keys: dict[str, Any]) -> Route | None:
    if isinstance(metrics := keys.get("metrics"), dict):
        keys["metrics"] = list(metrics.items())
    route = msgspec.convert(keys, Route)
    found = cells.prefix(route.destination)
    return route if found == (route.family, route.destination) else None


def _rule(keys: dict[str, Any]) -> PolicyRule:
    return msgspec.convert(keys, PolicyRule)


def _link(keys: dict[str, Any]) -> Link:
    """Return a link; who held it, the object says in short only, and is left out."""
    keys.pop("owner", None)
    addresses = [str(each).partition("/") for each in keys.pop("addresses", [])]
    keys["addresses"] = [{"address": plain, "prefix_length": int(size)} for plain, _, size in addresses]
    return msgspec.convert(keys, Link)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _builtins(value: Object) -> dict[str, Any]:
    return {key: _builtin(inner) for key, inner in value.pairs}


def _builtin(value: object) -> object:
    if isinstance(value, Object):
        return _builtins(value)
    return [_builtin(each) for each in value] if isinstance(value, list) else value
