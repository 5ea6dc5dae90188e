"""Two ways to read the kernel, one answer: our bytes against iproute2's JSON, on routes of every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routewatch.core.model import Nexthop
from tests.live.zoo import TABLES, WIRES, ZOO, read, zoo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Route
    from routewatch.host.linux.reading import Reading
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live
ENCAPSULATED = {
    "ip route add 10.20.0.0/16 encap mpls 100 via 10.0.0.2": "encap mpls",
    "ip route add 10.20.0.0/16 encap ip id 7 dst 10.0.0.9 via 10.0.0.2 dev v0": "encap ip",
    "ip -6 route add 2001:db8:b::/48 encap seg6 mode encap segs 2001:db8::5 via 2001:db8::2 dev v0": "encap seg6",
}
WITHOUT = {"gateway_zone", "link", "scoped", "metrics", "unwritable", "zone", "expires"}


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
