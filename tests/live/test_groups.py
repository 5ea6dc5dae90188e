"""126 excludes over two gateways and in both families, of two sessions: on a real kernel, seen by the real daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.person import LAN, Daemon, Person, daemon
from tests.live.stand_in import connected
from tests.live.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

NEAR = [f"10.{n}.0.0/16 via 192.168.77.1 dev eth0" for n in range(126)]
FAR = [f"10.{n}.0.0/16 via 192.168.77.9 dev eth0" for n in range(130, 142)]
SIX = [f"2001:db8:{n:x}::/48 via fe80::1 dev eth0" for n in range(1, 10)]
LATER = [f"10.{n}.0.0/16 via 192.168.77.1 dev eth0" for n in range(150, 158)]
WITH_IPV6 = """
sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip -6 addr add fd77::2/64 dev eth0
"""


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    namespace.run_all(WITH_IPV6)
    return Person(namespace, tmp_path)


def connects_and_dies(person: Person, running: Daemon, routes: list[str]) -> None:
    with connected(person.namespace, "openvpn", "tun0") as client:
        client.runs("link set tun0 up\naddr add 10.8.0.2/24 dev tun0")
        client.runs("\n".join(f"{'-6 ' if ':' in line else ''}route add {line}" for line in routes))
        wanted = {line.split()[0] for line in routes}
        until(lambda: wanted <= {line.get("row", "").split(" ")[0] for line in running.log()})
    running.hears("STATUS=no VPN session")


def test_each_way_of_each_session_is_one_line_and_goes_or_stays_as_one(person: Person) -> None:
    with daemon(person) as running:
        connects_and_dies(person, running, [*NEAR, *FAR, *SIX])
        running.logs("orphaned")
        connects_and_dies(person, running, LATER)
        until(lambda: len([line for line in running.log() if line["event"] == "orphaned"]) == 4)

        logged = [line["row"].partition(" (")[0] for line in running.log() if line["event"] == "orphaned"]
        lines = {
            (f"{len(NEAR)} routes via 192.168.77.1 dev eth0", 1),
            (f"{len(FAR)} routes via 192.168.77.9 dev eth0", 1),
            (f"{len(SIX)} routes via fe80::1 dev eth0", 1),
            (f"{len(LATER)} routes via 192.168.77.1 dev eth0", 2),
        }
        assert sorted(logged) == sorted(line for line, _ in lines)
        status, plan = person.say("status").out, person.say("cleanup", "--dry-run").out
        for line, session in lines:
            assert status.count(f"- {line} (") == 1
            [told] = [each for each in plan.splitlines() if f" - {line} (" in each]
            assert told.endswith(f", session {session}")

        person.configuration.write_text(
            person.configuration.read_text() + '[protect]\ndestinations = ["10.77.0.0/16"]\n'
        )
        answer = person.ask("cleanup", "--yes").document
        assert sorted({entry["rule"] for entry in answer["refused"]}) == ["group", "protected"]
        assert len(answer["refused"]) == len(NEAR)
        assert {step["status"] for step in answer["steps"]} == {"done"}
        assert {line.split()[0] for line in NEAR} <= {line.split()[0] for line in person.routes()}
        assert not {line.split()[0] for line in (*FAR, *SIX, *LATER)} & {line.split()[0] for line in person.routes()}

        assert person.ask("undo").status == 0
        assert {line.split()[0] for line in (*FAR, *SIX, *LATER)} <= {line.split()[0] for line in person.routes()}
