"""What real OpenVPN leaves behind, ending by ending: the ground that routewatch stands on. It takes no part here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live import openvpn
from tests.live.endings import ENDINGS, ON_THE_TUN, SERVER_ROUTE, Ending, stage, table, without_vpn
from tests.live.lab import PATIENCE, new_lab, routes, rules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.openvpn import Keys

pytestmark = [pytest.mark.live, pytest.mark.openvpn]


def test_a_full_tunnel_lays_its_routes_over_the_default_and_carries_the_traffic(keys: Keys, tmp_path: Path) -> None:
    with new_lab() as lab:
        before = routes(lab.client)
        with openvpn.server(lab, keys, tmp_path), openvpn.client(lab, keys, tmp_path):
            assert {SERVER_ROUTE} | ON_THE_TUN <= routes(lab.client)
            assert before <= routes(lab.client)
            assert lab.reaches("10.8.0.1")


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_what_openvpn_leaves_is_what_we_believe(ending: Ending, keys: Keys, tmp_path: Path) -> None:
    expected = without_vpn(ending)
    with stage(ending) as lab, openvpn.server(lab, keys, tmp_path):
        before = rules(lab.client)
        with openvpn.client(lab, keys, tmp_path, *ending.options) as client:
            ending.meanwhile(lab)
            ending.end(client)
        after = table(lab)

        assert (after - expected, expected - after) == (ending.left, ending.lost)
        assert rules(lab.client) == before
        assert lab.works(patience=1 if ending.breaks else PATIENCE) is not ending.breaks
