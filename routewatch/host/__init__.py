"""OBSERVES AND ACTS. The only code that touches the operating system; it translates and transmits, it never decides.

``open_host`` is the one choice of platform.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from routewatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routewatch.host.port import Host


def open_host(
    platform: Literal["auto", "linux", "macos"] = "auto",
    interesting: Callable[[str], bool] | None = None,
    programs: Mapping[str, str | float] | None = None,
) -> Host:
    """Return this machine's host.

    ``interesting`` tells whether a process of this name may be a VPN client; without it the known clients are.
    ``programs`` are the settings of ``[macos]``. "macos" can be had wherever such stand.
    Raises ConfigurationError for a platform whose routes can't be read here.
    """
    wanted = _own_platform() if platform == "auto" else platform
    if wanted == "linux" and sys.platform == "linux":
        from routewatch.host.linux.kernel import LinuxHost  # noqa: PLC0415 - only the platform that is used

        return LinuxHost(interesting)
    if wanted == "macos":
        from routewatch.host.macos.kernel import MacHost  # noqa: PLC0415 - as above
        from routewatch.host.macos.programs import Paths  # noqa: PLC0415 - as above

        return MacHost(Paths(**(programs or {})), interesting)  # type: ignore[arg-type]  # checked as the settings were
    raise ConfigurationError(
        f"the routes of {wanted} can't be read on this machine",
        'leave platform = "auto", or compare saved tables with diff',
    )


def _own_platform() -> str:
    return {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
