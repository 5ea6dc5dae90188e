"""What tests of commands share: a desk, and one whose VPN is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.desk import Desk
from tests.commands.interference import PUSHED_V4
from tests.scenarios.clients import openvpn_connects
from tests.scenarios.story import SERVER

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Give a person at the command line of a machine in memory."""
    return Desk(tmp_path, capsys)


@pytest.fixture
def dead(desk: Desk) -> Desk:
    """A desk whose OpenVPN was killed; its persistent tun holds on to two routes and the server's is left."""
    desk.knows_the_machine()
    openvpn_connects(desk.story, adds=(SERVER, *PUSHED_V4))
    desk.ask("run", "--once")
    desk.story.runs()
    desk.story.die("tun0")
    desk.ask("run", "--once")
    desk.host.advance(30)
    return desk
