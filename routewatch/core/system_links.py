"""Which of a Mac's tunnel interfaces are the system's own.

Handoff, Private Relay, calls over Wi-Fi: each has a utun, also on a Mac without any VPN, and their number varies. One
is the system's as long as it has no rows but those that every tunnel interface has, or where a daemon of the system
holds it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.letters import is_systems_own

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Link, Route

SHARED = frozenset({"utun", "ipsec", "feth"})  # kinds that VPN clients and the system make
SYSTEM = "system"
# Handoff and AirDrop, calls, FaceTime, Wi-Fi calling, Private Relay, push. lsof(8) cuts names to nine letters.
DAEMONS = frozenset(
    {
        "rapportd",
        "identityservicesd",
        "sharingd",
        "CommCenter",
        "networkserviceproxy",
        "apsd",
        "remotepairingd",
        "remoted",
    }
)
CUT = 9
_DAEMONS = frozenset(name[:CUT] for name in DAEMONS)


def told_apart(links: Iterable[Link], routes: Iterable[Route]) -> tuple[Link, ...]:
    """Return the links, those that are the system's own with the kind "system": by their rows, by who holds them."""
    rows: defaultdict[str | None, list[Route]] = defaultdict(list)
    for route in routes:
        rows[route.interface].append(route)
    return tuple(
        replace(link, kind=SYSTEM)
        if link.kind in SHARED and (_is_a_daemons(link) or all(map(is_systems_own, rows[link.name])))
        else link
        for link in links
    )


def _is_a_daemons(link: Link) -> bool:
    return link.owner is not None and link.owner.name[:CUT] in _DAEMONS
