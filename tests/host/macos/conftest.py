"""A Mac on a home network, and its host: the real one, on the stand-in's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.host.macos.kernel import MacHost
from routewatch.host.macos.programs import Paths
from tests.macos.mac import Mac
from tests.macos.programs import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24")
    return mac


@pytest.fixture
def paths(mac: Mac) -> Paths:
    found = {name: str(mac.folder / name) for name in PROGRAMS}
    return Paths(**found, timeout=60)


@pytest.fixture
def host(paths: Paths) -> MacHost:
    return MacHost(paths)
