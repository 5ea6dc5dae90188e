"""How ``scutil`` shows the services: --nwi, --nc list, and ``show KEY`` from its standard input.

Written from configd's scutil.tproj and nwi. Only services are in it: of what a client made by itself configd knows
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos.configd import primary, primary6, ranked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.macos.machine import Machine, Service

REACHABLE = "0x00000002 (Reachable)"
TITLE = "Available network connection services in the current set (*=enabled):"


def network_information(machine: Machine) -> str:
    """Return what ``scutil --nwi`` prints: the interfaces of the services, the primary one first."""
    return "".join(f"{line}\n" for line in _information(machine))


def _information(machine: Machine) -> Iterator[str]:
    services = ranked(machine)
    yield "Network information"
    for family, having in (("IPv4", services), ("IPv6", [one for one in services if one.address6])):
        yield from ("", f"{family} network interface information")
        for service in having:
            yield from _interface(machine, service, service.address6 if family == "IPv6" else service.address)
        if not having:
            yield f"   No {family} states found" + ("\n" if family == "IPv6" else "")
        yield from ("", f"   REACH : flags {REACHABLE if having else '0x00000000 (Not Reachable)'}")
    if services:
        yield from ("", "Network interfaces: " + " ".join(machine.name_of(one.ifindex) for one in services))


def _interface(machine: Machine, service: Service, address: str) -> Iterator[str]:
    flags = "0x7 (IPv4,IPv6,DNS)" if service.address6 else "0x5 (IPv4,DNS)"
    yield f" {machine.name_of(service.ifindex):>7} : flags      : {flags}"
    yield f"           address    : {address}"
    if service.server:
        yield f"           VPN server : {service.server}"
    yield f"           reach      : {REACHABLE}"


def connection_services(machine: Machine) -> str:
    """Return what ``scutil --nc list`` prints: services of NetworkExtensions, connected or not."""
    known = [("Connected", one.id, one.name, one.bundle) for one in machine.services if one.bundle]
    known += [("Disconnected", *one) for one in machine.offered]
    lines = [TITLE]
    for status, number, name, bundle in known:
        state, title = f"({status})", f'"{name}"'
        lines.append(f"* {state:<16} {number} VPN ({bundle}) {title:<32} [VPN:{bundle}]")
    return "\n".join(lines) + "\n"


def answers(machine: Machine, commands: Iterable[str]) -> str:
    """Return what scutil answers to the lines it reads."""
    said = ""
    for command in commands:
        words = command.split()
        if words[:1] == ["show"]:
            said += _shown(machine, words[1] if len(words) > 1 else "")
    return said


def _shown(machine: Machine, key: str) -> str:
    services = {"State:/Network/Global/IPv4": primary(machine), "State:/Network/Global/IPv6": primary6(machine)}
    service = services.get(key)
    if service is None:
        return "  No such key\n"
    members = {"PrimaryInterface": machine.name_of(service.ifindex), "PrimaryService": service.id}
    router = service.router if key.endswith("IPv4") else _router6(machine, service)
    members |= {"Router": router} if router else {}
    return "<dictionary> {\n" + "".join(f"  {name} : {value}\n" for name, value in members.items()) + "}\n"


def _router6(machine: Machine, service: Service) -> str:
    return next((address for index, address in machine.routers if index == service.ifindex), "")
