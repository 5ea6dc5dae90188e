"""The ways a VPN ends, as a table: how it ran, what happened meanwhile, how it was ended, and what OpenVPN leaves then.

What is left is told against a control run: the same network and the same events without a VPN. The routes are written
as ip-route(8) shows them (see ``lab.routes``). This is what was seen of OpenVPN 2.6.14 on Linux 6.18; nothing here
knows routewatch.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live.lab import GATEWAY, NEXT_GATEWAY, OTHER_GATEWAY, SERVER, Lab, new_lab, routes
from tests.live.openvpn import WITHOUT_DEF1, OpenVpn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def nothing_happens(lab: Lab) -> None:
    """Let the network be."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """One way of ending a VPN."""

    name: str
    end: Callable[[OpenVpn], None]
    left: frozenset[str] = frozenset()  # there, though without the VPN it would not be
    lost: frozenset[str] = frozenset()  # not there, though without the VPN it would be
    harmless: bool = False  # what differs is right as it is: nothing is to be done
    options: tuple[str, ...] = ()
    persistent: bool = False  # the tun was made beforehand, by --mktun, and outlives openvpn
    meanwhile: Callable[[Lab], None] = nothing_happens
    gateway: str = GATEWAY  # the LAN's, after that
    metric: int = 100
    breaks: bool = False  # IPv4 or IPv6 does not work until somebody cleans up

    @property
    def orphaned(self) -> frozenset[str]:
        """What should go."""
        return frozenset() if self.harmless else self.left

    @property
    def missing(self) -> frozenset[str]:
        """What should come back."""
        return frozenset() if self.harmless else self.lost


def default(gateway: str, source: str = "192.168.77.2", metric: int = 100) -> str:
    """Return DHCP's default route."""
    shown = f" metric {metric}" if metric else ""
    return f"0.0.0.0/0 via {gateway} dev eth0 proto dhcp scope global src {source}{shown}"


SERVER_ROUTE = f"{SERVER} via {GATEWAY} dev eth0 proto boot scope global"
# OpenVPN's own way of putting a default back: by destination and gateway only.
BARE_DEFAULT = f"0.0.0.0/0 via {GATEWAY} dev eth0 proto boot scope global"
ON_THE_TUN = frozenset(
    {
        f"{prefix} via 10.8.0.1 dev tun0 proto boot scope global"
        for prefix in ("0.0.0.0/1", "128.0.0.0/1", "10.60.0.0/16", "172.30.0.0/16", "10.50.0.0/16")
    }
    | {
        f"{prefix} dev tun0 proto boot scope global metric 1024"
        for prefix in ("::/3", "2000::/4", "3000::/4", "fc00::/7", "fd60::/48")
    }
)
S = frozenset({SERVER_ROUTE})
MOVED = Lab.gateway_moves
CHANGED = Lab.subnet_changes

ENDINGS = (
    Ending(name="def1-stop", end=OpenVpn.stop),
    Ending(name="def1-crash", end=OpenVpn.crash, left=S),
    Ending(name="persist-tun-stop", options=("--persist-tun",), end=OpenVpn.stop),
    Ending(name="persist-tun-crash", options=("--persist-tun",), end=OpenVpn.crash, left=S),
    Ending(name="mktun-stop", persistent=True, end=OpenVpn.stop),
    Ending(name="mktun-crash", persistent=True, end=OpenVpn.crash, left=S | ON_THE_TUN, breaks=True),
    Ending(name="gateway-moves-stop", meanwhile=MOVED, gateway=NEXT_GATEWAY, end=OpenVpn.stop),
    Ending(name="gateway-moves-crash", meanwhile=MOVED, gateway=NEXT_GATEWAY, end=OpenVpn.crash, left=S, breaks=True),
    Ending(name="subnet-changes-stop", meanwhile=CHANGED, gateway=OTHER_GATEWAY, end=OpenVpn.stop),
    Ending(
        name="subnet-changes-crash",
        meanwhile=CHANGED,
        gateway=OTHER_GATEWAY,
        end=OpenVpn.crash,
        left=S,
        breaks=True,
    ),
    Ending(
        name="without-def1-stop",
        options=WITHOUT_DEF1,
        end=OpenVpn.stop,
        left=frozenset({BARE_DEFAULT}),
        lost=frozenset({default(GATEWAY)}),
        harmless=True,
    ),
    Ending(
        name="without-def1-crash",
        options=WITHOUT_DEF1,
        end=OpenVpn.crash,
        left=S,
        lost=frozenset({default(GATEWAY)}),
        breaks=True,
    ),
    Ending(
        name="without-def1-metric-0-stop",
        options=WITHOUT_DEF1,
        metric=0,
        end=OpenVpn.stop,
        left=frozenset({BARE_DEFAULT}),
        lost=frozenset({default(GATEWAY, metric=0)}),
        harmless=True,
    ),
    Ending(
        name="without-def1-metric-0-crash",
        options=WITHOUT_DEF1,
        metric=0,
        end=OpenVpn.crash,
        left=S,
        lost=frozenset({default(GATEWAY, metric=0)}),
        breaks=True,
    ),
    Ending(
        name="without-def1-gateway-moves-stop",
        options=WITHOUT_DEF1,
        meanwhile=MOVED,
        gateway=NEXT_GATEWAY,
        end=OpenVpn.stop,
        left=frozenset({BARE_DEFAULT}),
        breaks=True,
    ),
    Ending(
        name="without-def1-gateway-moves-crash",
        options=WITHOUT_DEF1,
        meanwhile=MOVED,
        gateway=NEXT_GATEWAY,
        end=OpenVpn.crash,
        left=S,
        breaks=True,
    ),
)


@contextmanager
def stage(ending: Ending) -> Iterator[Lab]:
    """Make the lab that the ending needs."""
    with new_lab(ending.metric) as lab:
        if ending.persistent:
            lab.client.run("openvpn --mktun --dev tun0 --dev-type tun")
        yield lab


def table(lab: Lab) -> frozenset[str]:
    """Return the client's routes without those that the addresses of a persistent tun bring."""
    return frozenset(route for route in routes(lab.client) if not {"tun0", "kernel"} <= set(route.split()))


def without_vpn(ending: Ending) -> frozenset[str]:
    """Return the table after the same events without a VPN."""
    with stage(ending) as lab:
        ending.meanwhile(lab)
        return table(lab)
