"""A stand-in for a Mac, as tests speak of it: networks are joined, clients connect and die, and routes are left behind.

The programs it sets up (``netstat``, ``route``, ``ifconfig``, ``scutil``, ``lsof``) read and change the same state
from processes of their own. It models Darwin from its source and imports nothing of what is tested with it.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, NamedTuple

from tests.macos import configd, kernel
from tests.macos.clients import SYSTEM_DAEMONS, NetworkExtension, Tunnel, opened_utun
from tests.macos.hardware import (
    attach_hardware,
    attach_loopback,
    detach,
    link_local,
    meet_neighbours,
    present,
    service_id,
)
from tests.macos.installation import Installation
from tests.macos.machine import Machine, Row, Service
from tests.macos.route_command import run

if TYPE_CHECKING:
    from pathlib import Path

WIFI, ETHERNET = "en0", "en5"
PREFIXES = {WIFI: "2001:db8:7::/64", ETHERNET: "2001:db8:5::/64"}  # what a router6 advertises
OWN_HOST = 57  # which address of a network is ours, unless told


class Network(NamedTuple):
    """A network to join, and who we are in it."""

    own: str
    length: int
    router: str
    router6: str | None

    @classmethod
    def of(cls, network: str, router: str | None, router6: str | None, own: str | None = None) -> Network:
        """Fill in what wasn't told."""
        joined = IPv4Network(network)
        ours = own or str(joined[OWN_HOST % joined.num_addresses])
        return cls(ours, joined.prefixlen, router or str(joined[1]), router6)


class Mac(Installation):
    """One Mac, in a folder of its own."""

    def __init__(self, folder: Path, release: str = "26.0") -> None:
        """Start it: loopback and Wi-Fi, and no network joined. ``release`` decides what netstat's output looks like."""
        machine = Machine(release)
        attach_loopback(machine)
        attach_hardware(machine, WIFI, "wifi", "a4:83:e7:1b:06:0c")
        attach_hardware(machine, "awdl0", "awdl", "6e:2d:aa:04:95:07")
        configd.network_changed(machine)
        super().__init__(folder, machine)

    # Networks

    def join_wifi(
        self, network: str, router: str | None = None, *, router6: str | None = None, address: str | None = None
    ) -> None:
        """Join a network; its router is the first address unless told. ``router6`` advertises itself (fe80::...)."""
        self._join(WIFI, Network.of(network, router, router6, address))

    def plug_ethernet(self, network: str, router: str | None = None, *, router6: str | None = None) -> None:
        """Plug an adapter in, whose service ranks before Wi-Fi."""
        with self.state() as machine:
            if machine.named(ETHERNET) is None:
                attach_hardware(machine, ETHERNET, "ethernet", "00:e0:4c:68:02:91")
        self._join(ETHERNET, Network.of(network, router, router6))

    def _join(self, name: str, network: Network) -> None:
        self._leave(name)
        with self.state() as machine:
            interface = present(machine, name)
            machine.change(interface._replace(active=True, inet=((network.own, network.length, ""),)))
            title, number = ("Wi-Fi", 1) if name == WIFI else ("USB LAN", 2)
            service = Service(service_id(number), title, interface.ifindex, network.own, network.length, network.router)
            if network.router6:
                machine.routers.append((interface.ifindex, network.router6))
                service = service._replace(
                    address6=kernel.autoconfigure(machine, present(machine, name), PREFIXES[name])
                )
            place = 0 if name == ETHERNET else len([one for one in machine.services if not one.bundle])
            machine.services.insert(place, service)
            configd.network_changed(machine)
            meet_neighbours(machine, interface, network.own, network.router)

    def leave_wifi(self) -> None:
        """Leave the network: configd takes its routes back; static ones of others on the same interface stay."""
        self._leave(WIFI)

    def unplug_ethernet(self) -> None:
        """Pull the adapter out: its interface goes, and every row of it."""
        self._leave(ETHERNET)
        with self.state() as machine:
            detach(machine, present(machine, ETHERNET))

    def _leave(self, name: str) -> None:
        with self.state() as machine:
            interface = present(machine, name)
            machine.change(interface._replace(active=False, inet=()))
            kernel.forget_prefixes(machine, present(machine, name))
            machine.services = [one for one in machine.services if one.ifindex != interface.ifindex]
            machine.routers = [one for one in machine.routers if one[0] != interface.ifindex]
            configd.network_changed(machine)

    def roam(
        self, network: str, router: str | None = None, *, router6: str | None = None, address: str | None = None
    ) -> None:
        """Leave the Wi-Fi for another."""
        self.leave_wifi()
        self.join_wifi(network, router, router6=router6, address=address)

    def renew_dhcp(self) -> None:
        """Renew the lease (``ipconfig set en0 DHCP``): configd takes its routes back and adds them again."""
        with self.state() as machine:
            services, machine.services = machine.services, []
            configd.network_changed(machine)
            machine.services = services
            configd.network_changed(machine)
            for service in services:
                interface = machine.at(service.ifindex)
                if interface and interface.mac:
                    meet_neighbours(machine, interface, service.address, service.router)

    def swap_service_order(self) -> None:
        """Turn the order of the services round: no link event tells of it, and every I of theirs moves."""
        with self.state() as machine:
            machine.services.reverse()
            configd.network_changed(machine)

    def nd6_timer_fires(self) -> None:
        """Let the kernel look at the advertised routers again, where a static IPv6 default was deleted."""
        with self.state() as machine:
            if machine.nd6_asked:
                first = configd.primary6(machine)
                kernel.select_default_routers(machine, first.ifindex if first else 0, anew=True)

    # Other interfaces

    def system_utuns(self, count: int) -> list[Tunnel]:
        """Let the system's own daemons open utuns, as on any idle Mac: link-local only, a scoped default each."""
        return [self._system_utun(SYSTEM_DAEMONS[n % len(SYSTEM_DAEMONS)]) for n in range(count)]

    def private_relay_appears(self) -> Tunnel:
        """Let one more system utun come, without any VPN: it takes the lowest free number."""
        return self._system_utun("networkserviceproxy")

    def _system_utun(self, daemon: str) -> Tunnel:
        with self.state() as machine:
            holder = opened_utun(machine, daemon, mtu=1380)
            kernel.attach_inet6(machine, holder, link_local=link_local(holder.generation), is_router=True)
        return Tunnel(self, holder.name, holder.holders[0][1])

    def docker_bridge(self, network: str = "192.168.64.0/24") -> str:
        """Start virtual machines: a bridge with a network, and a scoped default of its own. Return its name."""
        inside = IPv4Network(network)
        with self.state() as machine:
            number = next(n for n in range(100, 200) if machine.named(f"bridge{n}") is None)
            name, mac = f"bridge{number}", f"1a:12:e4:08:2d:{number:02x}"
            bridge = attach_hardware(machine, name, "bridge", mac)
            machine.change(
                bridge._replace(inet=((str(inside[1]), inside.prefixlen, ""),), members=(f"vmenet{number - 100}",))
            )
            index, link = bridge.ifindex, f"link#{bridge.ifindex}"
            to = str(inside.network_address)
            kernel.add(machine, Row("inet", to, inside.prefixlen, 0, index, link, flags="UC", expires=0))
            kernel.add(machine, Row("inet", "0.0.0.0", 0, index, index, link, flags="UCS", expires=0))  # noqa: S104  # the default
        return name

    # Clients

    def connect_utun(  # noqa: PLR0913  # a client's settings, as a story names them
        self,
        client: str = "openvpn",
        *,
        routes: tuple[str, ...] | list[str] = (),
        server: str | None = None,
        excludes: tuple[str, ...] | list[str] = (),
        address: str = "10.8.0.6",
        peer: str = "10.8.0.5",
        server_as_host: bool = False,
        pid: int | None = None,
    ) -> Tunnel:
        """Connect a client that opens a utun and adds its routes by itself, as openvpn, wg-quick and others do.

        IPv4 routes go by the peer (UGSc), except wireguard's, which name the interface (USc), as IPv6 ones do.
        ``server`` and ``excludes`` go over the router of the uplink.
        """
        with self.state() as machine:
            utun = opened_utun(machine, client, mtu=1500, pid=pid)
            machine.change(utun._replace(inet=((address, 32, peer),)))
            kernel.add(machine, Row("inet", peer, None, 0, utun.ifindex, address, flags="UH"))
            uplink = configd.primary(machine)
        tunnel = Tunnel(self, utun.name, utun.holders[0][1], peer="" if client.startswith("wireguard") else peer)
        router = uplink.router if uplink else ""
        around = [f"-host {server}" if server_as_host else f"-net {server}/32"] if server else []
        for words in around + [f"-net {exclude}" for exclude in excludes]:
            tunnel.adds(f"{words} {router}")
        tunnel.routes(*routes)
        return tunnel

    def connect_network_extension(  # noqa: PLR0913  # as above
        self,
        name: str = "Office",
        bundle: str = "com.example.vpn",
        *,
        address: str = "10.20.0.9",
        routes: tuple[str, ...] | list[str] = (),
        server: str = "",
        excludes: tuple[str, ...] | list[str] = (),
    ) -> NetworkExtension:
        """Connect a VPN of the system's: configd adds its routes. Without ``routes`` it is a full tunnel."""
        with self.state() as machine:
            utun = opened_utun(machine, bundle.rpartition(".")[2], mtu=1400)
            utun = utun._replace(
                inet=((address, 32, address),),
                holders=(*utun.holders, ("nesessionmanager", machine.next_pid)),
                agent=f"VPN: {name}",
            )
            machine.next_pid += 1
            machine.change(utun)
            kernel.attach_inet6(machine, utun, link_local=link_local(utun.generation))
            kernel.add(machine, Row("inet", address, None, 0, utun.ifindex, address, flags="UH"))
            offered = next((one for one in machine.offered if one[2] == bundle), None)
            machine.offered = [one for one in machine.offered if one is not offered and one != offered]
            number = offered[0] if offered else service_id(utun.generation)
            service = Service(number, name, utun.ifindex, address, 32, routes=tuple(routes), excluded=tuple(excludes))
            service = service._replace(bundle=bundle, server=server, full_tunnel=not routes)
            machine.services.append(service)
            configd.network_changed(machine)
        return NetworkExtension(self, utun.name, utun.holders[0][1], service=service.id)

    def close_utun(self, name: str) -> None:
        """Close the last descriptor of a utun: it goes, and its rows with it; configd gives its services up."""
        with self.state() as machine:
            utun = machine.named(name)
            if utun is not None:
                machine.recycled.append(utun.ifindex)
                detach(machine, utun)

    def begins_to_detach(self, name: str) -> None:
        """Let an interface go from the index already, while its rows are still there: netstat prints stale names."""
        with self.state() as machine:
            machine.nameless.append(present(machine, name).ifindex)

    # What others do to the table

    def route(self, command: str) -> str:
        """Run ``route`` as root, as somebody else would, and return what it said. It must not be refused."""
        status, said, complaint = self.tries_route(command)
        assert (status, complaint) == (0, ""), f"route {command}: exit {status}, {said}{complaint}"
        return said

    def tries_route(self, command: str) -> tuple[int, str, str]:
        """Run ``route`` as root, and return exit status, output and complaint."""
        with self.state() as machine:
            as_root, machine.root = machine.root, True
            answer = run(machine, command.split())
            machine.root = as_root
        return answer

    def has_another_router_at(self, address: str, mac: str = "02:00:5e:10:00:01") -> None:
        """Let another device answer to a router's address, as on another network of the same prefix."""
        with self.state() as machine:
            machine.rows = [
                row._replace(gateway=mac) if row.address == address and "L" in row.flags else row
                for row in machine.rows
            ]

    def is_logged_in_to(self, peer: str, local: str = "192.168.7.57") -> None:
        """Let somebody log in by SSH."""
        self._ssh(local, 22, peer)

    def forwards_for_a_login(self, to: str, local: str = "192.168.7.57") -> None:
        """Let an SSH server connect somewhere for the sake of a login."""
        self._ssh(local, 50444, to)

    def _ssh(self, local: str, port: int, peer: str) -> None:
        ours, theirs = (f"[{end}]" if ":" in end else end for end in (local, peer))
        with self.state() as machine:
            machine.logins.append((f"{ours}:{port}", f"{theirs}:50022"))

    def contacts(self, address: str) -> None:
        """Send a packet to an address: a clone of the row that serves it appears."""
        with self.state() as machine:
            kernel.contact(machine, address)
