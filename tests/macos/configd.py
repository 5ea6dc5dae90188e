"""configd's IPMonitor: from the services in their order to a list of routes, of which it applies the difference.

It never looks at the kernel's table: what it believes to be there is its own last list. It overwrites what has the
key of a row it adds, and deletes what has the key of a row it gives up. It knows no file and no command.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from tests.macos import kernel
from tests.macos.machine import Key, Row

if TYPE_CHECKING:
    from tests.macos.machine import Machine, Service

PAST = 0  # most of its rows on a broadcast link carry an expiry that is past: netstat prints "!"


def ranked(machine: Machine) -> list[Service]:
    """Return the services, the primary one first: a full tunnel, else the first that has a router."""
    return sorted(machine.services, key=lambda one: (not one.full_tunnel, not one.router))


def primary(machine: Machine) -> Service | None:
    """Return the service that the system's default route belongs to."""
    first = ranked(machine)[:1]
    return first[0] if first and (first[0].full_tunnel or first[0].router) else None


def primary6(machine: Machine) -> Service | None:
    """Return the service that IPv6's default belongs to, which may be another one."""
    return next((one for one in ranked(machine) if one.address6), None)


def network_changed(machine: Machine) -> None:
    """Work the list out anew and apply the difference to the last one; then tell the kernel its IPv6 interface."""
    wanted = _routes(machine)
    for row in [one for one in machine.believed if one not in wanted]:
        try:
            kernel.delete(machine, row.key)
        except kernel.RoutingError as error:
            if error.number != kernel.ESRCH:
                raise
    for row in [one for one in wanted if one not in machine.believed]:
        try:
            kernel.add(machine, row)
        except kernel.RoutingError:  # EEXIST: delete what is there, whoever's it is, and add again
            kernel.delete(machine, row.key)
            kernel.add(machine, row)
    machine.believed = wanted
    first = primary6(machine)
    kernel.select_default_routers(machine, first.ifindex if first else 0)


def _routes(machine: Machine) -> list[Row]:
    """Return the list: what a service of a higher rank has already is scoped, and so is each default but one."""
    rows: list[Row] = []
    taken: set[Key] = set()
    first = primary(machine)
    for service in ranked(machine):
        for row in _of_service(machine, service):
            to_all = row.key not in taken and (row.length != 0 or service == first)
            taken |= {row.key} if to_all else set()
            rows.append(row if to_all else row._replace(scope=service.ifindex))
    if not rows:  # no network: multicast goes to the loopback, with the mask of its class
        rows.append(Row("inet", "224.0.0.0", 24, 0, kernel.LOOPBACK, "127.0.0.1", flags="UmS"))
    return rows


def _of_service(machine: Machine, service: Service) -> list[Row]:
    """Return the routes of one service, all unscoped."""
    interface = machine.at(service.ifindex)
    broadcast = interface is not None and bool(interface.mac)

    def on_link(cidr: str) -> Row:
        network = ip_network(cidr, strict=False)
        family = "inet6" if ":" in cidr else "inet"
        to, link = str(network.network_address), f"link#{service.ifindex}"
        expires = PAST if broadcast else None
        return Row(family, to, network.prefixlen, 0, service.ifindex, link, flags="UCS", expires=expires)

    rows = [_default(service, on_link("0.0.0.0/0"))]
    if broadcast:
        own = [f"{service.address}/{service.length}", f"{service.address}/32", "169.254.0.0/16"]
        rows += map(on_link, own + ([f"{service.router}/32"] if service.router else []))
    rows += map(on_link, (*service.routes, "224.0.0.0/4", "255.255.255.255/32"))
    return [*rows, *_excluded(machine, service)]


def _default(service: Service, on_link: Row) -> Row:
    if not service.router:
        return on_link
    return on_link._replace(gateway=service.router, flags="UGS", expires=None)


def _excluded(machine: Machine, service: Service) -> list[Row]:
    """Return what a VPN sends out of the uplink: over its router, as a network even where it is one host."""
    uplink = next((one for one in machine.services if one.router and not one.bundle), None)
    if uplink is None:
        return []
    networks = map(ip_network, service.excluded)
    return [
        Row("inet", str(one.network_address), one.prefixlen, 0, uplink.ifindex, uplink.router, flags="UGS")
        for one in networks
    ]
