"""What a plan makes of a Mac's rows: what would be set again is left to who sets it."""

from __future__ import annotations

from routewatch.core.foresight import sample
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.saved import scene_of
from routewatch.core.verdict import find_leftovers
from tests.build_macos import saved

HOME = """
default 192.168.7.1 UGScg en0
192.168.7/24 link#4 UCS en0 !
192.168.7.1/32 link#4 UCS en0 !
"""


def test_a_default_through_the_loopback_is_found_and_not_taken_away() -> None:
    scene = scene_of(saved(HOME.replace("default 192.168.7.1 UGScg en0", "default 127.0.0.1 UGScg lo0")))
    found = [finding for finding in find_leftovers(scene) if finding.rule == "loopback-default"]
    assert [finding.verdict for finding in found] == ["orphaned"]

    planned = plan(found, scene, Wishes(login_peers=(), only=frozenset({"default"})))
    assert planned.steps == ()
    assert len(planned.refused) == 1


def test_an_address_of_a_prefix_is_one_that_is_no_loopback() -> None:
    assert sample("::/0") == "2000::1"
    assert sample("::/1") == "2000::1"
    assert sample("::/8") == "::2"
    assert sample("8000::/1") == "8000::1"
    assert sample("0.0.0.0/1") == "0.0.0.1"
