"""A printer of routing tables as macOS prints them, release by release: written from what netstat does, not from how
they are read. It takes values and knows only widths and abbreviations.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import Family, Route

if TYPE_CHECKING:
    from collections.abc import Sequence


class Generation(NamedTuple):
    """How one release prints: the widths of IPv6 gateways and of Netif, which columns, and how rows end."""

    name: str
    gateway6: int
    netif: tuple[int, int]  # IPv4, IPv6
    counters: bool = False  # Refs and Use in IPv4 sections
    padded: bool = True  # since 10.14: Expire is never left out, and what has expired shows "!"
    long: bool = False  # -l
    source: bool = False  # -l with RT_IFA


GENERATIONS = (
    Generation("10.6-10.13", 31, (7, 8), counters=True, padded=False),
    Generation("10.14", 31, (7, 8), counters=True),
    Generation("10.14 -l", 31, (7, 8), counters=True, long=True),
    Generation("10.15-11", 31, (7, 8)),
    Generation("10.15-11 -l", 31, (7, 8), long=True, source=True),
    Generation("12-13", 31, (10, 10)),
    Generation("12-13 -l", 31, (14, 14), long=True, source=True),
    Generation("14-26", 39, (14, 14)),
    Generation("14-26 -l", 39, (14, 14), long=True, source=True),
)

SAMPLE = (
    Route(family="inet", destination="0.0.0.0/0", gateway="192.168.7.1", flags="UGScg", interface="en0"),
    Route(family="inet", destination="10.60.0.0/14", link="utun5", flags="USc", interface="utun5"),
    Route(family="inet", destination="192.168.7.0/24", link="link#11", flags="UCS", interface="en0", expires=77),
    Route(family="inet6", destination="::/0", gateway="fe80::", gateway_zone="utun0", flags="UGcIg", interface="utun0"),
    Route(family="inet6", destination="fe80::/64", zone="en0", link="link#11", flags="UCI", interface="en0"),
    Route(family="inet6", destination="fd00::5/128", link="0a:00:27:00:00:01", flags="UHL", interface="lo0"),
)


def table(generation: Generation, routes: Sequence[Route] = SAMPLE) -> str:
    """Print a table."""
    lines = ["Routing tables"]
    for family, title in (("inet", "Internet:"), ("inet6", "Internet6:")):
        of_family = [route for route in routes if route.family == family]
        if of_family:
            lines += ["", title, header(generation, of_family[0].family)]
            lines += [row(generation, route) for route in of_family]
    return "\n".join(lines) + "\n"


def widths(generation: Generation, family: Family) -> tuple[int, int, int]:
    """Return the widths of Destination, Gateway and Netif."""
    return (18, 18, generation.netif[0]) if family == "inet" else (39, generation.gateway6, generation.netif[1])


def header(generation: Generation, family: Family) -> str:
    """Print the names of the columns."""
    destination, gateway, netif = widths(generation, family)
    line = f"{'Destination':<{destination}} {'Gateway':<{gateway}} "
    line += f"{'RT_IFA':<{gateway}} " if generation.source else ""
    line += f"{'Flags':<10} "
    if generation.long:
        line += f"{'Refs':>6} {'Use':>8} {'Mtu':>6} "
    elif generation.counters and family == "inet":
        line += f"{'Refs':>6} {'Use':>8} "
    return line + f"{'Netif':>{netif}} {'Expire':>6}"


def row(generation: Generation, route: Route) -> str:
    """Print one route."""
    destination, gateway, netif = widths(generation, route.family)
    line = f"{printed_destination(route):<{destination}} {printed_gateway(route):<{gateway}} "
    if generation.source and route.interface != "utun0":  # a route without an interface address has no such cell
        line += f"{'192.168.7.20' if route.family == 'inet' else 'fd00::20':<{gateway}} "
    line += f"{route.flags:<10.10} "
    if generation.long:
        mtu = "" if route.interface == "lo0" else 1500
        line += f"{3:>6} {len(route.destination):>8} {mtu:>6} "
    elif generation.counters and route.family == "inet":
        line += f"{3:>6} {len(route.destination):>8} "
    line += f"{(route.interface or '')[:netif]:>{netif}}"
    if route.expires is None or (route.expires == "!" and not generation.padded):
        return line + (" " * 7 if generation.padded else "")
    return line + f" {route.expires:>6}"


def printed_destination(route: Route) -> str:
    """Print a destination: IPv4 by class, IPv6 with its zone, hosts without a length."""
    network = ip_network(route.destination)
    if network.prefixlen == 0:
        return "default"
    if "H" in route.flags:
        return f"{network.network_address}{zone(route.zone)}"
    if isinstance(network, IPv6Network):
        return f"{network.network_address}{zone(route.zone)}/{network.prefixlen}"
    return classful(network)


def classful(network: IPv4Network) -> str:
    """Abbreviate an IPv4 network as netname does."""
    octets = str(network.network_address).split(".")
    first = int(octets[0])
    least = 1 if first < 128 else 2 if first < 192 else 3
    shown = max(least, *(n for n, octet in enumerate(octets, 1) if octet != "0" or n == 1))
    return ".".join(octets[:shown]) + ("" if network.prefixlen == 8 * least else f"/{network.prefixlen}")


def printed_gateway(route: Route) -> str:
    """Print a gateway: link-layer addresses without leading zeros."""
    if route.gateway is not None:
        return f"{ip_address(route.gateway)}{zone(route.gateway_zone)}"
    if route.link is not None and route.link.count(":") == 5:
        return ":".join(f"{int(octet, 16):x}" for octet in route.link.split(":"))
    return route.link or ""


def zone(name: str | None) -> str:
    """Print a zone."""
    return f"%{name}" if name else ""
