"""The rows that macOS itself makes: they come and go with addresses, neighbours and network services.

The kernel makes some, configd others, and neither says so; the letters of a row and its link tell. On Linux the
kernel's rows are signed (``proto kernel``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.addresses import covers, is_host
from routewatch.core.letters import (
    LOOPBACK,
    is_bound,
    is_cloned,
    is_group,
    is_link_local_row,
    is_own_address,
    is_static,
    is_system_default,
)

if TYPE_CHECKING:
    from routewatch.core.model import Route
    from routewatch.core.scene import Scene


def is_systems(route: Route, scene: Scene) -> bool:
    """Tell whether macOS made a row and takes it away by itself."""
    if comes_by_itself(route) or is_own_address(route):
        return True
    if route.interface == LOOPBACK:
        return not ("G" in route.flags and is_static(route))  # a gateway on the loopback is somebody's blackhole
    if route.interface in scene.tunnels:
        # A client may set rows without S on its own link; once it is gone, they are as dead as the others.
        return not is_static(route) and not scene.is_dead(route.interface)
    return not is_static(route) or _is_of_an_address(route, scene)


def comes_by_itself(route: Route) -> bool:
    """Tell whether nobody ever misses a row, as the system makes it anew when it is needed."""
    return is_cloned(route) or is_group(route) or is_link_local_row(route) or is_system_default(route)


def _is_of_an_address(route: Route, scene: Scene) -> bool:
    """Tell whether a row without a gateway is that of an address: its prefix, the address itself, or its router."""
    if not is_bound(route):
        return False
    if not is_host(route):
        return True
    beside = scene.rows.onlink.get(route.interface or "", ())
    return any(not is_host(other) and covers(other.destination, route.destination) for other in beside)
