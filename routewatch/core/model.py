"""The values everything else speaks in: routes, policy rules, links, processes.

They are the same on every platform. A field that a platform lacks holds its neutral value (``None``, ``""``, ``()``).
This module decides nothing and knows no operating system; numbers and words are those of rtnetlink(7) and ip-route(8).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

Family = Literal["inet", "inet6"]
FAMILIES: tuple[Family, ...] = ("inet", "inet6")

# include/uapi/linux/rtnetlink.h, enum rt_class_t
DEFAULT_TABLE = 253
MAIN_TABLE = 254
LOCAL_TABLE = 255


class Nexthop(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One leg of a route with several next hops (RTA_MULTIPATH)."""

    gateway: str | None = None
    interface: str | None = None
    weight: int = 1  # as ip-route(8) counts: the kernel's rtnh_hops + 1
    flags: str = ""


class Route(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a routing table.

    ``flags`` are netstat's letters on macOS and iproute2's words, separated by blanks, on Linux ("onlink linkdown").
    ``unwritable`` names attributes that were read but could not be written back: such a route is never deleted.
    """

    family: Family
    destination: str  # CIDR with zero host bits; the default is "0.0.0.0/0" or "::/0"
    zone: str | None = None  # interface of a link-local destination
    gateway: str | None = None  # None: on-link. May be of the other family (RTA_VIA)
    gateway_zone: str | None = None
    link: str | None = None  # a gateway that is no address: "link#18", a MAC address, an interface
    interface: str | None = None
    flags: str = ""
    scoped: bool = False  # macOS: the I flag
    expires: int | str | None = None  # seconds left; "!" on macOS
    table: int = MAIN_TABLE
    metric: int | None = None  # lower wins; the kernel calls it priority. None: the format prints none
    protocol: str | None = None  # who made it: "kernel", "boot", "static", "dhcp", "ra", or a number as text
    scope: str | None = None  # "global", "link", "host", "site", "nowhere"; IPv4 only
    type: str = "unicast"
    preferred_source: str | None = None
    source: str | None = None  # CIDR: IPv6 source-specific routes (RTA_SRC)
    tos: int | None = None
    nexthops: tuple[Nexthop, ...] = ()  # only where there is more than one
    nexthop_id: int | None = None
    metrics: tuple[tuple[str, int | str], ...] = ()  # ("mtu", 1400), ("cc_algo", "reno"), ...: RTA_METRICS
    preference: str | None = None  # IPv6 router preference, RFC 4191: "low", "high"; "medium" is None
    unwritable: tuple[str, ...] = ()


class PolicyRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One policy rule (``ip rule``, fib_rules)."""

    family: Family
    priority: int = 0
    inverted: bool = field(default=False, name="not")
    source: str | None = None  # CIDR; None: from all
    destination: str | None = None
    iif: str | None = None
    oif: str | None = None
    fwmark: int | None = None
    fwmask: int | None = None  # None: all bits
    tos: int | None = None
    uid_range: tuple[int, int] | None = None
    ip_protocol: int | None = None
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None
    action: str = "lookup"  # "lookup", "goto", "nop", "blackhole", "unreachable", "prohibit"
    table: int | None = None
    goto: int | None = None
    suppress_prefixlength: int | None = None
    suppress_ifgroup: int | None = None
    l3mdev: bool = False
    protocol: str | None = None
    unwritable: tuple[str, ...] = ()


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address of a link."""

    address: str
    prefix_length: int
    peer: str | None = None  # the other end of a point-to-point link
    scope: str = "global"
    flags: tuple[str, ...] = ()  # "tentative", "deprecated", "temporary", "noprefixroute", "dynamic", ...


class Process(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process, told apart from a later one with the same pid by its start."""

    pid: int
    started: int  # clock ticks since boot, /proc/PID/stat field 22
    name: str
    command: tuple[str, ...] = ()  # argument list where readable


class Ipv6Settings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Linux's kernel does with IPv6 on one link: net.ipv6.conf.LINK, ip-sysctl.rst of the kernel."""

    disabled: bool = False  # disable_ipv6
    forwarding: bool = False
    accept_ra: int = 1  # 0: routers are not heard; 1: not where it forwards; 2: in any case
    accept_default: bool = True  # accept_ra_defrtr


class Link(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A network interface."""

    name: str
    index: int
    kind: str  # "ether", "loopback", "tun", "tap", "veth", "bridge", "wireguard", "ppp", ...
    up: bool = False
    carrier: bool = False
    mac: str | None = None
    addresses: tuple[Address, ...] = ()
    owner: Process | None = None  # who holds the tunnel's descriptor, where that could be seen
    generation: str | None = None  # tells a re-made link from its predecessor of the same name and index
    master: str | None = None  # the bridge or VRF it is enslaved to
    persistent: bool = False  # a tun that outlives its holder
    point_to_point: bool = False
    configured_by: str | None = None  # the network daemon that gives it its addresses, where one says so: a hint
    ipv6: Ipv6Settings | None = None  # None: not known, or a link without IPv6

    @property
    def identity(self) -> tuple[str, int, str, str | None]:
        """What makes it this link and no other: names and indexes are used again."""
        return (self.name, self.index, self.kind, self.generation)


class NexthopObject(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A next hop that routes refer to by number (ip-nexthop(8)): one way, or a group of such."""

    id: int
    gateway: str | None = None
    interface: str | None = None
    group: tuple[tuple[int, int], ...] = ()  # id and weight of each member
    blackhole: bool = False
    scope: str | None = None
    protocol: str | None = None
    flags: str = ""
    encapsulation: str | None = None


class Neighbour(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An ARP or ND entry."""

    address: str
    interface: str
    mac: str | None = None
    state: str = ""  # "reachable", "stale", "delay", "probe", "permanent", "noarp", "incomplete", "failed"
    is_router: bool = False  # an IPv6 neighbour that says so of itself


class Router(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A router that the system's own configuration names, whatever the table says."""

    family: Family
    interface: str
    address: str


class Author(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked the kernel for a change: a hint, never proof."""

    kind: Literal["process", "kernel", "routewatch", "unknown"] = "unknown"
    process: Process | None = None
    ancestors: tuple[Process, ...] = ()  # nearest first, without pid 1
    cut: bool = False  # there were more ancestors, which had ended before they could be read


class Moment(Struct, frozen=True, kw_only=True):
    """An instant on three clocks, each in seconds. Order is by ``boot``; ``wall`` is for display."""

    wall: float
    boot: float  # CLOCK_BOOTTIME: runs on in sleep
    monotonic: float  # CLOCK_MONOTONIC: stops in sleep


class Place(Struct, frozen=True, kw_only=True):
    """Where a snapshot is true: one boot and one network namespace."""

    boot: str
    namespace: str


class Login(Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """A remote login: the addresses of its two ends, with a zone where one is link-local and its link was told."""

    peer: str
    local: str = ""  # ours, which rules may ask for, as for its port; "" and 0 where nobody told
    port: int = 0


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of the doorbell: what somebody asked the kernel to do, and who it was."""

    action: Literal["add", "delete"]
    at: Moment
    author: Author
    route: Route | None = None
    policy_rule: PolicyRule | None = None
