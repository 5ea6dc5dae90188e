"""Who holds a tunnel, seen through the descriptors of real processes."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.host.linux.kernel import LinuxHost
from tests.live.namespace import new_namespace
from tests.live.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.model import Link, Process
    from tests.live.namespace import Namespace

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="there is no /dev/net/tun here"),
]

TUN, TAP = 0x1001, 0x1002  # IFF_TUN or IFF_TAP, with IFF_NO_PI: include/uapi/linux/if_tun.h
# TUNSETIFF attaches the descriptor to a link, and makes it where it isn't there yet
HOLDER = """
import fcntl, os, struct, sys, time
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", sys.argv[1].encode(), int(sys.argv[2])))
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(namespace: Namespace, link: str, flags: int = TUN, program: str = sys.executable) -> Iterator[int]:
    """Let a process hold a tunnel in the namespace; give its pid."""
    command = ["ip", "netns", "exec", namespace.name, program, "-c", HOLDER, link, str(flags)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process.pid  # ip-netns(8) becomes the program by exec
        finally:
            process.kill()


def seen(namespace: Namespace) -> tuple[dict[str, Link], bool]:
    return namespace.call(links_and_certainty)


def links_and_certainty() -> tuple[dict[str, Link], bool]:
    snapshot = LinuxHost().observe()
    return {link.name: link for link in snapshot.links}, snapshot.processes_seen


@pytest.mark.parametrize(("flags", "kind"), [(TUN, "tun"), (TAP, "tap")])
def test_who_has_the_descriptor_open_is_the_owner(namespace: Namespace, flags: int, kind: str) -> None:
    with held(namespace, "vpn0", flags) as pid:
        links, certain = seen(namespace)

    assert links["vpn0"].kind == kind
    assert links["vpn0"].owner is not None
    assert links["vpn0"].owner.pid == pid
    assert certain


def test_a_tunnel_of_the_same_name_in_another_namespace_has_its_own_owner(namespace: Namespace) -> None:
    with new_namespace() as other, held(namespace, "tun0") as mine, held(other, "tun0") as theirs:
        owners = [seen(place)[0]["tun0"].owner for place in (namespace, other)]

    assert [owner and owner.pid for owner in owners] == [mine, theirs]


def test_a_tunnel_held_only_elsewhere_under_that_name_has_no_owner(namespace: Namespace) -> None:
    namespace.run("ip tuntap add dev tun0 mode tun")
    with new_namespace() as other, held(other, "tun0"):
        links, certain = seen(namespace)

    assert links["tun0"].owner is None
    assert certain


def test_a_persistent_tunnel_outlives_its_owner(namespace: Namespace) -> None:
    namespace.run("ip tuntap add dev tun0 mode tun")
    namespace.run("ip link set tun0 up")
    with held(namespace, "tun0"):
        before, _ = seen(namespace)
    after, certain = seen(namespace)

    assert before["tun0"].owner is not None
    assert before["tun0"].carrier
    assert (after["tun0"].owner, after["tun0"].carrier, after["tun0"].persistent) == (None, False, True)
    assert certain


def test_a_tunnel_goes_with_its_owner_when_it_is_not_persistent(namespace: Namespace) -> None:
    with held(namespace, "tun0"):
        pass

    assert "tun0" not in seen(namespace)[0]


def holder_told(pid: int) -> list[bool]:
    """Look with the tunnel held, after its deletion, and after its holder's end; say when the holder was told of."""
    host, told = LinuxHost(), []
    for happening in (
        lambda: None,
        lambda: subprocess.run(["ip", "link", "del", "tun0"], check=True),
        lambda: end(pid),
    ):
        happening()
        told.append(pid in {process.pid for process in host.observe().processes})
    return told


def end(pid: int) -> None:
    """Kill a process and wait until it has ended: kill(2) comes back before that."""
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    assert select.select([descriptor], [], [], DEADLINE)[0]
    os.close(descriptor)


def test_a_holder_that_lost_its_tunnel_is_told_of_as_long_as_it_lives(namespace: Namespace) -> None:
    with held(namespace, "tun0") as pid:
        assert namespace.call(holder_told, pid) == [True, True, False]


def remembered(process: Process) -> tuple[bool, bool]:
    another = replace(process, started=process.started - 1)
    return is_told(process), is_told(another)


def is_told(process: Process) -> bool:
    return process.pid in {each.pid for each in LinuxHost().observe((process,)).processes}


def test_a_holder_remembered_from_an_earlier_run_is_looked_after_unless_its_pid_is_anothers(
    namespace: Namespace,
) -> None:
    with held(namespace, "tun0"):
        holder = seen(namespace)[0]["tun0"].owner
        assert holder is not None
        namespace.run("ip link del tun0")

        assert namespace.call(remembered, holder) == (True, False)


def test_without_root_the_owner_is_not_called_seen(namespace: Namespace) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv(1)")
    question = (
        "from routewatch.host import open_host; look = open_host().observe(); "
        "print(look.link('tun0').owner, look.processes_seen)"
    )
    command = f"setpriv --reuid 65534 --regid 65534 --clear-groups {sys.executable} -c {shlex.quote(question)}"
    with held(namespace, "tun0"):
        if not namespace.can(f"setpriv --reuid 65534 {sys.executable} -c 'import routewatch.host.linux.kernel'"):
            pytest.skip("others can't run this Python")

        assert namespace.run(command).strip() == "None False"
