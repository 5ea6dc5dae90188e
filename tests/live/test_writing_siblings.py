"""Crowds of rows on one prefix, drawn at random: whatever is deleted, no other row goes, and undo brings it back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.steps import inverse
from routewatch.errors import KernelRefusedError
from routewatch.host.linux.kernel import LinuxHost
from tests.host.stage import NO_DAD, STAGE
from tests.host.steps import Entry, route, rows, step

if TYPE_CHECKING:
    from routewatch.core.model import Route
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

ROUNDS, CROWD = 30, 6
WAYS = (
    "10.50.0.0/16 via 10.1.0.2 dev v0",
    "10.50.0.0/16 via 10.1.0.3 dev v0",
    "10.50.0.0/16 via 10.1.0.2 dev v0 onlink",
    "10.50.0.0/16 via inet6 fe80::1 dev v0",
    "10.50.0.0/16 dev v0 scope global",
    "10.50.0.0/16 dev t0",
    "10.50.0.0/16 nexthop via 10.1.0.2 dev v0 nexthop via 10.2.0.2 dev b0",
    "10.50.0.0/16 nexthop via 10.1.0.2 dev v0 weight 2 nexthop via 10.2.0.2 dev b0",
    "10.50.0.0/16 nhid 7 via 10.1.0.9 dev v0",
    "10.50.0.0/16 via 10.1.0.9 dev v0",
    "blackhole 10.50.0.0/16",
    "unreachable 10.50.0.0/16",
)
WAYS6 = (
    "fd50::/48 via fd01::2 dev v0",
    "fd50::/48 via fe80::1 dev v0",
    "fd50::/48 via fe80::1 dev b0",
    "fd50::/48 dev v0",
    "fd50::/48 dev t0",
    "fd50::/48 nexthop via fd01::2 dev v0 nexthop via fd02::2 dev b0",
    "fd50::/48 nhid 11 via fd01::9 dev v0",
    "fd50::/48 via fd01::9 dev v0",
    "blackhole fd50::/48 dev lo",
    "unreachable fd50::/48 dev lo",
)


def drawn(dice: random.Random) -> Route:
    """Draw one row of few kinds, so that rows that differ in one thing meet often."""
    ipv6 = dice.random() < 0.5
    of = route(dice.choice(WAYS6 if ipv6 else WAYS))
    return replace(
        of,
        metric=dice.choice((1024, 1024, 5) if ipv6 else (0, 0, 5)),
        protocol=dice.choice(("boot", "boot", "static")),
        preferred_source=dice.choice((None, None, "fd01::1" if ipv6 else "10.1.0.1")) if of.type == "unicast" else None,
        metrics=dice.choice(((), (), (("mtu", 1400),))),
        table=dice.choice((254, 254, 300)),
    )


def crowds(seed: int) -> tuple[int, int]:
    """Play the rounds; return how many deletes were done and how many refused."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    host = LinuxHost()
    done = 0
    refused = 0
    for _ in range(ROUNDS):
        for _ in range(CROWD):
            attempt(host, drawn(dice))
        for each in dice.sample(sorted(rows(host), key=str), 2):
            if delete_and_undo(host, each):
                done += 1
            else:
                refused += 1
        clear(host)
    host.close()
    return done, refused


def attempt(host: LinuxHost, of: Route) -> None:
    before = rows(host)
    try:
        added = host.apply(step("add", of))
    except KernelRefusedError:
        assert rows(host) == before
        return
    after = rows(host)
    assert after - before == ({of: 1} if added == "done" else {}), (added, of)
    assert not before - after, of


def delete_and_undo(host: LinuxHost, of: Entry) -> bool:
    before = rows(host)
    asked = step("delete", of)
    try:
        assert host.apply(asked) == "done", of
    except KernelRefusedError:
        assert rows(host) == before
        return False
    assert before - rows(host) == {of: 1}, of
    assert not rows(host) - before, of
    assert host.apply(inverse(asked)) == "done"
    assert rows(host) == before
    return True


def clear(host: LinuxHost) -> None:
    """Delete all rows; those that stand behind a sibling go when that has gone."""
    for _ in range(CROWD):
        for each in rows(host):
            try:
                host.apply(step("delete", each))
            except KernelRefusedError:
                continue
    assert not rows(host)


@pytest.mark.parametrize("seed", range(4))
def test_no_delete_in_a_crowd_hits_another_row(namespace: Namespace, seed: int) -> None:
    namespace.run(NO_DAD)
    namespace.run("ip -batch -", stdin=STAGE)

    done, refused = namespace.call(crowds, seed)

    assert done + refused == 2 * ROUNDS
    assert refused < done
