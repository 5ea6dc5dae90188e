"""The words of ``ip route`` and ``ip rule``, one by one, as the tests' language (``build``) reads them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from routewatch.core.addresses import is_link_local, prefix
from routewatch.core.model import Nexthop

TABLES = {"default": 253, "main": 254, "local": 255}
TYPES = {"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"}
FLAGS = {"onlink", "pervasive", "dead", "linkdown", "offload", "trap", "unresolved", "rt_offload", "rt_trap"}
# Numbers of include/uapi/linux/rtnetlink.h, enum RTAX_*: the metric "lock" is a set of bits of these
METRICS = {"mtu": 2, "window": 3, "rtt": 4, "rttvar": 5, "ssthresh": 6, "cwnd": 7, "advmss": 8, "reordering": 9}
METRICS |= {"hoplimit": 10, "initcwnd": 11, "features": 12, "rto_min": 13, "initrwnd": 14, "quickack": 15}
RULE_ACTIONS = {"blackhole", "unreachable", "prohibit", "nop"}


class Words(Iterator[str]):
    """A line, word by word."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.left = line.split()

    def __next__(self) -> str:
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def took(self, *words: str) -> bool:
        """Take the next word if it is one of these."""
        if self.left and self.left[0] in words:
            self.left.pop(0)
            return True
        return False

    def number(self) -> int:
        return int(next(self), 0)

    def refuse(self, word: str) -> ValueError:
        return ValueError(f"{word!r} is no word of this test language, in {self.line!r}")


def route_word(word: str, words: Words, found: dict[str, object]) -> None:
    if word in FLAGS:
        found["flags"] = f"{found.get('flags', '')} {word}".strip()
    elif word in METRICS:
        _metric(word, words, found)
    elif word in {"table", "tos", "metric", "nhid"}:
        name = {"nhid": "nexthop_id"}.get(word, word)
        found[name] = TABLES[next(words)] if words.left[0] in TABLES else words.number()
    elif word == "via":
        words.took("inet", "inet6")
        found["gateway"], _, zone = next(words).partition("%")
        found["gateway_zone"] = zone or None
    elif word == "from":
        found["source"] = str(prefix(next(words)))
    elif word == "expires":
        found[word] = int(next(words).removesuffix("sec"))
    elif word == "scoped":
        found[word] = True
    elif word == "error":  # ip -6 route repeats the type of a rejecting route as a number
        next(words)
    elif word in ROUTE_NAMES:
        found[ROUTE_NAMES[word]] = next(words)
    else:
        raise words.refuse(word)


ROUTE_NAMES = {
    "dev": "interface",
    "proto": "protocol",
    "scope": "scope",
    "src": "preferred_source",
    "zone": "zone",
    "pref": "preference",
}


def _metric(word: str, words: Words, found: dict[str, object]) -> None:
    metrics = dict(msgspec.convert(found.get("metrics", ()), tuple[tuple[str, int], ...]))
    if words.took("lock") or word == "rto_min":  # which ip-route(8) always locks
        metrics = {"lock": 0} | metrics
        metrics["lock"] |= 1 << METRICS[word]
    value = next(words)
    metrics[word] = int({"ecn": "1"}.get(value, value).removesuffix("ms"), 0)
    if value.endswith("ms"):
        metrics[word] *= {"rtt": 8, "rttvar": 4}.get(word, 1)  # the kernel's units
    found["metrics"] = tuple(metrics.items())


def leg(words: Words) -> Nexthop:
    leg: dict[str, object] = {}
    while words.left and words.left[0] != "nexthop":
        word = next(words)
        if word in FLAGS:
            leg["flags"] = f"{leg.get('flags', '')} {word}".strip()
        elif word == "weight":
            leg[word] = words.number()
        elif word == "dev":
            leg["interface"] = next(words)
        elif word == "via":
            words.took("inet", "inet6")
            leg["gateway"] = next(words)
        else:
            raise words.refuse(word)
    return msgspec.convert(leg, Nexthop)


def with_defaults(found: dict[str, object]) -> dict[str, object]:
    """Add what the kernel and ip-route(8) make of words left out."""
    kind, v6 = found.get("type", "unicast"), found["family"] == "inet6"
    if v6 and is_link_local(str(found["destination"])):
        found.setdefault("zone", found.get("interface"))
    local = {"local": "host", "broadcast": "link", "anycast": "link", "multicast": "link"}
    on_link = kind == "unicast" and not (found.get("gateway") or found["nexthops"] or found.get("nexthop_id"))
    scope = local.get(str(kind), "link" if on_link else "global")
    table = 255 if kind in {"local", "broadcast", "anycast"} else 254
    if found.get("preference") == "medium":
        found["preference"] = None
    defaults = {"metric": 1024 if v6 else 0, "scope": None if v6 else scope, "protocol": "boot", "table": table}
    return {**defaults, **found}


def rule_word(word: str, words: Words, found: dict[str, object]) -> None:
    if word in {"from", "to"}:
        target = next(words)
        found["source" if word == "from" else "destination"] = None if target == "all" else str(prefix(target))
    elif word in {"lookup", "table", "l3mdev"}:
        found.update(_rule_table(word, words))
    elif word == "fwmark":
        mark, _, mask = next(words).partition("/")
        found.update(fwmark=int(mark, 0), fwmask=int(mask, 0) if mask else None)
    elif word in {"uidrange", "sport", "dport"}:
        low, _, high = next(words).partition("-")
        found[RULE_NAMES[word]] = (int(low), int(high or low))
    elif word == "goto":
        found.update(action=word, goto=words.number())
    elif word in {"priority", "pref", "tos", "ipproto", "suppress_prefixlength", "suppress_ifgroup"}:
        found[RULE_NAMES.get(word, word)] = words.number()
    elif word in {"iif", "oif", "proto"}:
        found[RULE_NAMES.get(word, word)] = next(words)
    elif word in RULE_ACTIONS:
        found["action"] = word
    elif word == "not":
        found[word] = True
    else:
        raise words.refuse(word)


def _rule_table(word: str, words: Words) -> dict[str, object]:
    if word == "l3mdev" or words.took("[l3mdev-table]"):
        return {"l3mdev": True}
    return {"table": TABLES[next(words)] if words.left[0] in TABLES else words.number()}


RULE_NAMES = {
    "uidrange": "uid_range",
    "sport": "source_ports",
    "dport": "destination_ports",
    "ipproto": "ip_protocol",
    "pref": "priority",
    "proto": "protocol",
}
