"""Doorbells for live tests, opened in whatever namespace the caller is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.linux.doorbell import BUFFER
from routewatch.host.linux.kernel import LinuxHost

if TYPE_CHECKING:
    from routewatch.host.linux.doorbell import LinuxDoorbell


def opened_doorbell(buffer: int = BUFFER) -> LinuxDoorbell:
    """Open the doorbell of a host of its own."""
    doorbell = LinuxHost().doorbell(buffer)
    assert doorbell is not None
    return doorbell
