"""The ways VPN programs end, and what each leaves then: one line a program and an ending.

What is left is told against a control run: the same network and the same events without a VPN. Routes and rules are
written as ip-route(8) and ip-rule(8) show them (see ``lab``). This is what was seen of the versions in Debian 12 on
Linux 6.18; nothing here knows routewatch's judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live.endings import default
from tests.live.lab import GATEWAY, NEXT_GATEWAY, SERVER, new_lab, routes, rules
from tests.live.vpns.fastd import Fastd
from tests.live.vpns.openconnect import OpenConnect, OpenConnectOverlap, OpenConnectSplit
from tests.live.vpns.tinc import Tinc
from tests.live.vpns.wireguard import WgQuick, WgQuickByHalves, WgQuickSplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.lab import Lab
    from tests.live.vpns.stage import Stage
    from tests.live.vpns.vpn import Vpn

# ------------------------------------------------------------------------------------------------ how a VPN may end


def stopped(stage: Stage) -> None:
    """Its user ends it."""
    stage.vpn.stop()


def killed(stage: Stage) -> None:
    """The kernel ends it."""
    stage.crash()


def server_gone(stage: Stage) -> None:
    """The server vanishes, and the client goes on."""
    stage.vpn.server_vanishes()


def tunnel_deleted(stage: Stage) -> None:
    """Somebody deletes the tunnel, and the client goes on."""
    stage.delete_tunnel()


def tunnel_deleted_stopped(stage: Stage) -> None:
    """Somebody deletes the tunnel, then its user ends the client."""
    stage.delete_tunnel()
    stage.vpn.stop()


def moved_stopped(stage: Stage) -> None:
    """The gateway changes, then its user ends it."""
    stage.gateway_moves()
    stage.vpn.stop()


def moved_killed(stage: Stage) -> None:
    """The gateway changes, then the kernel ends it."""
    stage.gateway_moves()
    stage.crash()


def reconnected_stopped(stage: Stage) -> None:
    """The kernel ends it, its user connects again, and ends it."""
    stage.crash()
    stage.connect()
    stage.vpn.stop()


def reconnected(stage: Stage) -> None:
    """The kernel ends it, its user connects again, and stays."""
    stage.crash()
    stage.connect()


# ------------------------------------------------------------------------------------------- what each program leaves

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the table."""

    vpn: type[Vpn]
    ending: Callable[[Stage], None]
    left: frozenset[str] = NOTHING  # routes that are there, though without the VPN they would not be
    lost: frozenset[str] = NOTHING  # routes that are not there, though without the VPN they would be
    rules: frozenset[str] = NOTHING  # rules that are there, though without the VPN they would not be
    metric: int = 100  # of DHCP's default route
    harmless: bool = False  # what differs is right as it is: nothing is to be done
    breaks: bool = False  # the Internet does not work until somebody cleans up
    seen: bool = False  # it can be known only where it is seen whose doing each change is
    seldom: bool = False  # told by others as well: not run each time

    @property
    def name(self) -> str:
        """Name the case."""
        return f"{self.vpn.name}{'' if self.metric else '-metric-0'}-{self.ending.__name__}"

    @property
    def gateway_moved(self) -> bool:
        """Tell whether the LAN has another gateway in the end."""
        return self.ending in {moved_stopped, moved_killed}

    @property
    def orphaned(self) -> frozenset[str]:
        """What should go."""
        return NOTHING if self.harmless else self.left | self.rules

    @property
    def missing(self) -> frozenset[str]:
        """What should come back."""
        return NOTHING if self.harmless else self.lost


def rows(lab: Lab) -> frozenset[str]:
    """Return the client's routes, but for those that come with the addresses of a tunnel."""
    tunnels = {"wg0", "wg1", "tun0"}
    return frozenset(row for row in routes(lab.client) if not ("kernel" in row.split() and tunnels & set(row.split())))


def without_vpn(metric: int, *, gateway_moved: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Return the routes and the rules after the same events without a VPN."""
    with new_lab(metric) as lab:
        if gateway_moved:
            lab.gateway_moves()
        return rows(lab), frozenset(rules(lab.client))


S = frozenset({f"{SERVER} via {GATEWAY} dev eth0 proto boot scope global"})
# vpnc-script copies the default's source and metric.
S_COPIED = frozenset({f"{SERVER} via {GATEWAY} dev eth0 proto boot scope global src 192.168.77.2 metric 100"})
S_COPIED_0 = frozenset({f"{SERVER} via {GATEWAY} dev eth0 proto boot scope global src 192.168.77.2"})
PAIR = frozenset(
    f"{family} {rule}"
    for family in ("-4", "-6")
    for rule in (
        "32764: from all lookup main suppress_prefixlength 0",
        "32765: not from all fwmark 0xca6c lookup 51820",
    )
)
RULE_1067 = frozenset({"-4 1067: from 10.67.0.2 lookup 67"})
DHCPS, DHCPS_0 = frozenset({default(GATEWAY)}), frozenset({default(GATEWAY, metric=0)})
DHCPS_NEXT = frozenset({default(NEXT_GATEWAY)})
# The default as vpnc-script puts it back: without DHCP's signature.
UNSIGNED = frozenset(row.replace("proto dhcp", "proto boot") for row in DHCPS)
UNSIGNED_0 = frozenset(row.replace("proto dhcp", "proto boot") for row in DHCPS_0)

# What vpnc-script puts nothing back for: it replaces, and then deletes.
OVERLAPPED = frozenset(
    {
        "10.50.0.0/16 via 192.168.77.9 dev eth0 proto boot scope global",
        "172.18.0.0/16 dev docker0 proto kernel scope link src 172.18.0.1",
        "fd50::/48 via fd77::9 dev eth0 proto boot scope global metric 1024",
    }
)

# fmt: off
CASES = (
    Case(vpn=WgQuick, ending=stopped),
    Case(vpn=WgQuick, ending=killed, rules=PAIR),
    Case(vpn=WgQuick, ending=tunnel_deleted, rules=PAIR, seldom=True),
    Case(vpn=WgQuick, ending=tunnel_deleted_stopped, rules=PAIR),
    Case(vpn=WgQuick, ending=moved_stopped, seldom=True),
    Case(vpn=WgQuick, ending=moved_killed, rules=PAIR, seldom=True),
    Case(vpn=WgQuick, ending=reconnected_stopped),
    Case(vpn=WgQuickByHalves, ending=stopped, seldom=True),
    Case(vpn=WgQuickByHalves, ending=killed, left=S, seldom=True),
    Case(vpn=WgQuickByHalves, ending=tunnel_deleted, left=S, seldom=True),
    Case(vpn=WgQuickByHalves, ending=tunnel_deleted_stopped, left=S, seldom=True),
    Case(vpn=WgQuickByHalves, ending=moved_stopped, seldom=True),
    Case(vpn=WgQuickByHalves, ending=moved_killed, left=S, breaks=True, seldom=True),
    Case(vpn=WgQuickSplit, ending=stopped, seldom=True),
    Case(vpn=WgQuickSplit, ending=killed, seldom=True),
    Case(vpn=WgQuickSplit, ending=tunnel_deleted, seldom=True),
    Case(vpn=WgQuickSplit, ending=tunnel_deleted_stopped, seldom=True),
    Case(vpn=WgQuickSplit, ending=moved_stopped, seldom=True),
    Case(vpn=WgQuickSplit, ending=moved_killed, seldom=True),
    Case(vpn=WgQuickSplit, ending=reconnected_stopped, seldom=True),
    Case(vpn=OpenConnect, ending=stopped, left=UNSIGNED, lost=DHCPS, harmless=True),
    Case(vpn=OpenConnect, ending=killed, left=S_COPIED),
    Case(vpn=OpenConnect, ending=tunnel_deleted, left=S_COPIED),
    Case(vpn=OpenConnect, ending=tunnel_deleted_stopped, left=UNSIGNED, lost=DHCPS, harmless=True, seldom=True),
    Case(vpn=OpenConnect, ending=moved_stopped, left=UNSIGNED, lost=DHCPS_NEXT, breaks=True, seen=True),
    Case(vpn=OpenConnect, ending=moved_killed, left=S_COPIED, breaks=True, seldom=True),
    Case(vpn=OpenConnect, ending=reconnected_stopped, left=UNSIGNED, lost=DHCPS, harmless=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=stopped, left=UNSIGNED_0, lost=DHCPS_0, harmless=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=killed, left=S_COPIED_0, lost=DHCPS_0, breaks=True),
    Case(vpn=OpenConnect, metric=0, ending=tunnel_deleted, left=S_COPIED_0, lost=DHCPS_0, breaks=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=tunnel_deleted_stopped, left=UNSIGNED_0, lost=DHCPS_0, harmless=True,
         seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=moved_stopped, left=UNSIGNED_0, seen=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=moved_killed, left=S_COPIED_0, breaks=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=reconnected_stopped, lost=DHCPS_0, breaks=True),
    Case(vpn=OpenConnectSplit, ending=stopped, seldom=True),
    Case(vpn=OpenConnectSplit, ending=killed, left=S_COPIED, seldom=True),
    Case(vpn=OpenConnectSplit, ending=tunnel_deleted, left=S_COPIED, seldom=True),
    Case(vpn=OpenConnectSplit, ending=tunnel_deleted_stopped, seldom=True),
    Case(vpn=OpenConnectSplit, ending=moved_stopped, seldom=True),
    Case(vpn=OpenConnectSplit, ending=moved_killed, left=S_COPIED, breaks=True, seldom=True),
    Case(vpn=OpenConnectSplit, ending=reconnected_stopped, seldom=True),
    Case(vpn=OpenConnectOverlap, ending=stopped, lost=OVERLAPPED),
    Case(vpn=OpenConnectOverlap, ending=killed, left=S_COPIED, lost=OVERLAPPED, seldom=True),
    Case(vpn=Fastd, ending=stopped, seldom=True),
    Case(vpn=Fastd, ending=killed, left=S, rules=RULE_1067),
    Case(vpn=Fastd, ending=tunnel_deleted, left=S, rules=RULE_1067, seldom=True),
    Case(vpn=Fastd, ending=tunnel_deleted_stopped, left=S, rules=RULE_1067, seldom=True),
    Case(vpn=Fastd, ending=moved_stopped, seldom=True),
    Case(vpn=Fastd, ending=moved_killed, left=S, rules=RULE_1067, breaks=True),
    Case(vpn=Fastd, ending=reconnected_stopped, seldom=True),
    Case(vpn=Tinc, ending=stopped, seldom=True),
    Case(vpn=Tinc, ending=killed, left=S, seldom=True),
    Case(vpn=Tinc, ending=server_gone),
    Case(vpn=Tinc, ending=tunnel_deleted, left=S, seldom=True),
    Case(vpn=Tinc, ending=tunnel_deleted_stopped, seldom=True),
    Case(vpn=Tinc, ending=moved_stopped, left=S, breaks=True),
    Case(vpn=Tinc, ending=moved_killed, left=S, breaks=True, seldom=True),
    Case(vpn=Tinc, ending=reconnected_stopped, seldom=True),
)

# Cases in which the tunnel is still up in the end: whatever its client laid, is its client's.
UP = (
    Case(vpn=WgQuick, ending=server_gone, breaks=True),
    Case(vpn=WgQuick, ending=reconnected),
    Case(vpn=WgQuickByHalves, ending=server_gone, breaks=True, seldom=True),
    Case(vpn=WgQuickSplit, ending=server_gone, seldom=True),
    Case(vpn=WgQuickSplit, ending=reconnected, seldom=True),
    Case(vpn=OpenConnect, ending=server_gone, breaks=True),
    Case(vpn=OpenConnect, ending=reconnected, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=server_gone, breaks=True, seldom=True),
    Case(vpn=OpenConnect, metric=0, ending=reconnected, seldom=True),
    Case(vpn=OpenConnectSplit, ending=server_gone, seldom=True),
    Case(vpn=OpenConnectSplit, ending=reconnected, seldom=True),
    Case(vpn=Fastd, ending=server_gone, breaks=True, seldom=True),
    Case(vpn=Fastd, ending=reconnected, seldom=True),
    Case(vpn=Tinc, ending=reconnected, seldom=True),
)
# fmt: on
