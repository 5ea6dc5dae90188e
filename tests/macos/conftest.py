"""A Mac on a home network, for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.mac import Mac

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    """Give a Mac of the newest release, on Wi-Fi."""
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24")
    return mac
