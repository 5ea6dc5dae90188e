"""The kernel's numbers as the words that ip-route(8) and ip-rule(8) use for them.

``ROUTE_TYPES``, ``SCOPES`` and ``PROTOCOLS`` lead from word to number, their ``..._WORDS`` back. Only fixed
words: a name that an administrator gave in /etc/iproute2 is not known here, such a number stays a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# include/uapi/linux/rtnetlink.h, RTN_*
ROUTE_TYPES = {
    "unspec": 0,
    "unicast": 1,
    "local": 2,
    "broadcast": 3,
    "anycast": 4,
    "multicast": 5,
    "blackhole": 6,
    "unreachable": 7,
    "prohibit": 8,
    "throw": 9,
    "nat": 10,
    "xresolve": 11,
}
ROUTE_TYPE_WORDS = {number: name for name, number in ROUTE_TYPES.items()}

# RT_SCOPE_*
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
SCOPE_WORDS = {number: name for name, number in SCOPES.items()}

# RTPROT_*: include/uapi/linux/rtnetlink.h, which iproute2's etc/rt_protos repeats
PROTOCOLS = {
    "unspec": 0,
    "redirect": 1,
    "kernel": 2,
    "boot": 3,
    "static": 4,
    "gated": 8,
    "ra": 9,
    "mrt": 10,
    "zebra": 11,
    "bird": 12,
    "dnrouted": 13,
    "xorp": 14,
    "ntk": 15,
    "dhcp": 16,
    "keepalived": 18,
    "babel": 42,
    "openr": 99,
    "bgp": 186,
    "isis": 187,
    "ospf": 188,
    "rip": 189,
    "eigrp": 192,
}
PROTOCOL_WORDS = {number: name for name, number in PROTOCOLS.items()}

# RTNH_F_* and RTM_F_*, in the order in which iproute2's print_rt_flags() says them
ROUTE_FLAGS = {
    0x1: "dead",
    0x4: "onlink",
    0x2: "pervasive",
    0x8: "offload",
    0x40: "trap",
    0x100: "notify",
    0x10: "linkdown",
    0x20: "unresolved",
    0x4000: "rt_offload",
    0x8000: "rt_trap",
    0x20000000: "rt_offload_failed",
}

# RTAX_*, lower case as in the header; units as the kernel keeps them (rtt in 1/8 ms, rttvar in 1/4 ms)
METRICS = {
    1: "lock",  # bits: 1 << RTAX_* of the values that path MTU discovery and its like must not change
    2: "mtu",
    3: "window",
    4: "rtt",
    5: "rttvar",
    6: "ssthresh",
    7: "cwnd",
    8: "advmss",
    9: "reordering",
    10: "hoplimit",
    11: "initcwnd",
    12: "features",
    13: "rto_min",
    14: "initrwnd",
    15: "quickack",
    16: "cc_algo",
    17: "fastopen_no_cookie",
}

# RFC 4191 preferences as RTA_PREF holds them (ICMPV6_ROUTER_PREF_*)
PREFERENCES = {1: "high", 3: "low"}

# include/uapi/linux/lwtunnel.h
ENCAPSULATIONS = {
    0: "none",
    1: "mpls",
    2: "ip",
    3: "ila",
    4: "ip6",
    5: "seg6",
    6: "bpf",
    7: "seg6local",
    8: "rpl",
    9: "ioam6",
    10: "xfrm",
}

# include/uapi/linux/fib_rules.h, FR_ACT_*
RULE_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}

# include/uapi/linux/neighbour.h, NUD_*
NEIGHBOUR_STATES = {
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}

# include/uapi/linux/if_addr.h, IFA_F_*, in iproute2's words; 0x01 is "secondary" on IPv4 and "temporary" on IPv6
ADDRESS_FLAGS = {
    0x02: "nodad",
    0x04: "optimistic",
    0x08: "dadfailed",
    0x10: "home",
    0x20: "deprecated",
    0x40: "tentative",
    0x100: "mngtmpaddr",
    0x200: "noprefixroute",
    0x400: "autojoin",
    0x800: "stable-privacy",
}

# include/uapi/linux/if_arp.h, ARPHRD_*: what a link without IFLA_INFO_KIND is
HARDWARE = {
    1: "ether",
    32: "infiniband",
    512: "ppp",
    768: "ipip",
    769: "tunnel6",
    772: "loopback",
    776: "sit",
    778: "gre",
    801: "ieee802.11",
    823: "gre6",
    0xFFFE: "none",
}


def word(words: Mapping[int, str], number: int) -> str:
    """Return the word for a number, or the number as text."""
    return words.get(number) or str(number)


def flag_words(words: Mapping[int, str], flags: int) -> tuple[str, ...]:
    """Return the words of the bits that are set; bits without a word follow together as a hexadecimal number."""
    if not flags:
        return ()
    said = [name for bit, name in words.items() if flags & bit]
    rest = flags & ~sum(words)
    return (*said, hex(rest)) if rest else tuple(said)
