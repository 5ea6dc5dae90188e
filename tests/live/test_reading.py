"""Two ways to read the kernel, one answer: our bytes against iproute2's JSON, on routes of every kind."""

from __future__ import annotations

import json
import resource
import socket
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from routewatch.core.model import Nexthop
from routewatch.errors import ObservationError
from routewatch.host.linux.dumps import NETLINK_GET_STRICT_CHK, SOL_NETLINK, Dump, RequestSocket, Witness
from routewatch.host.linux.reading import Reading, read_tables
from routewatch.host.linux.rtnetlink import messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Link, NexthopObject, PolicyRule, Route
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

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
ENCAPSULATED = {
    "ip route add 10.20.0.0/16 encap mpls 100 via 10.0.0.2": "encap mpls",
    "ip route add 10.20.0.0/16 encap ip id 7 dst 10.0.0.9 via 10.0.0.2 dev v0": "encap ip",
    "ip -6 route add 2001:db8:b::/48 encap seg6 mode encap segs 2001:db8::5 via 2001:db8::2 dev v0": "encap seg6",
}
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
WITHOUT = {"gateway_zone", "link", "scoped", "metrics", "unwritable", "zone", "expires"}


def read() -> Reading:
    with RequestSocket() as requests:
        return read_tables(requests)


def as_prefix(text: str, family: str) -> str:
    if text == "default":
        return "::/0" if family == "inet6" else "0.0.0.0/0"
    return text if "/" in text else f"{text}/{128 if family == 'inet6' else 32}"


def way(row: dict[str, Any]) -> tuple[str | None, str | None]:
    via = row.get("gateway") or (row.get("via") or {}).get("host")
    return via, row.get("dev")


def legs(row: dict[str, Any]) -> tuple[Nexthop, ...]:
    rows = row.get("nexthops", [])
    return tuple(
        Nexthop(gateway=way(leg)[0], interface=way(leg)[1], weight=leg["weight"], flags=" ".join(leg["flags"]))
        for leg in rows
    )


def as_route(row: dict[str, Any], family: str) -> dict[str, Any]:
    """Say in our words what iproute2 says of a route."""
    gateway, device = way(row)
    nexthops = legs(row)
    if len(nexthops) == 1 and device is None:
        gateway, device, nexthops = nexthops[0].gateway, nexthops[0].interface, ()
    return {
        "family": family,
        "destination": as_prefix(row["dst"], family),
        "gateway": gateway,
        "interface": device,
        "flags": " ".join(row["flags"]),
        "table": TABLES.get(row["table"]) or int(row["table"]),
        "metric": row.get("metric", 0),
        "protocol": row["protocol"],
        "scope": None if family == "inet6" else row["scope"],
        "type": row["type"],
        "preferred_source": row.get("prefsrc"),
        "source": as_prefix(row["from"], family) if "from" in row else None,
        "tos": int(row["tos"], 16) if "tos" in row else None,
        "nexthops": nexthops,
        "nexthop_id": row.get("nhid"),
        "preference": None if row.get("pref") == "medium" else row.get("pref"),
    }


def said_by_ip(namespace: Namespace) -> list[dict[str, Any]]:
    return [
        as_route(row, family)
        for family, option in (("inet", "-4"), ("inet6", "-6"))
        for row in json.loads(namespace.run(f"ip -d -j {option} route show table all"))
    ]


def fields(routes: Iterable[Route]) -> list[dict[str, Any]]:
    return [{name: getattr(route, name) for name in route.__struct_fields__ if name not in WITHOUT} for route in routes]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=str)


def zoo(namespace: Namespace) -> Reading:
    namespace.run_all(WIRES + ZOO)
    return namespace.call(read)


def test_each_route_is_what_iproute2_says_it_is(namespace: Namespace) -> None:
    reading = zoo(namespace)

    assert reading.complete
    assert in_order(fields(reading.routes.values())) == in_order(said_by_ip(namespace))


def test_each_route_is_what_iproute2_says_when_a_carrier_is_lost(namespace: Namespace) -> None:
    namespace.run_all(WIRES + ZOO + "ip link set v1 down")
    reading = namespace.call(read)

    assert in_order(fields(reading.routes.values())) == in_order(said_by_ip(namespace))
    assert any("linkdown" in route.flags for route in reading.routes.values())


def one(reading: Reading, destination: str) -> Route:
    (route,) = (route for route in reading.routes.values() if route.destination == destination)
    return route


def test_what_iproute2_says_in_other_words_is_read_too(namespace: Namespace) -> None:
    reading = zoo(namespace)

    assert dict(one(reading, "10.6.0.0/16").metrics) == {
        "lock": 4,
        "mtu": 1400,
        "advmss": 1300,
        "cc_algo": "reno",
        "features": 1,
        "quickack": 1,
        "initcwnd": 10,
    }
    assert dict(one(reading, "2001:db8:8::/48").metrics) == {"mtu": 1300}
    assert one(reading, "::/0").expires in range(1700, 1801)
    assert one(reading, "fe80:1::/64").zone == "v1"


def test_only_what_has_no_field_is_unwritable(namespace: Namespace) -> None:
    reading = zoo(namespace)

    left = {route.destination: route.unwritable for route in reading.routes.values() if route.unwritable}
    assert left == {"10.5.0.0/16": ("realm 3/5",)}


@pytest.mark.parametrize(("command", "name"), ENCAPSULATED.items())
def test_an_encapsulated_route_is_unwritable(namespace: Namespace, command: str, name: str) -> None:
    namespace.run_all(WIRES)
    if not namespace.can(command):
        pytest.skip(f"this kernel has no {name}")

    assert [route.unwritable for route in namespace.call(read).routes.values() if route.unwritable] == [(name,)]


def as_rule(row: dict[str, Any], family: str) -> dict[str, Any]:
    """Say in our words what iproute2 says of a rule."""

    def ports(name: str) -> tuple[int, int] | None:
        if name in row:
            return row[name], row[name]
        return (row[f"{name}_start"], row[f"{name}_end"]) if f"{name}_start" in row else None

    def selector(name: str) -> str | None:
        return f"{row[name]}/{row[f'{name}len']}" if f"{name}len" in row else None

    action = row.get("action") or next((word for word in ("goto", "nop") if word in row), "lookup")
    return {
        "family": family,
        "priority": row["priority"],
        "inverted": "not" in row,
        "source": selector("src"),
        "destination": selector("dst"),
        "iif": row.get("iif"),
        "oif": row.get("oif"),
        "fwmark": int(row["fwmark"], 16) if "fwmark" in row else None,
        "fwmask": int(row["fwmask"], 16) if "fwmask" in row else None,
        "tos": int(row["tos"], 16) if "tos" in row else None,
        "uid_range": (row["uid_start"], row["uid_end"]) if "uid_start" in row else None,
        "ip_protocol": socket.getprotobyname(row["ipproto"]) if "ipproto" in row else None,
        "source_ports": ports("sport"),
        "destination_ports": ports("dport"),
        "action": action,
        "table": (TABLES.get(row["table"]) or int(row["table"])) if "table" in row else None,
        "goto": row.get("goto"),
        "suppress_prefixlength": row.get("suppress_prefixlen"),
        "suppress_ifgroup": int(row["suppress_ifgroup"]) if "suppress_ifgroup" in row else None,
        "l3mdev": "l3mdev" in row,
        "protocol": row["protocol"],
    }


def test_each_rule_is_what_iproute2_says_it_is(namespace: Namespace) -> None:
    namespace.run_all(WIRES + RULES)

    rules: tuple[PolicyRule, ...] = namespace.call(read).rules
    said = [
        as_rule(row, family)
        for family, option in (("inet", "-4"), ("inet6", "-6"))
        for row in json.loads(namespace.run(f"ip -d -j {option} rule"))
    ]
    assert [
        {name: getattr(rule, name) for name in rule.__struct_fields__ if name != "unwritable"} for rule in rules
    ] == said
    assert {rule.unwritable for rule in rules} == {()}


def test_a_rule_with_a_tunnel_id_or_realms_is_unwritable(namespace: Namespace) -> None:
    namespace.run_all("ip rule add tun_id 5 lookup 100\nip rule add from 10.0.0.0/8 realms 4 lookup main")

    assert {rule.unwritable for rule in namespace.call(read).rules} == {(), ("tun_id",), ("realms",)}


def test_links_are_what_iproute2_says_they_are(namespace: Namespace) -> None:
    namespace.run_all(
        WIRES
        + """
        ip link add br0 type bridge
        ip link set v1 master br0
        ip tuntap add dev tun0 mode tun
        ip tuntap add dev tap0 mode tap
        ip link add ifb9 type ifb
        """
    )

    links: tuple[Link, ...] = namespace.call(read).links
    by_name = {link.name: link for link in links}
    said = {row["ifname"]: row for row in json.loads(namespace.run("ip -d -j addr"))}
    assert {name: link.index for name, link in by_name.items()} == {n: row["ifindex"] for n, row in said.items()}
    assert {name: link.up for name, link in by_name.items()} == {n: "UP" in row["flags"] for n, row in said.items()}
    assert {name: [(a.address, a.prefix_length, a.peer) for a in link.addresses] for name, link in by_name.items()} == {
        name: [(info["local"], info["prefixlen"], info.get("address")) for info in row["addr_info"]]
        for name, row in said.items()
    }
    kinds = {"lo": "loopback", "v0": "veth", "v1": "veth", "br0": "bridge", "tun0": "tun", "tap0": "tap", "ifb9": "ifb"}
    assert {name: link.kind for name, link in by_name.items()} == kinds
    assert by_name["v1"].master == "br0"
    assert by_name["tun0"].persistent
    assert by_name["tun0"].point_to_point
    assert not by_name["v0"].persistent
    assert by_name["v0"].mac == said["v0"]["address"]


def test_nexthop_objects_are_what_iproute2_says_they_are(namespace: Namespace) -> None:
    objects: tuple[NexthopObject, ...] = zoo(namespace).nexthop_objects

    said = json.loads(namespace.run("ip -d -j nexthop"))
    assert {item.id: (item.gateway, item.interface, item.blackhole, item.protocol) for item in objects} == {
        row["id"]: (row.get("gateway"), row.get("dev"), "blackhole" in row, row["protocol"]) for row in said
    }
    assert next(item.group for item in objects if item.id == 20) == ((7, 2), (8, 1))


def test_neighbours_are_read(namespace: Namespace) -> None:
    namespace.run_all(WIRES + "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:01 dev v0 nud permanent")

    (found,) = (n for n in namespace.call(read).neighbours if n.address == "10.0.0.2")
    assert (found.interface, found.mac, found.state) == ("v0", "02:00:00:00:00:01", "permanent")


def twice() -> tuple[bool, bool]:
    with RequestSocket() as requests:
        first, second = read_tables(requests), read_tables(requests)
    return first.routes.same_bytes(second.routes), len(first.routes) > 0


def test_an_unchanged_table_comes_in_the_same_bytes(namespace: Namespace) -> None:
    namespace.run_all(WIRES + ZOO.replace("expires 1800", ""))

    assert namespace.call(twice) == (True, True)


def refused() -> str:
    with RequestSocket() as requests, pytest.raises(ObservationError) as raised:
        requests.dump(messages.RTM_GETROUTE, messages.AF_INET, messages.attribute(6, bytes(4)))
    return raised.value.message


def test_a_refused_dump_is_told_in_the_kernels_own_words(namespace: Namespace) -> None:
    assert "Unsupported attribute in dump request" in namespace.call(refused)


def unanswered() -> str:
    requests = RequestSocket()
    requests.close()
    requests._socket, _silent = socket.socketpair()
    requests._socket.settimeout(0.01)
    with pytest.raises(ObservationError) as raised:
        requests.dump(messages.RTM_GETROUTE)
    return raised.value.message


def test_a_kernel_that_does_not_answer_is_given_up(namespace: Namespace) -> None:
    assert "did not finish" in namespace.call(unanswered)


def without_descriptors() -> str:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    with pytest.raises(ObservationError) as raised:
        RequestSocket()
    return raised.value.message


def test_where_no_socket_can_be_opened_it_is_said_so(namespace: Namespace) -> None:
    assert namespace.call(without_descriptors) == "rtnetlink can't be opened: Too many open files"


def foreign_family() -> tuple[bool, tuple[bytes, ...]]:
    with RequestSocket() as requests:
        dump = requests.dump(messages.RTM_GETROUTE, socket.AF_X25)
        return dump.interrupted, dump.chunks


def test_a_family_that_the_kernel_does_not_have_has_no_routes(namespace: Namespace) -> None:
    assert namespace.call(foreign_family) == (False, ())


def after_one_given_up() -> tuple[int, int]:
    with RequestSocket() as requests:
        whole = len(requests.dump(messages.RTM_GETROUTE, messages.AF_INET).payloads(messages.RTM_NEWROUTE))
        requests._socket.send(messages.request(messages.RTM_GETROUTE, messages.NLM_F_DUMP, 1, b"\2" + bytes(11)))
        return whole, len(requests.dump(messages.RTM_GETROUTE, messages.AF_INET).payloads(messages.RTM_NEWROUTE))


def test_a_dump_that_was_given_up_does_not_spoil_the_next(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    many(namespace, "-4", (f"172.16.{i // 256}.{i % 256}/32" for i in range(3000)))

    whole, again = namespace.call(after_one_given_up)
    assert whole == again > 3000


def without_strict_checking() -> bool:
    with RequestSocket() as requests:
        strict = read_tables(requests)
        requests._socket.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 0)
        lax = read_tables(requests)
    return lax.complete and (lax.links, lax.rules, lax.routes.counts) == (
        strict.links,
        strict.rules,
        strict.routes.counts,
    )


def test_a_kernel_without_strict_checking_is_read_all_the_same(namespace: Namespace) -> None:
    namespace.run_all(WIRES + ZOO.replace("expires 1800", "") + RULES)

    assert namespace.call(without_strict_checking)


def many(namespace: Namespace, option: str, prefixes: Iterable[str]) -> None:
    namespace.run(f"ip {option} -batch -", stdin="".join(f"route add {text} dev v0\n" for text in prefixes))


def count_of_a_large_table() -> int:
    return len(read().routes)


def test_a_table_of_many_datagrams_is_read_whole(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    before = namespace.call(count_of_a_large_table)
    many(namespace, "-4", (f"172.16.{i // 256}.{i % 256}/32" for i in range(3000)))
    many(namespace, "-6", (f"2001:db8:1:{i:x}::/64" for i in range(3000)))

    assert namespace.call(count_of_a_large_table) == before + 6000


def route_request(index: int, number: int) -> bytes:
    header = struct.pack("=8BI", messages.AF_INET6, 128, 0, 0, 254, 3, 0, 1, 0)
    destination = socket.inet_pton(socket.AF_INET6, f"2001:db8:0:{number:x}::1")
    behind = messages.attribute(1, destination) + messages.attribute(4, struct.pack("=I", index))
    return messages.request(messages.RTM_NEWROUTE, 0x605, 1, header + behind)  # acknowledged, created or refused


class RestlessSocket(RequestSocket):
    """A request socket in whose company somebody changes an IPv6 route during route dumps, a number of times."""

    changes = 0
    taken = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        dump = super().dump(kind, family, body)
        if kind == messages.RTM_GETROUTE:
            self.taken += 1
            if self.changes > 0:
                self.changes -= 1
                change_a_route(socket.if_nametoindex("v0"), self.changes)
        return dump


def change_a_route(index: int, number: int) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as requests:
        requests.send(route_request(index, number))
        requests.recv(4096)


def read_while_changing(changes: int) -> tuple[bool, tuple[str, ...], int]:
    with RestlessSocket() as requests:
        requests.changes = changes
        reading = read_tables(requests)
        return reading.complete, reading.unsure, requests.taken


def test_a_family_that_changes_whenever_it_is_read_is_unsure_and_only_that(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(read_while_changing, 100) == (True, ("inet6",), 6)


def test_a_family_that_changed_once_is_read_again(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(read_while_changing, 1) == (True, (), 4)


class LinkMakingSocket(RequestSocket):
    """A request socket in whose company a link is made whenever rules are read."""

    made = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        if kind == messages.RTM_GETRULE and family == messages.AF_INET:
            self.made += 1
            subprocess.run(["ip", "link", "add", f"ifb{self.made}", "type", "ifb"], check=True)
        return super().dump(kind, family, body)


def read_while_links_come() -> bool:
    with LinkMakingSocket() as requests:
        return read_tables(requests).complete


def test_a_reading_in_which_the_links_changed_is_not_complete(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert not namespace.call(read_while_links_come)


class InterruptedSocket(RequestSocket):
    """A request socket to which the kernel says of rule dumps, a number of times, that they were interrupted."""

    times = 0

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        dump = super().dump(kind, family, body)
        if kind == messages.RTM_GETRULE and self.times > 0:
            self.times -= 1
            return Dump(dump.chunks, interrupted=True)
        return dump


def read_interrupted(times: int) -> bool:
    with InterruptedSocket() as requests:
        requests.times = times
        return read_tables(requests).complete


def test_an_interrupted_reading_is_taken_again_and_incomplete_if_it_stays_so(namespace: Namespace) -> None:
    assert namespace.call(read_interrupted, 2)
    assert not namespace.call(read_interrupted, 100)


def hear(commands: list[str]) -> list[set[str]]:
    heard: list[set[str]] = []
    with Witness() as witness:
        for command in commands:
            subprocess.run(command.split(), check=True)
            heard.append(set(witness.heard()))
    return heard


def test_the_witness_hears_of_which_family_changed(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    commands = [
        "true",
        "ip route add 10.1.0.0/16 dev v0",
        "ip -6 route add 2001:db8:1::/48 dev v0",
        "ip nexthop add id 1 via 10.0.0.2 dev v0",
    ]

    assert namespace.call(hear, commands) == [set(), {"inet"}, {"inet6"}, {"inet", "inet6"}]


def overrun() -> set[str]:
    index = socket.if_nametoindex("v0")
    with Witness() as witness:
        witness._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for number in range(1, 100):
            change_a_route(index, number)
        return set(witness.heard())


def test_a_witness_that_lost_messages_trusts_neither_family(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(overrun) == {"inet", "inet6"}
