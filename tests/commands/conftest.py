"""What tests of commands share: the fixture ``desk``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Give a person at the command line of a machine in memory."""
    return Desk(tmp_path, capsys)
