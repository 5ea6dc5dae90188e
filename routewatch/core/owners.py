"""Who answers for a route that nobody made by hand, and the command by which he makes it again. Nothing is run here.

A router advertises routes for a while (RFC 4861, RFC 4191): one set by hand would outlive the router, so we put none
back. What came by a lease its DHCP client knows of; what is put back beside it, it doesn't.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.addresses import is_default, is_link_local
from routewatch.core.letters import is_static
from routewatch.core.model import Route
from routewatch.core.volatile import is_lettered

if TYPE_CHECKING:
    from routewatch.core.model import Link, PolicyRule

# What makes each of them configure a link anew, by an advertisement and by a lease: nmcli(1), networkctl(1), dhcpcd(8).
COMMANDS = {
    "NetworkManager": ("nmcli device reapply {}", "nmcli device reapply {}"),
    "systemd-networkd": ("networkctl reconfigure {}", "networkctl renew {}"),
    "dhcpcd": ("dhcpcd --rebind {}", "dhcpcd --rebind {}"),
}


class Remedy(NamedTuple):
    """The owner's command that makes a route again, and why it is his to make."""

    because: str
    command: str


def is_advertised(row: Route | PolicyRule, platform: str) -> bool:
    """Tell whether a router advertises a row: Linux signs it so, and macOS' kernel sets such a default without S.

    net-tools' letter for it is A (RTF_ADDRCONF, include/uapi/linux/ipv6_route.h).
    """
    if not isinstance(row, Route) or row.family != "inet6":
        return False
    if platform != "macos":
        return row.protocol == "ra" or (is_lettered(row) and "A" in row.flags)
    return is_default(row) and not is_static(row) and row.gateway is not None and is_link_local(row.gateway)


def kernel_listens(link: Link) -> bool:
    """Tell whether the kernel itself hears the routers of a link: no daemon is known that does so in its place."""
    return link.configured_by not in COMMANDS


def remedy(route: Route, link: Link, platform: str) -> Remedy | None:
    """Return what the owner of a lost route would do; None where nobody owns it, or nobody knows who does."""
    if is_advertised(route, platform):
        return _advertised(link, platform)
    if not is_default(route) or route.family == "inet6":
        return None
    return _mac_lease(link.name) if platform == "macos" else _lease(route, link)


def _advertised(link: Link, platform: str) -> Remedy:
    """Name who listens to the router, and what makes him ask it again; on macOS that is ipconfig(8)."""
    outlives = "a router advertises it, and a copy set by hand would outlive the router"
    if platform == "macos":
        again = f"macOS asks the router again when {link.name} is configured anew"
        return Remedy(f"{outlives}; {again}", f"sudo ipconfig set {quote(link.name)} AUTOMATIC-V6")
    if not kernel_listens(link):
        return Remedy(f"{outlives}; {link.configured_by} listens to it", _command(link, 0))
    settings = f"disable_ipv6, forwarding or accept_ra under net.ipv6.conf.{link.name} keep it from that"
    unknown = f", unless {settings}: look at these first (sysctl)" if link.ipv6 is None else ""
    return Remedy(
        f"{outlives}; the kernel sets it when it hears the router{unknown}",
        f"rdisc6 {quote(link.name)}",
    )


def _mac_lease(name: str) -> Remedy:
    return Remedy(
        "macOS does not know of a default route that is put back by hand, and restores its own as it configures"
        f" {name} anew: if {name} has its address by DHCP, a renewed lease is the first thing to try; if it was set by"
        " hand, switch its network service off and on",
        f"sudo ipconfig set {quote(name)} DHCP",
    )


def _lease(route: Route, link: Link) -> Remedy | None:
    if route.protocol != "dhcp" or link.configured_by not in COMMANDS:
        return None
    leased = f"{link.configured_by} leased the address of {link.name} with this default route"
    return Remedy(f"{leased}, and is the first to ask for it", _command(link, 1))


def _command(link: Link, which: int) -> str:
    return COMMANDS[link.configured_by or ""][which].format(quote(link.name))
