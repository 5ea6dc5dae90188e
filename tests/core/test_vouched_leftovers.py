"""What a baseline says that a person takes by hand after a session: what it holds is his, unless it is dead."""

from __future__ import annotations

from msgspec.structs import replace

from routewatch.core.baselines import extended, next_baseline
from routewatch.core.missing import find_missing
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict, case_of, find_leftovers, judge
from tests import build
from tests.scenarios.clients import dies, openvpn_connects
from tests.scenarios.story import LEFT_SERVER, SERVER, Story, text

OTHER = "10.70.0.0/16 via 192.168.77.5 dev eth0"
RULE = "900: from all fwmark 0x7 lookup 777"


class Captured(Story):
    """A story in which a person takes a baseline by hand."""

    def capture(self) -> None:
        made = next_baseline(self.host.observe(), self.course.series, "by hand")
        self.by_hand = replace(made, tainted=False)
        self.course = replace(self.course, series=extended(self.course.series, self.by_hand))
        self.baselines[made.id] = self.by_hand

    @property
    def scene(self) -> Scene:
        scene = super().scene
        return Scene(scene.now, replace(scene.memory, captured=self.by_hand))

    def server(self) -> Finding:
        return judge(case_of(build.route(SERVER), self.scene))


def after_a_session(*, adds: tuple[str, ...] = (SERVER, RULE)) -> Captured:
    story = Captured()
    openvpn_connects(story, adds=adds)
    dies(story)
    return story


def test_what_a_person_captures_after_a_session_is_no_leftover_any_more() -> None:
    story = after_a_session()
    story.capture()
    assert story.left() == {}
    assert (story.server().rule, story.server().verdict) == ("in-baseline", Verdict.EXPECTED)
    assert story.plan().steps == ()


def test_nobody_deletes_it_whatever_was_found_and_it_is_the_proven_baseline_that_refuses() -> None:
    story = after_a_session(adds=(SERVER,))
    story.capture()
    found = replace(story.server(), verdict=Verdict.ORPHANED, confidence="certain")
    [refused] = plan((found,), story.scene, Wishes(login_peers=())).refused
    assert refused.rule == "in-proven-baseline"


def test_what_comes_later_is_judged_as_before() -> None:
    story = after_a_session(adds=(SERVER,))
    story.capture()
    openvpn_connects(story, adds=(OTHER,))
    dies(story)
    assert set(story.left()) == {"10.70.0.0/16 via 192.168.77.5 dev eth0"}
    assert not find_missing(story.scene)


def test_a_baseline_captured_before_the_session_was_over_vouches_for_nothing_of_it() -> None:
    story = Captured()
    openvpn_connects(story, adds=(SERVER,))
    story.capture()
    story.wait(1)
    dies(story)
    assert set(story.left()) == {LEFT_SERVER}


def test_a_row_that_went_meanwhile_or_became_another_is_not_vouched_for() -> None:
    story = after_a_session(adds=(SERVER,))
    story.remove(SERVER)
    story.capture()
    story.add(SERVER)
    assert set(story.left()) == {LEFT_SERVER}


def test_what_it_relies_on_dies_all_the_same() -> None:
    story = after_a_session(adds=(SERVER, "10.60.0.0/16 via 192.168.99.1 dev eth0"))
    story.capture()
    assert {text(f.row): f.rule for f in find_leftovers(story.scene) if f.verdict is Verdict.ORPHANED} == {
        "10.60.0.0/16 via 192.168.99.1 dev eth0": "leftover"
    }
