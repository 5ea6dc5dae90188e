"""Two VPNs side by side, and one dies: exactly what was its own is taken away, and the other carries on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.live import openvpn
from tests.live.lab import ELSEWHERE, GATEWAY, SERVER, rules
from tests.live.namespace import why_not
from tests.live.test_vpns import without_vpn
from tests.live.vpns.endings import PAIR, S, rows
from tests.live.vpns.stage import Stage, place
from tests.live.vpns.wireguard import WgQuick, WgQuickByHalves, WgQuickSplit, own_way
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.openvpn import Keys
    from tests.live.vpns.stage import Place
    from tests.live.vpns.vpn import Vpn

pytestmark = pytest.mark.live

OWN_WAY = frozenset({f"{ELSEWHERE} via {GATEWAY} dev eth0 proto boot scope global"})
SECOND_PAIR = frozenset(
    f"{family} {rule}"
    for family in ("-4", "-6")
    for rule in (
        "32762: from all lookup main suppress_prefixlength 0",
        "32763: not from all fwmark 0xca6d lookup 51821",
    )
)


class First(WgQuick):
    """A full tunnel that another may stand beside: its packets to the server don't go into that one."""

    hooks = own_way(SERVER)


class Second(WgQuick):
    """Such a tunnel to another server: wg-quick takes the next table for it."""

    tunnel = "wg1"
    number = 1
    server_address = ELSEWHERE
    hooks = own_way(ELSEWHERE)


class Split(WgQuickSplit):
    """A tunnel for one prefix whose packets to the server take a route of their own."""

    server_address = ELSEWHERE
    hooks = own_way(ELSEWHERE)


@contextmanager
def watched(folder: Path, vpn: type[Vpn] = WgQuick) -> Iterator[Place]:
    reason = why_not() or vpn.why_not()
    if reason:
        pytest.skip(reason)
    with place(folder, seen=True) as where:
        yield where


def connected(where: Place, kind: type[Vpn]) -> Vpn:
    vpn = kind(where.lab, where.client, where.server)
    vpn.serve()
    Stage(where, vpn).connect()
    return vpn


def finds(where: Place, *orphaned: frozenset[str]) -> None:
    """Hold what is found to be orphaned against what is expected; nothing is missing."""
    found = where.program.ask("diff")
    wanted = frozenset[str]().union(*orphaned)
    assert (found.verdicts("orphaned"), found.verdicts("missing")) == (wanted, frozenset()), where.program.story()


def cleaned(where: Place) -> bool:
    answer = where.program.ask("cleanup", "--yes")
    assert (answer.status, answer.refused()) == (0, frozenset()), answer
    return bool(answer.document["changed"])


def assert_as_without_vpn(where: Place) -> None:
    assert (rows(where.lab), frozenset(rules(where.lab.client))) == without_vpn(100, gateway_moved=False)
    assert where.lab.works()


@pytest.mark.parametrize("dying", [0, 1], ids=["first", "second"])
def test_of_two_full_tunnels_the_rule_they_share_stays_while_one_is_up(dying: int, tmp_path: Path) -> None:
    with watched(tmp_path) as where:
        both = connected(where, First), connected(where, Second)
        before, rules_before = rows(where.lab), rules(where.lab.client)
        assert rules_before >= PAIR | SECOND_PAIR
        finds(where)

        both[dying].crash()
        until(lambda: where.program.sessions_open() == 1)
        way, pair = ((S, PAIR), (OWN_WAY, SECOND_PAIR))[dying]
        own_rules = {rule for rule in pair if "suppress" not in rule}
        finds(where, way | own_rules)
        assert cleaned(where)
        assert rows(where.lab) == {row for row in before - way if f"dev {both[dying].tunnel}" not in row}
        assert rules(where.lab.client) == rules_before - own_rules
        assert where.lab.works()
        assert where.lab.reaches(both[1 - dying].inner)

        both[1 - dying].stop()  # wg-quick takes every rule of the shared form away
        until(lambda: where.program.sessions_open() == 0)
        assert not cleaned(where)
        assert_as_without_vpn(where)


def test_of_two_full_tunnels_that_died_all_rules_go(tmp_path: Path) -> None:
    with watched(tmp_path) as where:
        for vpn in connected(where, First), connected(where, Second):
            vpn.crash()
        until(lambda: where.program.sessions_open() == 0)
        finds(where, S | OWN_WAY | PAIR | SECOND_PAIR)
        assert cleaned(where)
        assert_as_without_vpn(where)


@pytest.mark.parametrize("dying", ["openvpn", "wg-quick"])
def test_of_two_vpns_only_the_dead_ones_way_to_its_server_goes(dying: str, keys: Keys, tmp_path: Path) -> None:
    with watched(tmp_path) as where, openvpn.server(where.lab, keys, tmp_path):
        wireguard = connected(where, Split)
        with openvpn.client(where.lab, keys, tmp_path) as other:
            until(lambda: where.program.sessions_open() == 2)
            before = rows(where.lab)
            finds(where)

            other.crash() if dying == "openvpn" else wireguard.crash()
            until(lambda: where.program.sessions_open() == 1)
            left = S if dying == "openvpn" else OWN_WAY
            finds(where, left)
            assert cleaned(where)
            tunnel = "tun0" if dying == "openvpn" else "wg0"
            assert rows(where.lab) == {row for row in before - left if f"dev {tunnel}" not in row}
            assert where.lab.works()
            assert where.lab.reaches(wireguard.inner if dying == "openvpn" else "10.8.0.1")

            wireguard.stop() if dying == "openvpn" else other.stop()
        until(lambda: where.program.sessions_open() == 0)
        assert not cleaned(where)
        assert_as_without_vpn(where)


@pytest.mark.parametrize("dying", ["openvpn", "wg-quick"])
def test_of_two_full_tunnels_of_different_kinds_the_one_that_lives_carries_on(
    dying: str, keys: Keys, tmp_path: Path
) -> None:
    with watched(tmp_path) as where, openvpn.server(where.lab, keys, tmp_path):
        with openvpn.client(where.lab, keys, tmp_path) as other:
            until(lambda: where.program.sessions_open() == 1)
            wireguard = connected(where, WgQuick)
            finds(where)

            other.crash() if dying == "openvpn" else wireguard.crash()
            until(lambda: where.program.sessions_open() == 1)
            left = S if dying == "openvpn" else PAIR
            finds(where, left)
            assert cleaned(where)
            assert where.lab.works()
            assert where.lab.reaches(wireguard.inner if dying == "openvpn" else "10.8.0.1")

            wireguard.stop() if dying == "openvpn" else other.stop()
        until(lambda: where.program.sessions_open() == 0)
        assert not cleaned(where)
        assert_as_without_vpn(where)


def test_a_tunnel_that_could_not_come_up_again_for_its_own_leftover_does_after_the_cleanup(tmp_path: Path) -> None:
    with watched(tmp_path, WgQuickByHalves) as where:
        vpn = connected(where, WgQuickByHalves)
        stage = Stage(where, vpn)
        stage.crash()
        assert "File exists" in vpn.client.tried(f"wg-quick up {vpn.client.folder}/wg0.conf").stderr
        finds(where, S)
        assert cleaned(where)
        stage.connect()
        assert where.lab.works()
        vpn.stop()
        until(lambda: where.program.sessions_open() == 0)
        assert not cleaned(where)
        assert_as_without_vpn(where)
