"""``ip -j route``, ``rule`` and ``address``: objects said in the words of the plain output, and read as that.

So each attribute is understood in one place. What JSON says otherwise is turned round here: times are milliseconds,
the far end of an encapsulation stands between the route's own keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.model import Address, Link
from routewatch.host.text import cells
from routewatch.host.text.documents import Object
from routewatch.host.text.draft import NotUnderstoodError
from routewatch.host.text.ip_words import PER_MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a route's own keys begin with again behind those of an encapsulation (print_route, ip/iproute.c)
_AFTER_ENCAP = frozenset({"gateway", "via", "dev", "table", "protocol", "scope", "metric", "flags", "nexthops", "nhid"})
_WORDS = {"protocol": "proto", "prefsrc": "src", "gateway": "via", "congestion": "congctl"}
_RULE_WORDS = {"table": "lookup", "suppress_prefixlen": "suppress_prefixlength", "protocol": "proto"}
_SILENT = frozenset({"nh_info", "iif_detached", "oif_detached", "unresolved", "srclen", "dstlen", "fwmask", "priority"})
_FEATURES = frozenset({"ecn", "tcp_usec_ts"})


def is_route(found: Object) -> bool:
    """Tell whether an object is a route of ``ip -j route``."""
    return "dst" in found.keys and "priority" not in found.keys


def is_rule(found: Object) -> bool:
    """Tell whether an object is a rule of ``ip -j rule``."""
    return {"priority", "src"} <= found.keys.keys()


def is_link(found: Object) -> bool:
    """Tell whether an object is a link of ``ip -j link`` or ``ip -j address``."""
    return {"ifindex", "ifname", "flags"} <= found.keys.keys()


def route_line(found: Object) -> str:
    """Say a route as ``ip route`` does. Raises NotUnderstoodError where a value is of no kind that ``ip`` writes."""
    keys = found.keys
    head = [_word(keys["type"])] if "type" in keys else []
    return " ".join([*head, _word(keys["dst"]), *_attributes(found)])


def _attributes(found: Object) -> Iterator[str]:
    legs: list[str] = []
    encapsulated = False
    for key, value in found.pairs:
        encapsulated = encapsulated and key not in _AFTER_ENCAP
        if key in {"type", "dst"} or key in _SILENT or encapsulated:
            continue
        if key == "nexthops":
            legs = [word for leg in _objects(value) for word in ("nexthop", *_attributes(leg))]
        else:
            encapsulated = key == "encap"
            yield from _attribute(key, value)
    yield from legs


def _attribute(key: str, value: object) -> Iterator[str]:
    if key == "flags":
        yield from map(_word, _list(value))
    elif key == "metrics":
        for each in _objects(value):
            yield from (word for name, number in each.pairs for word in _metric(name, number))
    elif key == "via" and isinstance(value, Object):
        yield from ("via", _word(value.keys.get("family")), _word(value.keys.get("host")))
    elif key == "flow" and isinstance(value, Object):
        ends = [_word(value.keys[end]) for end in ("from", "to") if end in value.keys]
        yield from ("realm", "/".join(ends))
    elif key == "cache":
        yield "cache"
    else:
        yield from (_WORDS.get(key, _word(key)), *([] if value is None else [_word(value)]))


def _metric(name: str, value: object) -> Iterator[str]:
    if name in _FEATURES:
        yield from ("features", name)
    else:
        yield from (_WORDS.get(name, _word(name)), f"{_word(value)}{'ms' if name in PER_MILLISECOND else ''}")


def rule_line(found: Object) -> str:
    """Say a rule as ``ip rule`` does. Raises NotUnderstoodError."""
    keys = found.keys
    words = [f"{_word(keys['priority'])}:", *(["not"] if "not" in keys else []), "from", _target(keys, "src")]
    words += ["to", _target(keys, "dst")] if "dst" in keys else []
    for key, value in found.pairs:
        words += [] if key in _SILENT or key in {"not", "src", "dst"} else _selector(key, value, keys)
    return " ".join(words)


def _target(keys: dict[str, object], name: str) -> str:
    length = keys.get(f"{name}len")
    return _word(keys[name]) + ("" if length is None else f"/{_word(length)}")


def _selector(key: str, value: object, keys: dict[str, object]) -> list[str]:
    if key == "fwmark" and "fwmask" in keys:
        return ["fwmark", f"{_word(value)}/{_word(keys['fwmask'])}"]
    if key.endswith("_start"):  # "uid_start", "sport_start": a range
        stem = key.removesuffix("_start")
        last = _word(keys.get(f"{stem}_end", value))
        return [{"uid": "uidrange"}.get(stem, stem), f"{_word(value)}-{last}"]
    if key.endswith("_end"):
        return []
    if key == "action":
        return [_word(value)]
    if key == "l3mdev":
        return ["lookup", "[l3mdev-table]"]
    return [_RULE_WORDS.get(key, _word(key)), *([] if value is None else [_word(value)])]


def link(found: Object) -> Link | None:
    """Return a link; None where its values are of no kind that ``ip`` writes."""
    keys = found.keys
    name, index, flags, mac = (keys.get(key) for key in ("ifname", "ifindex", "flags", "address"))
    if not (isinstance(name, str) and cells.is_name(name) and isinstance(index, int) and isinstance(flags, list)):
        return None
    inner = keys.get("linkinfo")
    kind = (inner.keys.get("info_kind") if isinstance(inner, Object) else None) or keys.get("link_type")
    return Link(
        name=name,
        index=index,
        kind=kind if isinstance(kind, str) else "",
        up="UP" in flags,
        carrier="LOWER_UP" in flags,
        mac=mac if isinstance(mac, str) and keys.get("link_type") == "ether" else None,
        addresses=tuple(_addresses(keys.get("addr_info"))),
        master=keys["master"] if isinstance(keys.get("master"), str) else None,
        point_to_point="POINTOPOINT" in flags,
    )


def _addresses(value: object) -> Iterator[Address]:
    for each in value if isinstance(value, list) else []:
        keys = each.keys if isinstance(each, Object) else {}
        local, length, peer, scope = (keys.get(key) for key in ("local", "prefixlen", "address", "scope"))
        if (
            isinstance(local, str)
            and isinstance(length, int)
            and cells.prefix(f"{local}/128" if ":" in local else local)
        ):
            yield Address(
                address=local,
                prefix_length=length,
                peer=peer if isinstance(peer, str) else None,
                scope=scope if isinstance(scope, str) else "global",
            )


def _word(value: object) -> str:
    """Return a value as one word. Raises NotUnderstoodError where it would be none, or several."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise NotUnderstoodError
    try:
        word = str(value)
    except ValueError:  # more digits than the interpreter turns into text
        raise NotUnderstoodError from None
    if len(word.split()) != 1 or "\\" in word:
        raise NotUnderstoodError
    return word


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise NotUnderstoodError
    return value


def _objects(value: object) -> Iterable[Object]:
    found = [each for each in _list(value) if isinstance(each, Object)]
    if len(found) != len(_list(value)):
        raise NotUnderstoodError
    return found
