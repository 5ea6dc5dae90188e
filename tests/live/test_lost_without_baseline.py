"""Installed after the damage, on a real kernel: what is missing is seen by addresses, routers and settings alone."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.live.namespace import new_namespace
from tests.live.program import Program
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

HOME = """
    sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip link add eth0 type veth peer name lan0
    ip link set lan0 up
    ip link set eth0 up
    ip addr add 192.168.77.2/24 dev eth0
    ip -6 addr add fd77::2/64 dev eth0
    ip route add default via 192.168.77.1 dev eth0
"""
SETTINGS = "interface lan0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix 2001:db8:9::/64 { }; };"


def commands(program: Program) -> list[str]:
    return [remark["command"] for remark in program.ask("status").document["remarks"]]


def refused(program: Program) -> list[str]:
    answer = program.ask("cleanup", "--yes")
    assert answer.status == 1
    assert answer.document["steps"] == []
    return [entry["rule"] for entry in answer.document["refused"]]


def test_the_route_of_an_address_is_put_back_as_the_kernel_made_it(namespace: Namespace, tmp_path: Path) -> None:
    namespace.run_all(HOME)
    before = namespace.run("ip -4 route"), namespace.run("ip -6 route")
    namespace.run("ip route del 192.168.77.0/24 dev eth0")
    namespace.run("ip -6 route del fd77::/64 dev eth0")
    program = Program(namespace, tmp_path)

    answer = program.ask("cleanup", "--yes")

    assert {step["rule"] for step in answer.document["steps"]} == {"address-without-route"}
    assert (namespace.run("ip -4 route"), namespace.run("ip -6 route")) == before
    namespace.run("ip addr del 192.168.77.2/24 dev eth0")  # the kernel takes it for its own
    assert "192.168.77.0/24" not in namespace.run("ip -4 route")


def test_where_ipv6_is_switched_off_nothing_is_tried_and_the_setting_is_named(
    namespace: Namespace, tmp_path: Path
) -> None:
    namespace.run_all(HOME + "ip -6 route add default via fd77::1 dev eth0")
    program = Program(namespace, tmp_path)
    program.ask("baseline", "capture")
    namespace.run("sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=1")

    assert refused(program) == ["ipv6-disabled"]
    assert commands(program) == ["sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"]


@contextmanager
def advertised(router: Namespace, folder: Path) -> Iterator[None]:
    """Let a router advertise itself and a prefix on its link lan0."""
    radvd = shutil.which("radvd")
    if radvd is None:
        pytest.skip("advertising a router needs radvd")
    configuration = folder / "radvd.conf"
    configuration.write_text(SETTINGS, "utf-8")
    configuration.chmod(0o644)  # radvd refuses what others may write
    words = [radvd, "-n", "-C", str(configuration), "-p", str(folder / "radvd.pid"), "-m", "stderr", "-u", "root"]
    log = (folder / "radvd.log").open("wb")
    with log, subprocess.Popen(["ip", "netns", "exec", router.name, *words], stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture
def lan(namespace: Namespace, tmp_path: Path) -> Iterator[Namespace]:
    """Give a host whose IPv6 is all by a router's advertisements."""
    with new_namespace() as router:
        router.run("sysctl -q -w net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0")
        namespace.run("sysctl -q -w net.ipv6.conf.default.accept_dad=0")
        namespace.run(f"ip link add eth0 type veth peer name lan0 netns {router.name}")
        router.run("ip link set lan0 up")
        router.run("ip -6 addr add 2001:db8:9::1/64 dev lan0")
        namespace.run("ip link set eth0 up")
        with advertised(router, tmp_path):
            until(lambda: "proto ra" in namespace.run("ip -6 route show default"))
            yield namespace


def test_a_host_that_forwards_lost_the_advertised_default_and_the_setting_is_named_first(
    lan: Namespace, tmp_path: Path
) -> None:
    lan.run("sysctl -q -w net.ipv6.conf.all.forwarding=1")
    assert not lan.run("ip -6 route show default")
    program = Program(lan, tmp_path)

    assert refused(program) == ["advertised"]
    assert commands(program) == ["sysctl -w net.ipv6.conf.eth0.accept_ra=2", "rdisc6 eth0"]

    lan.run("sysctl -q -w net.ipv6.conf.eth0.accept_ra=2")  # as a person does
    until(lambda: "proto ra" in lan.run("ip -6 route show default"))
    assert commands(program) == []


def test_an_advertised_default_that_somebody_deleted_is_missed_until_the_router_is_heard_again(
    lan: Namespace, tmp_path: Path
) -> None:
    lan.run("sysctl -q -w net.ipv6.conf.eth0.accept_ra_defrtr=0")
    until(lambda: lan.can("ip -6 route del default") or not lan.run("ip -6 route show default"))
    program = Program(lan, tmp_path)

    found = program.ask("status").document["findings"]
    assert [(each["rule"], each["verdict"], each["confidence"]) for each in found] == [
        ("router-known", "missing", "likely")
    ]
    assert refused(program) == ["advertised"]
    assert commands(program) == ["sysctl -w net.ipv6.conf.eth0.accept_ra_defrtr=1", "rdisc6 eth0"]
