"""A small Internet of namespaces: a client on its LAN, the router, a LAN host, and the VPN's server.

The client's LAN has an administrator's static routes and a Docker-like bridge, its default routes are those of DHCP and
of a router advertisement. Everything lies in namespaces of its own; nothing of the machine is touched. The lab knows
networks and their events (the gateway moves, the subnet changes); it knows no VPN.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live.namespace import Namespace, new_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER, SERVER6 = "203.0.113.10", "2001:db8:51::10"
ELSEWHERE = "203.0.113.77"  # any other host of the Internet
GATEWAY, NEXT_GATEWAY = "192.168.77.1", "192.168.77.254"
OTHER_GATEWAY = "192.168.88.254"  # of the subnet the client moves to
PATIENCE = 30  # seconds for an answer, which is there within one on a machine that has time for it
LAN_HOST, LAN_HOST6 = "192.168.77.9", "fd77::9"

# No duplicate address detection: it would keep each address tentative for a second (ip-sysctl.rst of the kernel). The
# links have fixed MAC addresses, so that two labs have the same link-local ones.
QUIET = """
sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
sysctl -q -w net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
"""
ROUTER = f"""
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip link add br0 address 02:00:00:00:77:01 type bridge
ip link set br0 up
ip link set lan0 master br0 up
ip link set lan1 master br0 up
ip addr add {GATEWAY}/24 dev br0
ip -6 addr add fe80::1/64 dev br0
ip -6 addr add fd77::1/64 dev br0
ip link set wan0 up
ip addr add 203.0.113.1/24 dev wan0
ip -6 addr add 2001:db8:51::1/64 dev wan0
"""
HOST = f"""
ip link set eth0 up
ip addr add {LAN_HOST}/24 dev eth0
ip -6 addr add {LAN_HOST6}/64 dev eth0
"""
FAR_END = f"""
ip link set eth0 up
ip addr add {SERVER}/24 dev eth0
ip addr add {ELSEWHERE}/24 dev eth0
ip -6 addr add {SERVER6}/64 dev eth0
ip route add default via 203.0.113.1
ip -6 route add default via 2001:db8:51::1
"""
CLIENT = f"""
ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
ip -6 addr add fd77::2/64 dev eth0
ip -6 route add default via fe80::1 dev eth0 proto ra metric 1024
ip link add docker0 address 02:42:00:00:00:01 type bridge
ip link set docker0 up
ip addr add 172.18.0.1/16 dev docker0
ip route add 10.50.0.0/16 via {LAN_HOST} dev eth0
ip -6 route add fd50::/48 via {LAN_HOST6} dev eth0
"""

# A lifetime runs down and a carrier comes and goes without anybody's doing.
NOISE = re.compile(r"table main |pref medium |linkdown |expires \d+sec ")


@dataclass(frozen=True)
class Lab:
    """The namespaces of one lab."""

    client: Namespace
    router: Namespace
    lan_host: Namespace
    server: Namespace
    metric: int  # of DHCP's default route

    def reaches(self, address: str, patience: int = PATIENCE) -> bool:
        """Tell whether one of the packets that the client sends each second comes back from the address in time."""
        return self.client.can(f"ping -n -c 1 -w {patience} {address}")

    def works(self, patience: int = PATIENCE) -> bool:
        """Tell whether the Internet is there: the VPN's server, another host, and IPv6."""
        return all(self.reaches(address, patience) for address in (SERVER, ELSEWHERE, SERVER6))

    def gateway_moves(self) -> None:
        """Let another router at another address take the gateway's place, and the DHCP client follow it."""
        self._replace_router(NEXT_GATEWAY)
        self._renew(NEXT_GATEWAY, "192.168.77.2")

    def subnet_changes(self) -> None:
        """Let the LAN change its prefix; the DHCP client takes the new address before it gives back the old one."""
        self._replace_router(OTHER_GATEWAY)
        self.client.run("ip addr add 192.168.88.2/24 dev eth0")
        self._renew(OTHER_GATEWAY, "192.168.88.2")
        self.client.run("ip addr del 192.168.77.2/24 dev eth0")

    def _replace_router(self, gateway: str) -> None:
        self.router.run_all(f"ip addr del {GATEWAY}/24 dev br0\nip addr add {gateway}/24 dev br0")
        # The new router is another machine: what the client knew of the old one's MAC address leads nowhere. Time would
        # tell it so; it is told at once.
        self.router.run("ip link set br0 address 02:00:00:00:77:fe")
        self.client.run_all("ip -4 neigh flush dev eth0\nip -6 neigh flush dev eth0")

    def _renew(self, gateway: str, source: str) -> None:
        # IPv4 refuses a second route of the same prefix and metric unless it is appended (fib_table_insert()).
        self.client.run(f"ip route append {self.default(gateway, source)}")
        # The old one is not there any more where a VPN without def1 took it away.
        self.client.can(f"ip route del {self.default(GATEWAY, '192.168.77.2')}")

    def default(self, gateway: str, source: str) -> str:
        """Return DHCP's default route, as ip-route(8) takes it."""
        return f"default via {gateway} dev eth0 proto dhcp src {source} metric {self.metric}"


@contextmanager
def new_lab(metric: int = 100) -> Iterator[Lab]:
    """Make the lab, and take it away at the end. ``metric`` is that of DHCP's default route."""
    with ExitStack() as stack:
        client, router, lan_host, server = (stack.enter_context(new_namespace("rwlab")) for _ in range(4))
        lab = Lab(client, router, lan_host, server, metric)
        for namespace in (lab.client, lab.router, lab.lan_host, lab.server):
            namespace.run_all(QUIET)
        _cable(lab.router, "lan0", lab.client, "02:00:00:00:77:02")
        _cable(lab.router, "lan1", lab.lan_host, "02:00:00:00:77:09")
        _cable(lab.router, "wan0", lab.server, "02:00:00:00:51:10")
        lab.router.run_all(ROUTER)
        lab.lan_host.run_all(HOST)
        lab.server.run_all(FAR_END)
        lab.client.run_all(CLIENT)
        lab.client.run(f"ip route add {lab.default(GATEWAY, '192.168.77.2')}")
        assert lab.reaches(SERVER), "the lab's own network does not work"
        yield lab


def _cable(router: Namespace, port: str, other: Namespace, mac: str) -> None:
    router.run(f"ip link add {port} type veth peer name eth0 address {mac} netns {other.name}")


def listing(namespace: Namespace) -> list[str]:
    """Return the routes of all tables and both families in the words and order of ip-route(8).

    What comes and goes is left out. All that ``-d`` tells is kept, but for "unicast", "table main" and "pref medium",
    which go without saying.
    """
    found = []
    for family, default in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        for line in namespace.run(f"ip -o -d {family} route show table all").splitlines():
            plain = NOISE.sub("", f"{line} ").removeprefix("unicast ").strip()
            found.append(re.sub(r"^default\b", default, plain))
    return found


def routes(namespace: Namespace) -> frozenset[str]:
    """Return the routes as a set, each as in ``listing``."""
    return frozenset(listing(namespace))


def rules(namespace: Namespace) -> set[str]:
    """Return the policy rules of both families in the words of ip-rule(8)."""
    return {
        f"{family} {' '.join(line.split())}"
        for family in ("-4", "-6")
        for line in namespace.run(f"ip {family} rule").splitlines()
    }
