"""The tests' language: routes, rules and links as ``ip`` writes them, tables and snapshots made of those.

``route("10.0.0.0/8 via 192.168.1.1 dev eth0")`` is the route that the kernel would show after ``ip route add`` with
these words: what is left out gets the value that ip-route(8) and the kernel give it. A word that is not understood
is an error of the test, and raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from zlib import crc32

import msgspec

from routewatch.core.addresses import is_link_local, prefix
from routewatch.core.model import Address, Family, Link, Moment, Nexthop, Place, PolicyRule, Process, Route
from routewatch.core.snapshot import Snapshot
from routewatch.core.table import Table

TABLES = {"default": 253, "main": 254, "local": 255}
TYPES = {"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"}
FLAGS = {"onlink", "pervasive", "dead", "linkdown", "offload", "trap", "unresolved", "rt_offload", "rt_trap"}
# Numbers of include/uapi/linux/rtnetlink.h, enum RTAX_*: the metric "lock" is a set of bits of these
METRICS = {"mtu": 2, "window": 3, "rtt": 4, "rttvar": 5, "ssthresh": 6, "cwnd": 7, "advmss": 8, "reordering": 9}
METRICS |= {"hoplimit": 10, "initcwnd": 11, "features": 12, "rto_min": 13, "initrwnd": 14, "quickack": 15}
RULE_ACTIONS = {"blackhole", "unreachable", "prohibit", "nop"}
PLACE = Place(boot="boot-1", namespace="net-1")


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


class Packed:
    """A codec for tests: a chunk is a list of routes in MessagePack, a fingerprint is one of them."""

    name = "tests/1"

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        self.names: Mapping[int, str] = names or {}

    def split(self, chunks: Sequence[bytes]) -> list[bytes]:
        return [bytes(raw) for chunk in chunks for raw in msgspec.msgpack.decode(chunk, type=list[msgspec.Raw])]

    def decode(self, fingerprint: bytes) -> Route:
        return msgspec.msgpack.decode(fingerprint, type=Route)


def table(*routes: str | Route) -> Table:
    """Make a table of routes, each a value or a line."""
    return Table([msgspec.msgpack.encode([_route(each) for each in routes])], Packed())


def route(line: str, family: Family | None = None) -> Route:
    """Read one route, as ``ip route`` writes it or takes it."""
    words = Words(line)
    found: dict[str, object] = {}
    if words.left[0] in TYPES:
        found["type"] = next(words)
    target = next(words)
    legs: list[Nexthop] = []
    for word in words:
        if word == "nexthop":
            legs.append(_leg(words))
        else:
            _route_word(word, words, found)
    seen = [found.get("gateway"), found.get("source"), found.get("preferred_source"), *(leg.gateway for leg in legs)]
    looks_v6 = ":" in target or (target == "default" and "via inet6" not in line and ":" in "".join(map(str, seen)))
    found["family"] = family or ("inet6" if looks_v6 else "inet")
    if target == "default":
        target = "::/0" if found["family"] == "inet6" else "0.0.0.0/0"
    found["destination"] = str(prefix(target))
    found["nexthops"] = tuple(legs)
    return msgspec.convert(_with_defaults(found), Route)


def rule(line: str) -> PolicyRule:
    """Read one policy rule, as ``ip rule`` writes it (``100: from all lookup main``) or takes it."""
    words = Words(line)
    found: dict[str, object] = {"family": "inet6" if any(":" in word[:-1] for word in words.left) else "inet"}
    if words.left[0].endswith(":"):
        found["priority"] = int(next(words).rstrip(":"))
    for word in words:
        _rule_word(word, words, found)
    if found.keys().isdisjoint({"action", "l3mdev"}):
        found.setdefault("table", 254)
    return msgspec.convert(found, PolicyRule)


def rules(*lines: str, family: Family = "inet") -> tuple[PolicyRule, ...]:
    """Read several rules of one family."""
    return tuple(msgspec.structs.replace(rule(line), family=family) for line in lines)


def link(line: str, *addresses: str) -> Link:
    """Read one link: its name, then ``kind``, ``index``, ``mac``, ``master``, ``generation``, ``owner NAME[PID]``.

    The words ``up``, ``carrier``, ``persistent`` and ``point_to_point`` set what they say. Without ``kind`` it is an
    "ether", without ``index`` it has a number made from its name. An address may be ``10.8.0.6 peer 10.8.0.5/32``.
    """
    words = Words(line)
    name = next(words)
    found: dict[str, object] = {"name": name, "kind": "ether", "index": 2 + crc32(name.encode()) % 10000}
    for word in words:
        if word in {"up", "carrier", "persistent", "point_to_point"}:
            found[word] = True
        elif word in {"kind", "mac", "master", "generation"}:
            found[word] = next(words)
        elif word == "index":
            found[word] = words.number()
        elif word == "owner":
            found[word] = process(next(words))
        else:
            raise words.refuse(word)
    return msgspec.convert({**found, "addresses": tuple(map(_address, addresses))}, Link)


def process(text: str, started: int = 1000) -> Process:
    """Read a process: ``openvpn[1234]``."""
    name, _, pid = text.rstrip("]").partition("[")
    return Process(pid=int(pid), started=started, name=name, command=(name,))


def moment(at: float) -> Moment:
    """Make an instant at which all three clocks show the same."""
    return Moment(wall=at, boot=at, monotonic=at)


def snapshot(
    *,
    routes: Table | Iterable[str | Route] = (),
    links: Iterable[str | Link] = (),
    rules: Iterable[str | PolicyRule] = (),
    at: float = 0.0,
) -> Snapshot:
    """Make a complete Linux snapshot; ``msgspec.structs.replace`` changes the rest."""
    return Snapshot(
        platform="linux",
        place=PLACE,
        taken=moment(at),
        routes=routes if isinstance(routes, Table) else table(*routes),
        links=tuple(link(each) if isinstance(each, str) else each for each in links),
        rules=tuple(rule(each) if isinstance(each, str) else each for each in rules),
    )


def _route(either: str | Route) -> Route:
    return route(either) if isinstance(either, str) else either


def _route_word(word: str, words: Words, found: dict[str, object]) -> None:
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


def _leg(words: Words) -> Nexthop:
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


def _with_defaults(found: dict[str, object]) -> dict[str, object]:
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


def _rule_word(word: str, words: Words, found: dict[str, object]) -> None:
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


def _address(text: str) -> Address:
    local, _, peer = text.partition(" peer ")
    whole = peer or local
    plain, _, length = whole.partition("/")
    found = local.partition("/")[0]
    scope = "link" if is_link_local(found) and ":" in found else "global"
    return Address(
        address=found,
        prefix_length=int(length) if length else prefix(plain).max_prefixlen,
        peer=plain if peer else None,
        scope="host" if prefix(found).is_loopback else scope,
    )
