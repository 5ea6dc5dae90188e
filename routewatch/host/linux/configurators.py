"""Which network daemon configures a link, by what the daemons themselves write down for others to read.

systemd-networkd and NetworkManager keep a file for each link under /run, named by its index; dhcpcd keeps its pid
there. Their files are about the links of their own network namespace, so nothing is believed of another. It is a hint
for a person, and no evidence: what can't be read tells of nobody.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.host.processes import network_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routewatch.core.model import Link

# networkd's own words for a link that is not its business (networkd-link.c, link_state_table)
NOT_MINE = frozenset({"unmanaged", "linger", "pending", "initialized"})


RUN = Path("/run")
PASSING = frozenset({"loopback", "veth"})  # kinds that no daemon leases an address for; of veths there may be hundreds


def configured(links: Iterable[Link], run: Path = RUN) -> tuple[Link, ...]:
    """Return the links, each with the daemon that configures it where one says so."""
    if not is_the_systems_namespace():
        return tuple(links)
    return tuple(
        link
        if link.kind in PASSING or not link.addresses or (daemon := configurator(link, run)) is None
        else replace(link, configured_by=daemon)
        for link in links
    )


def configurator(link: Link, run: Path) -> str | None:
    """Return the name of the daemon that configures a link; ``run`` is /run."""
    networkd = _value(run / "systemd/netif/links" / str(link.index), "ADMIN_STATE")
    if networkd and networkd not in NOT_MINE:
        return "systemd-networkd"
    if _value(run / "NetworkManager/devices" / str(link.index), "managed") == "true":
        return "NetworkManager"
    return "dhcpcd" if any((run / "dhcpcd" / name).exists() for name in ("pid", f"{link.name}.pid")) else None


def _value(path: Path, key: str) -> str:
    """Return a value of a file of ``KEY=value`` lines; "" where it has none or can't be read."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition("=")[2].strip() for line in lines if line.partition("=")[0] == key), "")


def is_the_systems_namespace() -> bool:
    """Tell whether we are in the network namespace of pid 1, as far as we may look: only root may."""
    try:
        return network_namespace(os.getpid()) == network_namespace(1)
    except PermissionError:
        return True
