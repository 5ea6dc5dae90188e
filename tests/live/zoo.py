"""Links, and routes and rules of every kind, for a namespace of a live test; one look at them, and changes by hand."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from routewatch.host.linux.dumps import RequestSocket
from routewatch.host.linux.reading import Reading, read_tables
from routewatch.host.linux.rtnetlink import messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.live.namespace import Namespace

WIRES = """
    ip link add v0 type veth peer name v1
    ip link set v0 up
    ip link set v1 up
    ip addr add 10.0.0.1/24 dev v0
    ip addr add 2001:db8::1/64 dev v0 nodad
    ip addr add 10.0.9.1 peer 10.0.9.2/32 dev v1
"""
ZOO = """
    ip route add default via 10.0.0.2 proto dhcp metric 100 src 10.0.0.1
    ip route add default via 10.0.0.3 metric 600
    ip route add 10.1.0.0/16 dev v0 scope link
    ip route add 10.1.0.0/17 dev v0 scope site proto static
    ip route add 10.2.0.0/16 via 10.0.0.2 tos 0x10 proto bird
    ip route add 10.3.0.0/16 via 10.0.0.2 proto 66 table 51820
    ip route add 10.3.0.0/16 via 10.0.0.2 table 300
    ip route add blackhole 10.4.1.0/24
    ip route add unreachable 10.4.2.0/24 metric 4278198272
    ip route add prohibit 10.4.3.0/24
    ip route add throw 10.4.4.0/24 table 300
    ip route add 10.5.0.0/16 via 10.0.0.2 realms 3/5
    ip route add 10.6.0.0/16 via 10.0.0.2 mtu lock 1400 advmss 1300 congctl reno features ecn quickack 1 initcwnd 10
    ip route add 10.7.0.0/16 via 10.99.0.1 dev v0 onlink
    ip route add 10.8.0.0/16 via inet6 2001:db8::2 dev v0
    ip route add 10.9.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via inet6 2001:db8::2 dev v0 nexthop dev v1
    ip route add local 10.10.0.0/16 dev lo table 300
    ip route add 10.11.0.1/32 dev v1 proto ra
    ip nexthop add id 7 via 10.0.0.3 dev v0 proto zebra
    ip nexthop add id 8 via 10.0.0.4 dev v0
    ip nexthop add id 20 group 7,2/8
    ip nexthop add id 21 group 7
    ip nexthop add id 30 blackhole
    ip nexthop add id 40 via 2001:db8::4 dev v0
    ip route add 10.12.0.0/16 nhid 7
    ip route add 10.13.0.0/16 nhid 20
    ip route add 10.14.0.0/16 nhid 21
    ip route add 10.15.0.0/16 nhid 30
    ip -6 route add default via fe80::2 dev v0 proto ra metric 1024 expires 1800 pref high
    ip -6 route add 2001:db8:1::/48 from 2001:db8:2::/48 via 2001:db8::2
    ip -6 route add 2001:db8:2::/48 via 2001:db8::2 metric 5 pref low
    ip -6 route add 2001:db8:3::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3 weight 4
    ip -6 route add blackhole 2001:db8:4::/48
    ip -6 route add unreachable 2001:db8:5::/48 metric 4294967295
    ip -6 route add prohibit 2001:db8:6::/48
    ip -6 route add throw 2001:db8:7::/48 table 51820
    ip -6 route add 2001:db8:8::/48 dev v0 mtu 1300
    ip -6 route add 2001:db8:9::/48 via 2001:db8:ffff::1 dev v0 onlink
    ip -6 route add 2001:db8:a::/48 nhid 40
    ip -6 route add fe80:1::/64 dev v1 table 400
"""
RULES = """
    ip rule add not from 10.1.0.0/16 to 10.2.0.0/16 iif v0 oif gone0 fwmark 0x10/0xff tos 0x10 priority 900 lookup 300
    ip rule add ipproto tcp sport 10-20 dport 443 uidrange 1000-2000 priority 901 lookup 51820 protocol static
    ip rule add lookup main suppress_prefixlength 0 priority 902
    ip rule add not fwmark 0xca6c lookup 51820 priority 903
    ip rule add lookup main suppress_ifgroup 3 priority 904
    ip rule add priority 1000 l3mdev
    ip rule add priority 1100 goto 32766
    ip rule add priority 1101 goto 4000
    ip rule add priority 1200 nop
    ip rule add priority 1300 blackhole
    ip rule add priority 1301 unreachable
    ip rule add priority 1302 prohibit
    ip rule add priority 1400 fwmark 0/0xff lookup main
    ip -6 rule add to 2001:db8::/32 lookup 300 priority 200
    ip -6 rule add not fwmark 0xca6c lookup 51820 priority 201
"""
TABLES = {"main": 254, "local": 255, "default": 253}


def read() -> Reading:
    with RequestSocket() as requests:
        return read_tables(requests)


def zoo(namespace: Namespace) -> Reading:
    namespace.run_all(WIRES + ZOO)
    return namespace.call(read)


def many(namespace: Namespace, option: str, prefixes: Iterable[str]) -> None:
    namespace.run(f"ip {option} -batch -", stdin="".join(f"route add {text} dev v0\n" for text in prefixes))


def route_request(index: int, number: int) -> bytes:
    header = struct.pack("=8BI", messages.AF_INET6, 128, 0, 0, 254, 3, 0, 1, 0)
    destination = socket.inet_pton(socket.AF_INET6, f"2001:db8:0:{number:x}::1")
    behind = messages.attribute(1, destination) + messages.attribute(4, struct.pack("=I", index))
    return messages.request(messages.RTM_NEWROUTE, 0x605, 1, header + behind)  # acknowledged, created or refused


def change_a_route(index: int, number: int) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as requests:
        requests.send(route_request(index, number))
        requests.recv(4096)
