"""OpenVPN clients beside each other: a tunnel of each name, and how one more connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.story import Story

TUN_DEFAULT = "default via 10.8.0.1 dev tun0"


def tunnel(name: str, index: int, pid: int, extra: str = "") -> str:
    return f"{name} kind tun index {index} up carrier point_to_point owner openvpn[{pid}] {extra}"


def connects(story: Story, name: str, index: int, *adds: str, extra: str = "") -> None:
    """Let one more OpenVPN connect beside those that run."""
    who = f"openvpn[{1000 + index}]"
    story.host.processes = (*story.host.processes, *story.processes(who))
    with story.by(who):
        story.up(tunnel(name, index, 1000 + index, extra), f"10.{index}.0.6/24")
        story.add(*adds)
    story.look()
    story.wait(120)
