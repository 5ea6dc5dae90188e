"""Our walk through rules and tables against the kernel's own: random worlds, one answer."""

from __future__ import annotations

import shlex
import subprocess
from random import Random
from typing import TYPE_CHECKING

import pytest

from routewatch.core.addresses import prefix
from routewatch.core.diff import steady
from routewatch.core.index import Index, Query
from routewatch.core.lookup import lookup
from routewatch.core.model import FAMILIES, Family
from routewatch.core.steps import Step
from routewatch.render.command import command
from tests import build
from tests.live import shown

if TYPE_CHECKING:
    from routewatch.core.lookup import Answer
    from routewatch.core.model import Route
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

WORLDS = range(6)
ROUTES, RULES, QUESTIONS = 50, 8, 70

LINKS = """
    ip link add eth0 type veth peer name peer0
    ip link add eth1 type veth peer name peer1
    ip link set eth0 up
    ip link set peer0 up
    ip link set eth1 up
    ip link set peer1 up
    ip addr add 192.168.77.2/24 dev eth0
    ip addr add 192.168.78.2/24 dev eth1
    ip addr add fd00:77::2/64 dev eth0 nodad
    ip addr add fd00:78::2/64 dev eth1 nodad
    sysctl -qw net.ipv6.conf.all.forwarding=1
"""
HOPS: dict[Family, list[str]] = {
    "inet": ["via 192.168.77.1 dev eth0", "via 192.168.78.1 dev eth1", "dev eth0", "dev eth1"],
    "inet6": ["via fd00:77::1 dev eth0", "via fd00:78::1 dev eth1", "via fe80::1 dev eth0", "dev eth1"],
}
LEGS: dict[Family, str] = {
    "inet": "nexthop via 192.168.77.1 dev eth0 weight 1 nexthop via 192.168.78.1 dev eth1 weight 2",
    "inet6": "nexthop via fd00:77::1 dev eth0 weight 1 nexthop via fd00:78::1 dev eth1 weight 2",
}
BASES: dict[Family, list[str]] = {
    "inet": ["10.0.0.0", "10.64.0.9", "10.64.0.129", "172.30.0.1", "203.0.113.10", "192.168.77.3", "192.168.78.2"],
    "inet6": ["2001:db8::", "2001:db8:0:1::9", "2001:db8:0:1:8000::", "2620::1", "fd00:77::3", "fd00:78::2"],
}
LENGTHS: dict[Family, list[int]] = {"inet": [0, 1, 8, 10, 16, 24, 25, 32], "inet6": [0, 3, 16, 32, 48, 64, 65, 128]}
SOURCES: dict[Family, list[str | None]] = {
    "inet": [None, "192.168.77.2", "192.168.78.2"],
    "inet6": [None, "fd00:77::2", "fd00:78::2", "2001:db8::5"],
}
SELECTORS = ["fwmark 0x1", "fwmark 0x2/0xe", "tos 0x10", "iif lo", "iif eth0", "oif eth1", "uidrange 1000-2000"]
SELECTORS += ["ipproto 17", "dport 80-90", "sport 500"]
ANSWERS = {
    "Network is unreachable": "no route",
    "No route to host": "unreachable",
    "Permission denied": "prohibit",
    "Invalid argument": "blackhole",
}


def a_prefix(random: Random, family: Family) -> str:
    return str(prefix(f"{random.choice(BASES[family])}/{random.choice(LENGTHS[family])}"))


def a_route(random: Random, family: Family) -> str:
    kind = random.choices(["", "blackhole", "unreachable", "prohibit", "throw", "legs"], [20, 1, 1, 1, 3, 2])[0]
    way = LEGS[family] if kind == "legs" else random.choice(HOPS[family])
    if kind not in {"", "legs"}:
        way = "dev lo" if family == "inet6" else ""
    own = f"tos {random.choice(['0x10', '0x08'])}" if family == "inet" else f"from {a_prefix(random, family)}"
    narrowed = own if random.random() < 0.2 else ""
    metric = random.choice([5, 100, 1024])
    table = random.choice(["main", "main", "300", "51820"])
    return f"{kind.replace('legs', '')} {a_prefix(random, family)} {narrowed} table {table} metric {metric} {way}"


def a_rule(random: Random, family: Family) -> str:
    source = random.choice([each for each in SOURCES[family] if each])
    selector = random.choice(
        [f"from {source}", f"to {a_prefix(random, family)}", *[""] * 2, *SELECTORS],
    )
    lookups = [f"lookup {table}" for table in ("main", "300", "51820", "999")]
    lookups += [f"lookup main suppress_prefixlength {length}" for length in (0, 8, 16)]
    action = random.choice(lookups * 3 + ["goto 150", "goto 32766", "nop", "blackhole", "unreachable", "prohibit"])
    turned = "not" if selector and random.random() < 0.3 else ""
    return f"{random.randrange(100, 200)}: {turned} {selector} {action}"


def a_question(random: Random, family: Family) -> tuple[str, Query]:
    near = prefix(random.choice(BASES[family]))
    flipped = int(near.network_address) ^ random.choice([0, 1, 2, 1 << 7, 1 << 22])
    udp = random.random() < 0.4
    arrived = family == "inet6" and random.random() < 0.2
    query = Query(
        source="2001:db8::5" if arrived else random.choice(SOURCES[family]),
        iif="eth0" if arrived else None,
        oif=None if arrived else random.choice([None, None, None, "eth0", "eth1"]),
        fwmark=random.choice([0, 0, 1, 3, 0x12]),
        uid=random.choice([0, 1500]),
        tos=random.choice([0, 0, 0x10, 0x08]),
        ip_protocol=17 if udp else 6,  # never None: for IPv4, a question without one is about UDP (inet_rtm_getroute)
        source_port=500 if udp else None,
        destination_port=random.choice([53, 85]) if udp else None,
    )
    return str(type(near.network_address)(flipped)), query


def asked(destination: str, query: Query) -> str:
    words = {
        "from": query.source, "iif": query.iif, "oif": query.oif, "mark": query.fwmark, "uid": query.uid,
        "tos": hex(query.tos), "ipproto": query.ip_protocol, "sport": query.source_port,
        "dport": query.destination_port,
    }  # fmt: skip
    said = " ".join(f"{word} {value}" for word, value in words.items() if value is not None)
    return f"ip -o route get fibmatch {destination} {said}"


def run_each(commands: list[str]) -> list[tuple[str, str]]:
    """Run commands one after the other, inside the namespace; return what each says and complains of."""
    done = (subprocess.run(shlex.split(each), capture_output=True, text=True, check=False) for each in commands)
    return [(each.stdout, each.stderr.strip()) for each in done]


def kernels(said: tuple[str, str], family: Family) -> Route | str:
    answer, complaint = said
    if complaint:
        return ANSWERS[complaint.removeprefix("RTNETLINK answers: ")]
    words = " ".join(answer.replace("\\", " ").split())
    # "iif" repeats the question, and the legs of an IPv6 route are told in no fixed order
    return steady(build.route(words.replace(" iif eth0", ""), family))


def ours(answer: Answer) -> Route | str:
    if answer.route is not None:
        return answer.reason or steady(answer.route)
    # A rule that says "unreachable" answers ENETUNREACH, a route EHOSTUNREACH (fib4_rule_action, fib_props)
    return "no route" if answer.reason == "unreachable" else answer.reason


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("world", WORLDS)
def test_the_kernel_gives_the_answer_that_we_foretell(namespace: Namespace, world: int, family: Family) -> None:
    random = Random(f"{world} {family}")  # noqa: S311 a world to be seen again, no secret
    namespace.run_all(LINKS)
    rows = [build.route(a_route(random, family), family) for _ in range(ROUTES)]
    policy = [build.rules(a_rule(random, family), family=family)[0] for _ in range(RULES if world else 0)]
    # Some of these are refused: a second row of the same key, a second rule of the same words
    namespace.call(run_each, [command(Step(action="add", route=row)) for row in rows])
    namespace.call(run_each, [command(Step(action="add", policy_rule=rule)) for rule in policy])

    routes = Index(shown.routes(namespace, family))
    rules = shown.rules(namespace, family)
    questions = [a_question(random, family) for _ in range(QUESTIONS)]
    answers = namespace.call(run_each, [asked(*question) for question in questions])

    assert len(rules) > len(policy) // 2
    for (destination, query), said in zip(questions, answers, strict=True):
        answer = lookup(routes, rules, destination, query)
        if family == "inet" and query.oif and (answer.reason or answer.route is None):
            # Bound to a link, IPv4 takes a destination without a route for on-link (ip_route_output_key_hash_rcu):
            # there is no row to show then
            assert said[1], asked(destination, query)
        else:
            assert ours(answer) == kernels(said, family), (asked(destination, query), rules)
