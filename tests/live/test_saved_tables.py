"""Two ways to the kernel's table, one answer: what ``ip`` prints, read as a saved text, against our own reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routewatch.host.text import read
from tests.live.zoo import zoo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import PolicyRule, Route
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

# Not printed (zone), or running on between two looks (expires)
LEFT_OUT = {"zone", "expires"}
COMMANDS = ("ip -4 {} route show table all", "ip -6 {} route show table all")
RULES = """
    ip rule add from 10.0.0.0/8 to 10.1.2.3 iif v0 fwmark 0x10/0xff lookup 100 priority 90
    ip rule add not fwmark 0xca6c table 51820 priority 91
    ip rule add table main suppress_prefixlength 0 priority 92
    ip rule add oif v1 uidrange 1000-1009 ipproto tcp sport 1-9 dport 80 table 5000 priority 93
    ip rule add tos 0x10 blackhole priority 94
    ip rule add from 10.2.3.4 unreachable priority 95
    ip rule add to 10.2.3.4 prohibit priority 96 protocol 99
    ip rule add goto 200 priority 97
    ip rule add iif lo lookup main suppress_ifgroup 3 priority 99
    ip rule add nop priority 89
    ip rule add priority 101 oif nothere lookup 101
    ip -6 rule add from 2001:db8::/32 fwmark 3 lookup 100 priority 70
"""


def fields(routes: Iterable[Route], *, without: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    left_out = LEFT_OUT | without
    rows = [
        {name: getattr(route, name) for name in route.__struct_fields__ if name not in left_out} for route in routes
    ]
    for row in rows:
        row["metric"] = row["metric"] or 0  # ``ip`` prints none for 0
        row["metrics"] = dict(row.get("metrics", ()))
    return sorted(rows, key=str)


def printed(namespace: Namespace, option: str) -> str:
    return "\n".join(namespace.run(command.format(option)) for command in COMMANDS)


@pytest.mark.parametrize("option", ["", "-d", "-o", "-N", "-s", "-c=always"])
def test_what_ip_route_prints_is_the_table_that_the_kernel_has(namespace: Namespace, option: str) -> None:
    reading = zoo(namespace)
    saved = read(printed(namespace, option))

    assert saved.complete, (saved.unparsed, saved.problems)
    assert fields(saved.routes) == fields(reading.routes.values())


@pytest.mark.parametrize("option", ["-j", "-j -d", "-j -p"])
def test_what_ip_route_says_in_json_is_the_table_that_the_kernel_has(namespace: Namespace, option: str) -> None:
    reading = zoo(namespace)
    saved = read(printed(namespace, option))

    assert saved.complete, (saved.unparsed, saved.problems)
    without = frozenset({"metrics"})  # JSON doesn't say which are locked
    assert fields(saved.routes, without=without) == fields(reading.routes.values(), without=without)
    assert any(route.metrics for route in saved.routes)


def test_the_kernels_own_files_hold_the_table_that_ip_route_prints(namespace: Namespace) -> None:
    namespace.run_all(
        """
        ip link add v0 type veth peer name v1
        ip link set v0 up
        ip link set v1 up
        ip addr add 10.0.0.1/24 dev v0
        ip addr add 2001:db8::1/64 dev v0 nodad
        ip route add default via 10.0.0.2 metric 100
        ip route add 10.16.0.0/13 dev v0
        ip route add 10.1.2.3 via 10.0.0.2 metric 4278198272
        ip route add blackhole 10.4.1.0/24
        ip route add unreachable 10.4.2.0/24
        ip -6 route add default via 2001:db8::2
        ip -6 route add 2001:db8:1::/48 from 2001:db8::/64 via 2001:db8::2
        ip -6 route add unreachable 2001:db8:5::/48
        """
    )
    files = read(namespace.run("cat /proc/net/route /proc/net/ipv6_route"))
    shown = read(namespace.run("ip -4 route") + namespace.run("ip -6 route show table all"))

    assert files.complete, files.unparsed
    assert keys(files.routes) == keys(shown.routes)


def keys(routes: Iterable[Route]) -> set[tuple[object, ...]]:
    """Return what both ways tell, without the kernel's own last row ("unreachable default dev lo")."""
    return {
        (r.destination, r.gateway, r.interface, r.metric or 0, r.source, r.type, r.table)
        for r in routes
        if r.metric != 0xFFFFFFFF
    }


def rules(found: Iterable[PolicyRule]) -> list[str]:
    return sorted(map(str, found))


@pytest.mark.parametrize("option", ["-d", "-j -d"])
def test_what_ip_rule_prints_are_the_rules_that_the_kernel_has(namespace: Namespace, option: str) -> None:
    namespace.run_all(RULES)
    reading = zoo(namespace)
    saved = read("\n".join(namespace.run(f"ip {family} {option} rule") for family in ("-4", "-6")))

    assert saved.complete, (saved.unparsed, saved.problems)
    assert rules(saved.rules) == rules(reading.rules)


def test_links_of_ip_address_are_links_of_the_kernel(namespace: Namespace) -> None:
    reading = zoo(namespace)
    text = namespace.run("ip -j -d address")
    saved = read(text)

    assert len(json.loads(text)) == len(saved.links)
    assert {(link.name, link.index, link.up) for link in saved.links} == {
        (link.name, link.index, link.up) for link in reading.links
    }
