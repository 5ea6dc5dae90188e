"""Rules, links, nexthop objects and neighbours: two ways to read the kernel, one answer."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.zoo import RULES, TABLES, WIRES, read, zoo

if TYPE_CHECKING:
    from routewatch.core.model import Link, NexthopObject, PolicyRule
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live


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
