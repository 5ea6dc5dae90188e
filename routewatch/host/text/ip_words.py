"""The words of ip-route(8) and ip-rule(8) that a saved text is told by, beside the fixed ones of rtnetlink/words.py.

Written after iproute2 6.1 (ip/iproute.c, ip/iprule.c, lib/rt_names.c), which prints them.
"""

from __future__ import annotations

from routewatch.host.linux.rtnetlink import words

REJECTING = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
FLAGS = frozenset(words.ROUTE_FLAGS.values())
# RTAX_*: each metric's word with its number, which is also its bit in the metric "lock"
METRICS = {"congctl" if name == "cc_algo" else name: number for number, name in words.METRICS.items()}
del METRICS["lock"], METRICS["fastopen_no_cookie"]
# The kernel's units: rtt in 1/8 ms, rttvar in 1/4 ms
PER_MILLISECOND = {"rtt": 8, "rttvar": 4, "rto_min": 1}
# RTAX_FEATURE_*
FEATURES = {"ecn": 1, "tcp_usec_ts": 16}
# RFC 4191; "medium" goes without saying
PREFERENCES = {"low": "low", "high": "high", "medium": None}
# What may follow a destination: enough to know a line of ``ip route`` by
KEYWORDS = frozenset(
    {
        "via",
        "dev",
        "proto",
        "scope",
        "src",
        "metric",
        "table",
        "nhid",
        "from",
        "tos",
        "dsfield",
        "encap",
        "nexthop",
        "mtu",
    }
    | {
        "expires",
        "pref",
        "realm",
        "realms",
        "error",
        "onlink",
        "linkdown",
        "dead",
        "advmss",
        "hoplimit",
        "ttl-propagate",
    }
)
RULE_ACTIONS = frozenset({"blackhole", "unreachable", "prohibit", "nop"})
# /etc/protocols, as far as rules are made for them
IP_PROTOCOLS = {
    "ip": 0, "icmp": 1, "igmp": 2, "ipip": 4, "ipencap": 4, "tcp": 6, "egp": 8, "igp": 9, "udp": 17, "dccp": 33,
    "ipv6": 41, "rsvp": 46, "gre": 47, "esp": 50, "ipv6-esp": 50, "ah": 51, "ipv6-ah": 51, "ipv6-icmp": 58,
    "icmpv6": 58, "eigrp": 88, "ospf": 89, "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136,
}  # fmt: skip


def kind_of(word: str) -> str | None:
    """Return the type of route that a word or, by ``ip -N``, a number names."""
    return word if word in words.ROUTE_TYPES else _by_number(words.ROUTE_TYPE_WORDS, word)


def protocol_of(word: str) -> str:
    """Return a protocol by its word; a number that has a word everywhere is said by it."""
    return _by_number(words.PROTOCOL_WORDS, word) or word


def scope_of(word: str) -> str:
    """Return a scope by its word; a number that has a word everywhere is said by it."""
    return _by_number(words.SCOPE_WORDS, word) or word


def _by_number(names: dict[int, str], word: str) -> str | None:
    return names.get(int(word)) if word.isascii() and word.isdigit() and len(word) <= 3 else None  # noqa: PLR2004 a byte
