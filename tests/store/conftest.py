"""An open store for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.store.database import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, now=0.0) as opened:
        yield opened
