"""Traps that other people's programs fell into, on real routes: the installed program, a client that is killed.

The R numbers are those of tests/scenarios/test_regressions*.py. Each ends with the table as it was before the VPN.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import ObservationError
from routewatch.host.linux.dumps import RequestSocket
from routewatch.host.linux.rtnetlink import messages
from tests.live.home import HOME, LEFT_SERVER, SERVER, UP
from tests.live.lab import listing, routes, rules
from tests.live.program import Program
from tests.live.stand_in import StandIn, connected
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

INTO = "route add 10.6{1}.0.0/16 dev {0}"
LAST = "10.69.0.0/16"  # into the tunnel, with which it goes


@pytest.fixture
def home(namespace: Namespace) -> Namespace:
    if not Path("/dev/net/tun").exists():
        pytest.skip("making a tun needs /dev/net/tun")
    namespace.run_all(HOME)
    return namespace


@pytest.fixture
def program(home: Namespace, tmp_path: Path) -> Program:
    return Program(home, tmp_path)


@contextmanager
def vpn(program: Program, connects: str, tunnel: str = "tun0", *options: str) -> Iterator[StandIn]:
    """Run the daemon and a client that connects; once both are at rest, go on; the client is killed at the end.

    Unless it was killed before. It has been heard to its end then, so that all its doings are known to be its own.
    """
    with program.daemon():
        until(lambda: "id" in program.ask("baseline", "show").document)
        with connected(program.namespace, "openvpn", tunnel, *options) as client:
            client.runs(f"{UP}\n{connects}\n{INTO}".format(tunnel, 0))
            until(lambda: program.has_logged("10.60.0.0/16"))
            yield client
            if client.lives:
                client.runs(f"route add {LAST} dev {tunnel}")
                until(lambda: program.has_logged(LAST))
            client.is_killed()
        until(lambda: program.sessions_open() == 0)


def cleaned(program: Program) -> frozenset[str]:
    answer = program.ask("cleanup", "--yes")
    assert {step["status"] for step in answer.document["steps"]} <= {"done"}
    assert program.ask("cleanup", "--dry-run").document["steps"] == []
    return answer.steps()


def test_r2_the_rows_of_tun10_stay_when_tun1_dies(program: Program) -> None:
    home = program.namespace
    with vpn(program, SERVER, "tun1", "persist") as client, connected(home, "tincd", "tun10", "persist") as other:
        other.runs(f"{UP}\n{INTO}".format("tun10", 1))
        until(lambda: program.has_logged("10.61.0.0/16"))
        living = {route for route in routes(home) if "dev tun10" in route}
        client.is_killed()
        until(lambda: program.sessions_open() == 1)

        assert cleaned(program) == {LEFT_SERVER, "10.60.0.0/16 dev tun1 proto boot scope link"}
        assert living - routes(home) == set()


def test_r6_a_gap_in_the_middle_of_a_connect_costs_the_authors_and_nothing_else(program: Program) -> None:
    home = program.namespace
    before = listing(home)
    storm = "".join(f"route {what} 172.20.{n}.0/24 dev lo\n" for n in range(250) for what in ("add", "del")) * 12
    with program.daemon() as log, connected(home, "openvpn", "tun0") as client:
        until(lambda: "id" in program.ask("baseline", "show").document)
        daemon = int(program.ask("status").document["daemon"]["pid"])
        os.kill(daemon, signal.SIGSTOP)
        client.runs(UP.format("tun0", 0) + "\n" + SERVER)
        home.run("ip -batch -", stdin=storm)
        os.kill(daemon, signal.SIGCONT)
        until(lambda: program.has_logged('"gap"'))
        client.is_killed()
        until(lambda: program.sessions_open() == 0)
        assert log.read_text()
        done = cleaned(program)

    assert done == {LEFT_SERVER}
    assert listing(home) == before


def test_r7_the_twins_of_the_route_to_the_server_stay(program: Program) -> None:
    home = program.namespace
    home.run("ip route add 203.0.113.10 via 192.168.77.9 dev eth0 metric 50")
    before = listing(home)
    with vpn(program, f"{SERVER}\n{SERVER} metric 600") as client:
        client.runs("route del 203.0.113.10 via 192.168.77.1 dev eth0 metric 600")

    assert cleaned(program) == {LEFT_SERVER}
    assert listing(home) == before


def test_r13_the_admins_route_to_the_server_stays(program: Program) -> None:
    home = program.namespace
    home.run(f"ip {SERVER}")
    before = listing(home)
    with vpn(program, SERVER):
        pass

    assert cleaned(program) == frozenset()
    assert listing(home) == before


def test_r17_a_route_that_wears_the_kernels_protocol_stays(program: Program) -> None:
    home = program.namespace
    with vpn(program, f"{SERVER}\nroute add 10.88.0.0/16 via 192.168.77.9 dev eth0 proto kernel"):
        pass

    assert cleaned(program) == {LEFT_SERVER}
    assert "10.88.0.0/16 via 192.168.77.9 dev eth0 proto kernel scope global" in routes(home)


def test_r18_and_r20_foreign_rows_and_rules_into_nothing_stay(program: Program) -> None:
    home = program.namespace
    home.run_all("ip rule add priority 300 lookup 4711\nip -6 rule add priority 300 lookup 4711")
    home.run("ip route add 10.77.0.0/16 via 192.168.77.9 dev eth0 table 7120")
    before = listing(home), rules(home)
    with vpn(program, SERVER):
        pass

    assert cleaned(program) == {LEFT_SERVER}
    assert (listing(home), rules(home)) == before


def test_r19_odd_rows_of_a_client_go_by_their_full_key_and_come_back_by_undo(program: Program) -> None:
    home = program.namespace
    before = set(listing(home))
    odd = """
        route add 203.0.113.11 via 192.168.77.1 dev eth0 tos 0x10 metric 7 mtu lock 1400
        route add 203.0.113.12 dev eth0 via 10.99.0.1 onlink proto 77
        -6 route add 2001:db8:51::10 via fd77::1 dev eth0 metric 1 pref high
        route add 203.0.113.13 nexthop via 192.168.77.1 dev eth0 weight 2 nexthop via 192.168.77.9 dev eth0
    """
    with vpn(program, odd):
        pass
    left = set(listing(home))
    assert len(left - before) == 4
    cleaned(program)
    assert set(listing(home)) == before

    assert program.ask("undo").status == 0
    assert set(listing(home)) == left


def test_r23_a_peer_that_never_answers_ends_the_look(home: Namespace) -> None:
    assert "within" in home.call(_told_by_a_silent_peer)


def _told_by_a_silent_peer() -> str:
    with RequestSocket() as asking, RequestSocket() as silent:
        # netlink(7): a connected socket sends to that port, which is another socket of ours here and not the kernel
        asking._socket.connect((silent._socket.getsockname()[0], 0))
        asking._socket.settimeout(0.2)
        with pytest.raises(ObservationError) as caught:
            asking.dump(messages.RTM_GETROUTE, messages.AF_INET)
    return caught.value.message


def test_r24_a_route_made_anew_as_it_was_stays(program: Program) -> None:
    home = program.namespace
    before = set(listing(home))
    again = "route {} 10.50.0.0/16 via 192.168.77.9 dev eth0"
    with vpn(program, f"{SERVER}\n{again.format('del')}\n{again.format('add')}") as client:
        client.runs(again.format("del"))
        until(lambda: program.has_logged("route_removed"))
        client.runs(again.format("add"))

    assert cleaned(program) == {LEFT_SERVER}
    assert set(listing(home)) == before


def test_r25_a_device_that_took_over_the_index_and_the_name_gets_nothing_of_the_old_one(program: Program) -> None:
    home = program.namespace
    taken = "route del default via 192.168.77.1 dev eth0 proto dhcp metric 100"
    with vpn(program, f"{taken}\n{SERVER}"):
        home.run_all("""
            ip link del eth0
            ip link add eth0 index 60 type bridge
            ip link set eth0 up
            ip addr add 192.168.77.2/24 dev eth0
            ip route add 203.0.113.10 via 192.168.77.1 dev eth0 metric 5
        """)
    before = listing(home)
    done = cleaned(program)

    assert done == frozenset()
    assert listing(home) == before
