"""Clients as they act on the table: what they make when they connect, and what of it they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from tests.scenarios.story import Story

OPENVPN = "openvpn[1234]"
TUN = "tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]"
TUN_ADDRESSES = ("10.8.0.6/24", "fd08::6/64", "fe80::77/64")
HALVES = ("0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0")
PUSHED = (
    *HALVES,
    "10.60.0.0/16 via 10.8.0.1 dev tun0",
    "::/3 dev tun0 metric 1024",
    "2000::/4 dev tun0 metric 1024",
    "3000::/4 dev tun0 metric 1024",
    "fc00::/7 dev tun0 metric 1024",
)
WG_RULES = (
    "32764: from all lookup main suppress_prefixlength 0",
    "32765: not from all fwmark 0xca6c lookup 51820",
    "-6 32764: from all lookup main suppress_prefixlength 0",
    "-6 32765: not from all fwmark 0xca6c lookup 51820",
)


def openvpn_connects(
    story: Story, *, adds: tuple[str, ...] = (SERVER, *PUSHED), takes: tuple[str, ...] = (), tun: str = TUN
) -> None:
    """Let OpenVPN open its tun, then set its routes; two minutes pass."""
    story.runs(OPENVPN)
    with story.by(OPENVPN):
        story.up(tun, *TUN_ADDRESSES)
        story.add(*adds)
        story.remove(*takes)
    story.look()
    story.wait(120)


def dies(story: Story, tunnel: str = "tun0", *, leaving: tuple[str, ...] = ()) -> None:
    """Let every client but these be killed; its tunnel goes, and its time to tear down passes."""
    story.runs(*leaving)
    story.gone(tunnel)
    story.look()
    story.wait(10)


def wireguard_up(story: Story, *, name: str = "wg0", table: int = 51820, rules: tuple[str, ...] = WG_RULES) -> None:
    """Let wg-quick bring a full tunnel up: a kernel link, a table of its own, rules in both families."""
    with story.by("ip[501]", "wg-quick[500]"):
        story.up(f"{name} kind wireguard up carrier point_to_point", "10.9.0.2/32")
        story.add(f"default dev {name} table {table}", f"::/0 dev {name} table {table} metric 1024", *rules)
    story.look()
    story.wait(120)
