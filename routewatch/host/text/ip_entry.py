"""One route of ``ip route``, read word by word.

A word that is not known stays named in ``unwritable``, a known one whose value is no such thing makes the route one
that is not understood. What ``ip`` leaves out because it goes without saying (table main, protocol boot, scope global)
is filled in; a metric that it leaves out stays None. It knows neither the lines around it nor, of a bare default, the
family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.model import MAIN_TABLE, Nexthop, Route
from routewatch.host.text import cells
from routewatch.host.text.draft import Draft, NotUnderstoodError, Words
from routewatch.host.text.ip_metrics import metric
from routewatch.host.text.ip_words import (
    FLAGS,
    METRICS,
    PREFERENCES,
    REJECTING,
    kind_of,
    protocol_of,
    scope_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routewatch.core.model import Family
    from routewatch.host.text.echoes import Echo

_REMARKS = ("#", "<-", "<=", "//", "(", "\u2190")
_ENCAPSULATED = frozenset({"via", "dev", "table", "proto", "scope", "metric", "nhid", "nexthop"})  # what ends an encap
# Words that only one family's routes have
_TELLS: dict[str, Family] = {"pref": "inet6", "error": "inet6", "expires": "inet6"}
_SILENT = frozenset({"error", "users", "used", "age"})  # counters, and the type once more as a number


def draft_of(entry: Sequence[str], echo: Echo) -> Draft:
    """Read the lines of one route. Raises NotUnderstoodError."""
    words = Words(" ".join(line for line in entry if not line.startswith("nh_info")))
    table = MAIN_TABLE if echo.table is None else echo.table
    draft = Draft(said={"table": table, "interface": echo.interface, "protocol": echo.protocol})
    draft.left += [f"table {echo.table_name}"] if echo.table_name else []
    first = words.next()
    if (kind := kind_of(first)) is not None:
        draft.said["type"], first = kind, words.next()
    _destination(first, draft)
    while words.peek() != "nexthop" and words.left:
        if words.peek().startswith(_REMARKS):
            break
        _word(words.next(), words, draft)
    while words.took("nexthop"):
        draft.legs.append(_leg(words, draft))
    leads = draft.legs or draft.said.get("type") in REJECTING or "nexthop_id" in draft.said
    if not (leads or draft.said["interface"] or draft.said.get("gateway")) or "cache" in draft.left:
        raise NotUnderstoodError  # it leads nowhere, or is the answer of ``ip route get``
    return draft


def _destination(word: str, draft: Draft) -> None:
    if word == "default":
        return
    found = cells.prefix(word)
    if found is None:
        raise NotUnderstoodError
    draft.belongs(found[0])
    draft.said["destination"] = found[1]


def _word(word: str, words: Words, draft: Draft) -> None:
    draft.family = draft.family or _TELLS.get(word)
    if word in FLAGS:
        draft.flags.append(word)
    elif word in METRICS:
        metric(word, words, draft.metrics)
    elif word in _READERS:
        _READERS[word](words, draft)
    elif word in _SILENT:
        words.next()
    else:
        _unknown(word, words, draft)


def _unknown(word: str, words: Words, draft: Draft) -> None:
    if word == "encap":
        draft.left.append(f"encap {words.peek()}")
        while words.left and words.peek() not in _ENCAPSULATED:
            words.next()
    elif word in {"realm", "realms"}:
        draft.left.append(f"realm {words.next()}")
    elif word == "uid" or cells.prefix(word) is not None:
        raise NotUnderstoodError  # the answer of ``ip route get``; an address whose word somebody removed
    elif word in {"mark", "iif", "ttl-propagate", "fastopen_no_cookie"}:
        draft.left.append(f"{word} {words.next()}")
    else:
        draft.left.append(word)


def _via(words: Words, draft: Draft) -> None:
    if draft.said.get("gateway"):
        raise NotUnderstoodError  # two rows, the first of them cut off behind "via"
    other = words.took("inet", "inet6")
    if words.took(*cells.UNSPECIFIED):  # old versions of ``ip`` print it where there is none
        return
    family, draft.said["gateway"], draft.said["gateway_zone"] = words.value(_gateway)
    if not other:
        draft.belongs(family)


def _gateway(word: str) -> tuple[Family, str, str | None] | None:
    plain, _, zone = word.partition("%")
    found = cells.address(plain)
    return found and (*found, zone or None)


def _table(words: Words, draft: Draft) -> None:
    name = words.next()
    number = cells.TABLES.get(name, cells.natural(name))
    draft.said["table"] = number or 0
    draft.left = [left for left in draft.left if not left.startswith("table ")]
    if number is None:  # a name of the other machine's rt_tables
        draft.left.append(f"table {name}")


def _scope(words: Words, draft: Draft) -> None:
    draft.said["scope"] = scope = scope_of(words.next())
    if scope != "global":  # ``ip -d -6 route`` says it, and nothing else, of every route
        draft.belongs("inet")


def _tos(words: Words, draft: Draft) -> None:
    name = words.next()
    draft.said["tos"] = cells.bits(name) or None
    if cells.bits(name) is None:  # a name of rt_dsfield
        draft.left.append(f"tos {name}")


def _seconds(word: str) -> int | None:
    return cells.number(word.removesuffix("sec"))


def _name(word: str) -> str | None:
    return word if cells.is_name(word) else None


def _prefix(words: Words, draft: Draft) -> None:
    if words.peek() == "::":
        raise NotUnderstoodError  # the answer of ``ip -6 route get``: a table has no source of ::/128
    family, draft.said["source"] = words.value(cells.prefix)
    draft.belongs(family)


def _address(words: Words, draft: Draft) -> None:
    family, draft.said["preferred_source"] = words.value(cells.address)
    draft.belongs(family)


def _preference(words: Words, draft: Draft) -> None:
    name = words.next()
    draft.said["preference"] = PREFERENCES.get(name)
    if name not in PREFERENCES:
        draft.left.append(f"pref {name}")


def _one(field: str, reader: Callable[[str], object]) -> Callable[[Words, Draft], None]:
    def read(words: Words, draft: Draft) -> None:
        draft.said[field] = words.value(reader)

    return read


_READERS: dict[str, Callable[[Words, Draft], None]] = {
    "via": _via,
    "dev": _one("interface", _name),
    "table": _table,
    "proto": _one("protocol", protocol_of),
    "scope": _scope,
    "src": _address,
    "from": _prefix,
    "metric": _one("metric", cells.number),  # old versions of ``ip`` print -1 (print_route, "%d")
    "preference": _one("metric", cells.number),  # ip-route(8) takes it for "metric"
    "nhid": _one("nexthop_id", cells.natural),
    "tos": _tos,
    "dsfield": _tos,
    "expires": _one("expires", _seconds),
    "pref": _preference,
}


def _leg(words: Words, draft: Draft) -> Nexthop:
    leg = Draft(family=None)
    weight = 1
    while words.left and words.peek() != "nexthop":
        word = words.next()
        if word == "weight":
            weight = words.value(cells.natural)
        else:
            _word(word, words, leg)
    if leg.family is not None:
        draft.belongs(leg.family)
    draft.left += leg.left
    gateway, interface = leg.said.get("gateway"), leg.said.get("interface")
    return Nexthop(
        gateway=gateway if isinstance(gateway, str) else None,
        interface=interface if isinstance(interface, str) else None,
        weight=weight,
        flags=" ".join(leg.flags),
    )


def route_of(draft: Draft, family: Family) -> Route:
    """Make the route that was read, of this family."""
    base = Route(
        family=family,
        destination=cells.EVERYTHING[family],
        scope="global" if family == "inet" else None,
        protocol="boot",
        flags=" ".join(draft.flags),
        nexthops=tuple(draft.legs) if len(draft.legs) > 1 else (),
        metrics=tuple(draft.metrics.items()),
        unwritable=tuple(dict.fromkeys(draft.left)),
    )
    said = {name: value for name, value in draft.said.items() if value is not None}
    if family == "inet6":
        said.pop("scope", None)
    if len(draft.legs) == 1:
        said = {"gateway": draft.legs[0].gateway, "interface": draft.legs[0].interface, **said}
    return replace(base, **said)
