"""Sessions open and close from look to look, each with the baseline from before its first sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.baselines import Series, before_first_sign, extended, next_baseline
from routewatch.core.model import Author, Change, Place
from routewatch.core.sessions import IN_SIGHT, SNAPSHOTS, Course, Followed, Sight, follow
from routewatch.core.signatures import SIGNATURES, Signature
from tests import build

if TYPE_CHECKING:
    from routewatch.core.model import Link
    from routewatch.core.snapshot import Snapshot

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
TUN = build.link("tun0 kind tun index 7 up carrier owner openvpn[1234]", "10.8.0.2/24")
DEFAULT = "default via 192.168.1.1 dev eth0"
SERVER = "203.0.113.10 via 192.168.1.1 dev eth0"
OPENVPN = Author(kind="process", process=build.process("openvpn[1234]"))


def seen(at: float, *links: Link, routes: tuple[str, ...] = (DEFAULT,)) -> Snapshot:
    return build.snapshot(routes=routes, links=[ETH, *links], at=at)


def told(line: str, at: float, author: Author = OPENVPN) -> Change:
    return Change(action="add", at=build.moment(at), author=author, route=build.route(line))


def followed(*sights: Snapshot | Sight, course: Course | None = None) -> Followed:
    """Follow several looks; a snapshot alone is a settled look without a word from the doorbell."""
    last = Followed(course=course or Course())
    for sight in sights:
        last = follow(last.course, sight if isinstance(sight, Sight) else Sight(snapshot=sight))
    return last


def kinds(found: Followed) -> list[str]:
    return [event.kind for event in found.events]


def test_a_tunnel_opens_a_session_with_the_baseline_from_before_it() -> None:
    found = followed(seen(0.0), seen(600.0), seen(700.0, TUN))
    [session] = found.course.sessions
    assert (session.client, session.holder, session.opened.boot) == ("openvpn", TUN.owner, 700.0)
    [baseline] = found.baselines
    assert (baseline.id, session.baseline, baseline.snapshot.taken.boot) == (1, 1, 600.0)
    assert "session_opened" in kinds(found)


def test_a_session_is_opened_once() -> None:
    found = followed(seen(0.0), seen(700.0, TUN), seen(800.0, TUN))
    assert (len(found.course.sessions), found.sessions, found.events) == (1, (), ())


def test_an_unheld_tunnel_opens_none() -> None:
    assert followed(seen(0.0), seen(10.0, replace(TUN, carrier=False))).course.sessions == ()


def test_a_session_ends_with_its_link() -> None:
    found = followed(seen(0.0), seen(700.0, TUN), seen(800.0))
    [session] = found.course.sessions
    assert (session.closed, session.ended) == (build.moment(800.0), "the link is gone")
    assert kinds(found) == ["session_closed"]


def test_a_session_ends_when_its_link_goes_down_or_loses_its_carrier() -> None:
    opened = followed(seen(0.0), seen(700.0, TUN)).course
    down = followed(seen(800.0, replace(TUN, up=False)), course=opened).course.sessions[0]
    assert down.ended == "the link is down"
    dead = followed(seen(800.0, replace(TUN, carrier=False)), course=opened).course.sessions[0]
    assert dead.ended == "the link lost its carrier"


def test_a_link_of_the_same_name_and_another_index_is_another_session() -> None:
    found = followed(seen(0.0), seen(700.0, TUN), seen(800.0, replace(TUN, index=8)))
    assert [session.is_open for session in found.course.sessions] == [False, True]
    assert [session.id for session in found.course.sessions] == [1, 2]


def test_a_holder_that_shows_only_later_is_learnt() -> None:
    found = followed(seen(0.0), seen(700.0, replace(TUN, owner=None)), seen(701.0, TUN), seen(702.0, TUN))
    [session] = found.course.sessions
    assert (session.holder, session.client) == (TUN.owner, "openvpn")


def test_a_client_of_ones_own_is_known_by_its_signature() -> None:
    own = (*SIGNATURES, Signature(client="acme", interfaces=("acme*",)))
    course = follow(Course(), Sight(snapshot=seen(0.0)), own).course
    tunnel = build.link("acme0 kind tun index 9 up carrier")
    assert follow(course, Sight(snapshot=seen(9.0, tunnel)), own).course.sessions[0].client == "acme"


def test_a_watch_that_begins_under_a_vpn_has_a_session_without_a_baseline() -> None:
    found = followed(seen(0.0, TUN))
    assert [session.baseline for session in found.course.sessions] == [None]
    assert found.baselines == ()


def test_what_the_client_did_before_its_tunnel_dates_the_session_back() -> None:
    early = Sight(snapshot=seen(695.0, routes=(DEFAULT, SERVER)), changes=(told(SERVER, 694.0),))
    found = followed(seen(0.0), seen(690.0), early, seen(697.0, TUN, routes=(DEFAULT, SERVER)))
    [session] = found.course.sessions
    assert session.opened == build.moment(694.0)
    assert [trace.route for trace in session.appeared] == [build.route(SERVER)]
    assert found.baselines[0].snapshot.taken.boot == 690.0


def test_what_the_client_did_long_before_its_tunnel_does_not() -> None:
    early = Sight(snapshot=seen(600.0, routes=(DEFAULT, SERVER)), changes=(told(SERVER, 600.0),))
    found = followed(seen(0.0), early, seen(697.0, TUN, routes=(DEFAULT, SERVER)))
    assert found.course.sessions[0].opened == build.moment(697.0)
    assert found.course.sessions[0].appeared == ()


def test_a_snapshot_that_had_not_come_to_rest_is_no_baseline() -> None:
    restless = Sight(snapshot=seen(695.0, routes=(DEFAULT, SERVER)), settled=False)
    unsure = replace(seen(696.0, routes=(DEFAULT, SERVER)), unsure=("inet",))
    found = followed(seen(0.0), restless, unsure, seen(697.0, TUN))
    assert found.baselines[0].snapshot.taken.boot == 0.0


def test_the_history_holds_few_snapshots_and_one_from_before_the_last_seconds() -> None:
    found = followed(*(seen(n / 2) for n in range(60)))
    times = [snapshot.taken.boot for snapshot in found.course.history]
    assert len(times) == SNAPSHOTS
    assert times[0] < times[-1] - 10.0


def test_two_tunnels_opened_in_one_look_rest_on_one_baseline() -> None:
    second = build.link("tun1 kind tun index 8 up carrier")
    found = followed(seen(0.0), seen(9.0, TUN, second))
    assert [session.baseline for session in found.course.sessions] == [1, 1]
    assert [baseline.id for baseline in found.baselines] == [1]


def test_an_unchanged_table_is_not_stored_twice() -> None:
    first = next_baseline(seen(0.0), Series(), "periodic")
    course = Course(series=extended(Series(), first))
    found = followed(seen(1.0), seen(9.0, TUN), course=course)
    assert (found.baselines, found.course.sessions[0].baseline) == ((), 1)


def test_an_unchanged_table_that_has_proved_itself_is_stored_again() -> None:
    first = next_baseline(seen(0.0), Series(), "periodic")
    course = Course(series=extended(Series(), first))
    found = followed(seen(400.0), seen(409.0, TUN), course=course)
    assert [(baseline.id, baseline.proven) for baseline in found.baselines] == [(2, True)]
    assert found.course.sessions[0].baseline == 2


def test_a_closed_session_with_nothing_to_remember_is_forgotten_after_a_while() -> None:
    over = followed(seen(0.0), seen(700.0, TUN), seen(800.0)).course
    assert followed(seen(800.0 + IN_SIGHT - 1), course=over).course.sessions
    assert followed(seen(800.0 + IN_SIGHT + 1), course=over).course.sessions == ()


def test_a_session_that_left_something_is_not_forgotten() -> None:
    vpn = Sight(snapshot=seen(700.0, TUN, routes=(DEFAULT, SERVER)), changes=(told(SERVER, 700.0),))
    left = seen(9000.0, routes=(DEFAULT, SERVER))
    [session] = followed(seen(0.0), vpn, seen(800.0, routes=(DEFAULT, SERVER)), left).course.sessions
    assert [trace.route for trace in session.appeared] == [build.route(SERVER)]


def test_lost_messages_are_told_as_a_gap() -> None:
    assert kinds(followed(Sight(snapshot=seen(0.0), lost=True))) == ["gap"]


def test_another_place_ends_every_session_and_begins_anew() -> None:
    opened = followed(seen(0.0), seen(700.0, TUN)).course
    elsewhere = replace(seen(5.0), place=Place(boot="boot-2", namespace="net-1"))
    found = followed(elsewhere, course=opened)
    assert kinds(found) == ["place_changed", "session_closed"]
    assert [session.ended for session in found.sessions] == ["another boot or network namespace"]
    assert (found.course.sessions, found.course.series.latest, found.course.next_session) == ((), None, 2)


def test_a_link_made_long_before_it_carried_anything_is_no_sign() -> None:
    made = replace(TUN, carrier=False, owner=None)
    history = tuple(seen(float(at), made) for at in range(3))
    found = before_first_sign(history, TUN, None)
    assert found is not None
    assert found.taken.boot == 2.0


def test_a_link_made_a_moment_ago_is_a_sign() -> None:
    history = (seen(0.0), seen(1.0, replace(TUN, carrier=False, owner=None)))
    found = before_first_sign(history, TUN, None)
    assert found is not None
    assert found.taken.boot == 0.0


def test_without_a_snapshot_from_before_there_is_no_baseline() -> None:
    assert before_first_sign((seen(0.0, TUN),), TUN, None) is None


def test_the_first_baseline_is_unproven_and_later_ones_are_not() -> None:
    series = extended(Series(), next_baseline(seen(0.0), Series(), "periodic"))
    assert not next_baseline(seen(10.0), series, "session").proven
    assert next_baseline(seen(400.0), series, "session").proven
    assert next_baseline(seen(10.0), Series(), "by hand").proven


def test_a_baseline_taken_under_a_vpn_is_tainted() -> None:
    assert next_baseline(seen(0.0, TUN), Series(), "periodic").tainted
    dead = seen(0.0, replace(TUN, carrier=False), routes=("default dev tun0",))
    assert next_baseline(dead, Series(), "periodic").tainted
    assert not next_baseline(seen(0.0, replace(TUN, carrier=False)), Series(), "periodic").tainted
