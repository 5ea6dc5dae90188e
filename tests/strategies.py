"""Hypothesis strategies: prefixes, routes, tables and snapshots as a Linux machine could have them.

Values are drawn from few addresses and links, so that routes overlap, meet and repeat each other, as real ones do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.addresses import connected_prefix, is_link_local, prefix
from routewatch.core.model import FAMILIES, Family, Link, Nexthop, Route
from tests import build

if TYPE_CHECKING:
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.table import Table

LINKS = (
    build.link("lo kind loopback index 1 up carrier", "127.0.0.1/8", "::1/128"),
    build.link("eth0 index 2 up carrier mac 02:00:00:00:00:02", "192.168.1.10/24", "fd00:1::10/64", "fe80::2/64"),
    build.link("wlan0 index 3 up carrier mac 02:00:00:00:00:03", "192.168.7.10/24", "fe80::3/64"),
    build.link("tun0 kind tun index 7 up carrier point_to_point", "10.8.0.2/24", "fd00:8::2/64"),
    build.link("docker0 kind bridge index 4 up mac 02:00:00:00:00:04", "172.17.0.1/16"),
)
GATEWAYS: dict[Family, tuple[tuple[str, str], ...]] = {
    "inet": (("192.168.1.1", "eth0"), ("192.168.1.254", "eth0"), ("192.168.7.1", "wlan0"), ("10.8.0.1", "tun0")),
    "inet6": (("fe80::1", "eth0"), ("fe80::1", "wlan0"), ("fd00:1::1", "eth0"), ("fd00:8::1", "tun0")),
}
BASES: dict[Family, tuple[str, ...]] = {
    "inet": ("0.0.0.0/0", "10.8.0.0", "10.8.0.129", "128.0.0.0", "172.17.3.4", "192.168.1.77", "203.0.113.10"),
    "inet6": ("::", "2000::", "2001:db8::10", "2001:db8:0:8000::", "8000::", "fd00:8::7", "fe80::9"),
}
PROTOCOLS = ("boot", "static", "dhcp", "ra", "kernel", "zebra", "99")
METRICS = (0, 50, 100, 600, 1024, 20100)
TABLES = (254, 254, 254, 253, 51820, 300)
STATE_WORDS = ("linkdown", "dead linkdown", "offload", "trap", "rt_offload", "rt_trap", "unresolved")

families = st.sampled_from(FAMILIES)


@st.composite
def prefixes(draw: st.DrawFn, family: Family) -> str:
    """Draw a prefix: a default, a half, a host or anything between, around few addresses."""
    longest = 32 if family == "inet" else 128
    length = draw(st.sampled_from((0, 1, 8, 16, 24, longest - 1, longest)) | st.integers(0, longest))
    return str(prefix(f"{prefix(draw(st.sampled_from(BASES[family]))).network_address}/{length}"))


@st.composite
def addresses(draw: st.DrawFn, family: Family) -> str:
    """Draw an address near those that the prefixes are made of."""
    near = prefix(draw(st.sampled_from(BASES[family])))
    flipped = int(near.network_address) ^ draw(st.sampled_from((0, 1, 2, 1 << 7, 1 << 9, 1 << 31)))
    return str(type(near.network_address)(flipped))


@st.composite
def routes(draw: st.DrawFn, family: Family | None = None) -> Route:
    """Draw a route of any kind that ``ip route add`` can make."""
    chosen: Family = draw(families) if family is None else family
    v6 = chosen == "inet6"
    base = Route(
        family=chosen,
        destination=draw(prefixes(chosen)),
        table=draw(st.sampled_from(TABLES)),
        metric=draw(st.sampled_from(METRICS)) or (1024 if v6 else 0),
        protocol=draw(st.sampled_from(PROTOCOLS)),
        scope=None if v6 else "global",
        source=draw(st.none() | prefixes("inet6")) if v6 else None,
        tos=draw(st.sampled_from((None, None, 0x10))) if not v6 else None,
        metrics=draw(st.sampled_from(((), (), (("mtu", 1400),), (("lock", 4), ("mtu", 1280))))),
        expires=draw(st.none() | st.integers(1, 1800)) if v6 else None,
    )
    return _leading(draw, base)


def _leading(draw: st.DrawFn, base: Route) -> Route:
    """Give the route somewhere to lead to."""
    kind = draw(
        st.sampled_from(("gateway", "gateway", "link", "legs", "blackhole", "unreachable", "prohibit", "throw"))
    )
    hops = st.sampled_from(GATEWAYS[base.family])
    match kind:
        case "gateway":
            gateway, interface = draw(hops)
            return _on(replace(base, gateway=gateway, flags=draw(st.sampled_from(("", "onlink")))), interface)
        case "link":
            scope = None if base.family == "inet6" else "link"
            return _on(replace(base, scope=scope), draw(st.sampled_from(LINKS)).name)
        case "legs":
            chosen = draw(st.lists(hops, min_size=2, max_size=4, unique=True))
            legs = [Nexthop(gateway=at, interface=dev, weight=draw(st.integers(1, 3))) for at, dev in chosen]
            return replace(base, nexthops=tuple(legs))
        case _:
            rejecting = replace(base, type=kind)
            return _on(rejecting, "lo") if base.family == "inet6" else rejecting


def _on(route: Route, interface: str) -> Route:
    zone = interface if route.family == "inet6" and is_link_local(route.destination) else None
    return replace(route, interface=interface, zone=zone)


def tables(family: Family | None = None, max_size: int = 12) -> st.SearchStrategy[Table]:
    """Draw a table of different rows, as a kernel has it."""
    rows = st.lists(routes(family), max_size=max_size, unique_by=_weak_identity)
    return rows.map(lambda drawn: build.table(*drawn))


def _weak_identity(route: Route) -> tuple[object, ...]:
    """Say what ``ip route add`` compares before it says "File exists"."""
    return (route.family, route.table, route.destination, route.source, route.tos, route.metric)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw a snapshot whose routes lead over links that it has, with the connected routes of their addresses."""
    extra = draw(st.lists(st.sampled_from(LINKS[2:]), unique=True))
    links = LINKS[:2] + tuple(link for link in LINKS[2:] if link in extra)
    names = {link.name for link in links}
    connected = [row for link in links[1:] for row in _connected(link)]
    drawn = draw(
        st.lists(routes().filter(lambda row: _interfaces(row) <= names), max_size=10, unique_by=_weak_identity)
    )
    at = draw(st.floats(0, 1e6))
    return build.snapshot(routes=[*connected, *drawn], links=links, at=at)


def _interfaces(route: Route) -> set[str]:
    return {name for name in (route.interface, *(leg.interface for leg in route.nexthops)) if name}


def _connected(link: Link) -> list[Route]:
    """Make the routes that the kernel makes of a link's addresses."""
    found = []
    for each in link.addresses:
        line = f"{connected_prefix(each)} dev {link.name} proto kernel"
        line += " metric 256" if ":" in each.address else f" scope link src {each.address}"
        found.append(build.route(line if link.carrier or ":" in each.address else f"{line} linkdown"))
    return found
