"""The tests' language: routes, rules and links as ``ip`` writes them, tables and snapshots made of those.

``route("10.0.0.0/8 via 192.168.1.1 dev eth0")`` is the route that the kernel would show after ``ip route add`` with
these words: what is left out gets the value that ip-route(8) and the kernel give it. A word that is not understood
is an error of the test, and raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from routewatch.core.addresses import is_link_local, prefix
from routewatch.core.model import Address, Family, Link, Moment, Nexthop, Place, PolicyRule, Process, Route
from routewatch.core.snapshot import Snapshot
from routewatch.core.table import Table
from tests.build_words import TYPES, Words, leg, route_word, rule_word, with_defaults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PLACE = Place(boot="boot-1", namespace="net-1")


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
            legs.append(leg(words))
        else:
            route_word(word, words, found)
    seen = [found.get("gateway"), found.get("source"), found.get("preferred_source"), *(each.gateway for each in legs)]
    looks_v6 = ":" in target or (target == "default" and "via inet6" not in line and ":" in "".join(map(str, seen)))
    found["family"] = family or ("inet6" if looks_v6 else "inet")
    if target == "default":
        target = "::/0" if found["family"] == "inet6" else "0.0.0.0/0"
    found["destination"] = str(prefix(target))
    found["nexthops"] = tuple(legs)
    return msgspec.convert(with_defaults(found), Route)


def rule(line: str) -> PolicyRule:
    """Read one policy rule, as ``ip rule`` writes it (``100: from all lookup main``) or takes it."""
    words = Words(line)
    found: dict[str, object] = {"family": "inet6" if any(":" in word[:-1] for word in words.left) else "inet"}
    if words.left[0].endswith(":"):
        found["priority"] = int(next(words).rstrip(":"))
    for word in words:
        rule_word(word, words, found)
    if found.keys().isdisjoint({"action", "l3mdev"}):
        found.setdefault("table", 254)
    return msgspec.convert(found, PolicyRule)


def rules(*lines: str, family: Family = "inet") -> tuple[PolicyRule, ...]:
    """Read several rules of one family."""
    return tuple(msgspec.structs.replace(rule(line), family=family) for line in lines)


def link(line: str, *addresses: str) -> Link:
    """Read one link: its name, then ``kind``, ``index``, ``mac``, ``master``, ``generation``, ``configured_by`` DAEMON,
    ``owner NAME[PID]``.

    The words ``up``, ``carrier``, ``persistent`` and ``point_to_point`` set what they say. Without ``kind`` it is an
    "ether", without ``index`` it has a number made from its name. An address may be ``10.8.0.6 peer 10.8.0.5/32``.
    """
    words = Words(line)
    name = next(words)
    found: dict[str, object] = {"name": name, "kind": "ether", "index": 2 + crc32(name.encode()) % 10000}
    for word in words:
        if word in {"up", "carrier", "persistent", "point_to_point"}:
            found[word] = True
        elif word in {"kind", "mac", "master", "generation", "configured_by"}:
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
