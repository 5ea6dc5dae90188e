"""Deleting routes one by one, as a cleanup does, against one ``ip route del`` each: the steps alone, the steps
journaled and verified, and the command.

The command is ``cleanup --yes`` after a VPN client died on a persistent tun, from its start to its end: it waits half a
second for the table to rest, looks three times, plans twice, writes the journal and verifies. Run as root:
``python -m tests.bench.bench_delete``. All of it happens in network namespaces of its own.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from routewatch.commands.acting import Actor, Intent, verify
from routewatch.commands.archive import StoredStep
from routewatch.core.guard import Guard
from routewatch.core.memory import Memory
from routewatch.core.scene import Scene
from routewatch.core.steps import Step
from routewatch.host.linux.kernel import LinuxHost
from routewatch.store.database import open_store
from tests import build
from tests.live.namespace import Namespace, new_namespace
from tests.live.person import LAN, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 1000
CROWDS = (0, 100_000)  # other routes in the same table
# Without link-local addresses: their duplicate detection would be news in the middle, and news makes us read anew
STAGE = (
    "link add v0 type veth peer name v1\nlink set v0 addrgenmode none\nlink set v1 addrgenmode none\n"
    "addr add 10.1.0.1/16 dev v0\nlink set v0 up\nlink set v1 up\n"
)
# Named like OpenVPN in its /proc/PID/comm; makes a persistent tun, takes its routes from its input, and dies when told
CLIENT = """
import ctypes, fcntl, os, struct, subprocess, sys
ctypes.CDLL(None).prctl(15, b"openvpn", 0, 0, 0)
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
fcntl.ioctl(tun, 0x400454CB, 1)
subprocess.run(["ip", "-batch", "-"], input=sys.stdin.readline().replace(";", "\\n"), text=True, check=True)
print("ready", flush=True)
sys.stdin.read()
"""


def prefixes(first: int, count: int) -> list[str]:
    return [f"{first + number // 65536}.{number // 256 % 256}.{number % 256}.0/24" for number in range(count)]


def fill(namespace: Namespace, wanted: list[str]) -> None:
    namespace.run("ip -batch -", stdin="".join(f"route add {each} via 10.1.0.2 dev v0\n" for each in wanted))


@contextmanager
def vpn(namespace: Namespace, wanted: list[str]) -> Iterator[None]:
    """Let a VPN client be connected that carries these prefixes; it dies at the end and leaves all behind."""
    argv = ["ip", "netns", "exec", namespace.name, sys.executable, "-c", CLIENT]
    lines = [
        "link set tun0 up",
        "addr add 10.8.0.2/24 dev tun0",
        *(f"route add {each} via 10.8.0.1" for each in wanted),
    ]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(";".join(lines) + "\n")
        client.stdin.flush()
        assert client.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            client.kill()


def by_command(namespace: Namespace, wanted: list[str]) -> float:
    """Return the seconds of the whole ``cleanup --yes``."""
    with TemporaryDirectory() as folder:
        person = Person(namespace, Path(folder))
        assert person.say("baseline", "capture").status == 0
        with vpn(namespace, wanted):
            assert person.say("cleanup").status == 0  # nothing to do, but the session is seen
        begun = perf_counter()
        said = person.say("cleanup", "--yes")
        taken = perf_counter() - begun
    assert f"{len(wanted)} of {len(wanted)} done, 0 remain" in said.out, said
    return taken


def by_apply(wanted: list[str]) -> tuple[float, float]:
    """Return the seconds of the first delete, which loads pyroute2, and of all."""
    host = LinuxHost()
    steps = [Step(action="delete", route=build.route(f"{each} via 10.1.0.2 dev v0")) for each in wanted]
    begun = perf_counter()
    outcomes = {host.apply(steps[0])}
    first = perf_counter() - begun
    outcomes |= {host.apply(step) for step in steps[1:]}
    assert outcomes == {"done"}, outcomes
    taken = perf_counter() - begun
    host.close()
    return first, taken


def by_actor(wanted: list[str]) -> float:
    """Return the seconds of the steps from a plan on: each taken and journaled, all verified by a look."""
    host = LinuxHost()
    intents = [
        Intent(stored=StoredStep(step=Step(action="delete", route=build.route(f"{each} via 10.1.0.2 dev v0"))))
        for each in wanted
    ]
    with TemporaryDirectory() as folder, open_store(Path(folder), now=host.now().wall) as store:
        planned = Scene(host.observe(), Memory())
        assert all(planned.has(route) for intent in intents if (route := intent.stored.step.route))
        begun = perf_counter()
        acted = Actor(store.journal, host, Guard(planned, ())).act(intents)
        acted = verify(store.journal, acted, Scene(host.observe(), Memory(), earlier=planned.rows))
        taken = perf_counter() - begun
    assert {entry.status for entry in acted.taken} == {"done"}
    host.close()
    return taken


def by_ip(wanted: list[str]) -> float:
    begun = perf_counter()
    for each in wanted:
        subprocess.run(["ip", "route", "del", each, "via", "10.1.0.2", "dev", "v0"], check=True)
    return perf_counter() - begun


def steps_alone(crowd: int, wanted: list[str]) -> None:
    with new_namespace("rwbench") as namespace:
        namespace.run("ip -batch -", stdin=STAGE)
        fill(namespace, prefixes(30, crowd))
        fill(namespace, wanted)
        first, ours = namespace.call(by_apply, wanted)
        fill(namespace, wanted)
        journaled = namespace.call(by_actor, wanted)
        fill(namespace, wanted)
        theirs = namespace.call(by_ip, wanted)
    print(
        f"{COUNT} deletes beside {crowd} routes: apply {ours:.2f} s (the first {first * 1000:.0f} ms), "
        f"journaled and verified {journaled:.2f} s, ip route del {theirs:.2f} s: "
        f"{theirs / ours:.1f} and {theirs / journaled:.1f} times as fast"
    )


def whole_command(crowd: int, wanted: list[str]) -> None:
    with new_namespace("rwbench") as namespace:
        namespace.run("ip -batch -", stdin=STAGE)
        fill(namespace, wanted)
        namespace.run_all(LAN)
        fill(namespace, prefixes(30, crowd))
        theirs = namespace.call(by_ip, wanted)
        ours = by_command(namespace, wanted)
    print(
        f"{COUNT} orphaned routes beside {crowd}: cleanup --yes {ours:.2f} s, "
        f"ip route del {theirs:.2f} s: {theirs / ours:.1f} times as fast"
    )


def main() -> None:
    wanted = prefixes(20, COUNT)
    for crowd in CROWDS:
        steps_alone(crowd, wanted)
        whole_command(crowd, wanted)


if __name__ == "__main__":
    main()
