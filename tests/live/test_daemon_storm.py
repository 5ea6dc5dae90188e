"""A storm of changes while the daemon runs: it ends with the exact table, tells its losses, and stays small."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.person import LAN, Person, daemon
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

ADDED, KEPT = 60_000, 20_000  # and the difference deleted again: 100,000 changes
MEBIBYTE = 1024  # KiB
# Seconds. A busy machine takes some for one look at so large a table, and the next one waits for ten times that
PATIENCE = 300.0


def destination(number: int) -> str:
    return f"11.{number >> 8}.{number & 255}.0/24"


def storm(interface: str) -> str:
    lines = [f"route add {destination(number)} dev {interface}" for number in range(ADDED)]
    lines += [f"route del {destination(number)} dev {interface}" for number in range(KEPT, ADDED)]
    return "\n".join(lines)


def resident(pid: int, field: str = "VmHWM") -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field))


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    return Person(namespace, tmp_path)


def looks_so_far(person: Person, looks: set[str]) -> set[str]:
    """Add when the daemon looked last to the looks known so far."""
    looks.add(person.ask("status").document["daemon"]["last_snapshot"])
    return looks


@pytest.mark.parametrize("under_a_vpn", [False, True], ids=["at-rest", "under-a-vpn"])
def test_a_storm_is_weathered_told_and_not_hoarded(person: Person, *, under_a_vpn: bool) -> None:
    with daemon(person) as running:
        before = resident(running.process.pid)
        with person.vpn() if under_a_vpn else nullcontext():
            if under_a_vpn:
                running.meets_the_vpn()
            person.namespace.run("ip -batch -", stdin=storm("tun0" if under_a_vpn else "eth0"))
            until(lambda: "resync" in person.kinds(), PATIENCE)
        if under_a_vpn:  # and all that went with the tunnel is told in a moment
            until(lambda: person.sessions()[0]["closed"] is not None)
        running.hears("READY=1")
        assert resident(running.process.pid) - before < 150 * MEBIBYTE
        assert running.end() == 0
    told = [event["detail"] for event in person.ask("log").document["events"] if event["kind"] in {"gap", "resync"}]
    assert "rows differ" in told[-1]


def test_after_a_storm_what_is_remembered_is_the_exact_table(person: Person) -> None:
    with daemon(person) as running:
        person.namespace.run("ip -batch -", stdin=storm("eth0"))
        until(lambda: "resync" in person.kinds(), PATIENCE)
        looks: set[str] = set()  # one was perhaps begun before the end of the storm, the next ones were not
        until(lambda: len(looks_so_far(person, looks)) > 2, PATIENCE)
        assert running.end() == 0
    remembered = person.ask("baseline", "show").document["routes"]
    assert {route["destination"] for route in remembered} >= set(map(destination, range(KEPT)))
    assert len(remembered) == len(person.routes())
