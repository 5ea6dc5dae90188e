"""A machine that sleeps right after its VPN has died: a client that slept with it has not had its time to tear down."""

from __future__ import annotations

from tests.scenarios.clients import openvpn_connects
from tests.scenarios.story import LEFT_SERVER, Story


def certainty(story: Story) -> tuple[str, bool]:
    [found] = [f for f in story.findings() if f.route is not None and f.route.destination in LEFT_SERVER]
    return found.confidence, "E7" in found.evidence


def test_nothing_is_certain_for_having_slept() -> None:
    story = Story()
    openvpn_connects(story)
    story.runs()
    story.gone("tun0")
    story.look()

    story.host.sleep(3600)
    story.look()
    assert certainty(story) == ("likely", False)
    story.wait(10)
    assert certainty(story) == ("certain", True)
