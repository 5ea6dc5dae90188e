"""A default that a real router advertises: its own remedy brings it back where a VPN took it, and no static copy."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.live.lab import new_lab, rules
from tests.live.namespace import why_not
from tests.live.program import Program
from tests.live.vpns.cell import cell
from tests.live.vpns.endings import rows
from tests.live.vpns.stage import Place, Stage
from tests.live.vpns.wireguard import WgQuickSplit
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.lab import Lab

pytestmark = pytest.mark.live

# It answers who asks, and says nothing by itself: what comes back, comes back by the remedy (radvd.conf(5)).
RADVD = "interface br0 { AdvSendAdvert on; UnicastOnly on; AdvRASrcAddress { fe80::1; }; };\n"
ADVERTISED = "::/0 via fe80::1 dev eth0 proto ra scope global metric 1024"


class TakesTheDefault(WgQuickSplit):
    """A VPN that takes the IPv6 default away, so that nothing leaks past its IPv4 tunnel."""

    name = "wg-quick-no-ipv6"
    allowed = "10.9.0.0/24"
    hooks = "PostUp = ip -6 route del default dev eth0\n"


def has_default(lab: Lab) -> bool:
    return any(row.startswith(ADVERTISED) for row in rows(lab))


@contextmanager
def advertised(folder: Path) -> Iterator[Place]:
    """Let a router advertise the client's IPv6 default, and a daemon of ours watch the client."""
    missing = [program for program in ("radvd", "rdisc6") if shutil.which(program) is None]
    reason = why_not() or TakesTheDefault.why_not() or (f"this test needs {missing}" if missing else None)
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack:
        lab = stack.enter_context(new_lab())
        client, server, router = (
            stack.enter_context(cell(namespace, folder / name))
            for namespace, name in ((lab.client, "client"), (lab.server, "server"), (lab.router, "router"))
        )
        configuration = router.file("radvd.conf", RADVD)
        router.start(f"radvd --nodaemon --logmethod stderr --config {configuration} --pidfile {router.folder}/pid")
        lab.client.run("ip -6 route del default")
        lab.client.run("sysctl -q -w net.ipv6.conf.eth0.accept_ra=1")
        until(lambda: client.tried("rdisc6 -1 -r 1 -w 500 eth0").returncode == 0)
        until(lambda: has_default(lab))
        program = Program(lab.client, folder)
        stack.enter_context(program.daemon())
        yield Place(lab, client, server, program)


def test_a_routers_default_that_a_vpn_took_is_asked_for_again_and_never_set_by_hand(tmp_path: Path) -> None:
    with advertised(tmp_path) as where:
        lab, program = where.lab, where.program
        before, rules_before = rows(lab), frozenset(rules(lab.client))
        stage = Stage(where, TakesTheDefault(lab, where.client, where.server))
        stage.vpn.serve()
        stage.connect()
        stage.crash()
        assert [row for row in before - rows(lab) if not row.startswith(ADVERTISED)] == []
        assert not has_default(lab)

        found = program.ask("diff")
        assert (found.verdicts("orphaned"), found.verdicts("missing")) == (frozenset(), frozenset({ADVERTISED})), (
            program.story()
        )
        cleaned = program.ask("cleanup", "--yes")
        assert (cleaned.status, cleaned.document["changed"], cleaned.steps()) == (1, False, frozenset()), cleaned
        assert [row["rule"] for row in cleaned.document["refused"]] == ["advertised"]
        commands = [remark["command"] for remark in cleaned.document["remarks"] if remark["command"]]
        assert commands == ["rdisc6 eth0"], cleaned.document["remarks"]

        where.client.run(commands[0])
        until(lambda: has_default(lab))
        assert (rows(lab), frozenset(rules(lab.client))) == (before, rules_before)
        assert lab.works()
        assert program.ask("cleanup", "--dry-run").status == 0
