"""Which of Linux's settings keep an IPv6 route from standing on a link, or a router from being heard there.

The kernel goes by those of the link itself: what is written under net.ipv6.conf.all it writes to every link
(addrconf_fixup_forwarding() and addrconf_disable_ipv6() in net/ipv6/addrconf.c). Each is named with the command that
changes it, and whose decision it was is not known: nothing here is ever run.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.owners import is_advertised, kernel_listens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Ipv6Settings, Link, Route

IN_ANY_CASE = 2  # accept_ra: also where the link forwards (ipv6_accept_ra() in include/net/ipv6.h)


class Setting(NamedTuple):
    """What a setting keeps from happening, and the command that would change it."""

    because: str
    command: str


def is_off(link: Link | None) -> bool:
    """Tell whether IPv6 is switched off on a link: the kernel takes no IPv6 route there."""
    return link is not None and link.ipv6 is not None and link.ipv6.disabled


def hindrances(route: Route, link: Link, platform: str) -> Iterator[Setting]:
    """Yield the settings that would undo a lost IPv6 route or keep it from coming back, in the order to change them."""
    if route.family != "inet6" or link.ipv6 is None:
        return
    if link.ipv6.disabled:
        yield Setting(
            f"IPv6 is switched off on {link.name} (disable_ipv6 is 1), and no IPv6 route can stand there",
            _sysctl(link.name, "disable_ipv6", 0),
        )
    if is_advertised(route, platform) and kernel_listens(link):
        yield from _deafness(link.name, link.ipv6)


def _deafness(name: str, settings: Ipv6Settings) -> Iterator[Setting]:
    if settings.forwarding and settings.accept_ra != IN_ANY_CASE:
        yield Setting(
            f"{name} forwards IPv6 (forwarding is 1), and the kernel then hears routers only where accept_ra is 2: it"
            f" is {settings.accept_ra}, and the default route does not come back by itself",
            _sysctl(name, "accept_ra", IN_ANY_CASE),
        )
    elif not settings.accept_ra:
        yield Setting(f"the kernel hears no routers on {name} (accept_ra is 0)", _sysctl(name, "accept_ra", 1))
    if not settings.accept_default:
        yield Setting(
            f"the kernel sets no default route by what routers tell on {name} (accept_ra_defrtr is 0)",
            _sysctl(name, "accept_ra_defrtr", 1),
        )


def _sysctl(name: str, key: str, value: int) -> str:
    """Return the command for one setting; sysctl(8) takes slashes where a link's name has dots."""
    mark = "/" if "." in name else "."
    return f"sysctl -w {quote(mark.join(('net', 'ipv6', 'conf', name, key)))}={value}"
