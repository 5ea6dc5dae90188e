"""What a VPN took away and should come back, and what stands in the way of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.baselines import Series, next_baseline
from routewatch.core.memory import Baseline, Doubted, Memory, Session, Tie, Trace
from routewatch.core.missing import find_missing
from routewatch.core.model import Author, Link, PolicyRule, Route
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict
from tests import build

if TYPE_CHECKING:
    from routewatch.core.snapshot import Snapshot

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
TUN = build.link("tun0 kind tun index 7 up carrier owner openvpn[1234]", "10.8.0.2/24")
DEFAULT = "default via 192.168.1.1 dev eth0 proto dhcp metric 100"
OFFICE = "10.50.0.0/16 via 192.168.1.5 dev eth0"
RULE = build.rule("100: from 10.0.0.0/8 lookup 7")


def seen(*lines: str, links: tuple[Link, ...] = (ETH,), at: float = 1000.0) -> Snapshot:
    return build.snapshot(routes=lines, links=links, at=at)


BEFORE = replace(next_baseline(seen(DEFAULT, OFFICE, at=0.0), Series(first=-1000.0), "periodic"), proven=True)


def went(row: str | PolicyRule, tie: Tie = "author") -> Trace:
    route, rule = (None, row) if isinstance(row, PolicyRule) else (build.route(row), None)
    return Trace(at=build.moment(110.0), tie=tie, author=Author(), route=route, policy_rule=rule)


def session(*traces: Trace, baseline: int | None = 1, others: tuple[str, ...] = ()) -> Session:
    return Session(
        id=1,
        tunnel=TUN,
        client="openvpn",
        opened=build.moment(100.0),
        closed=build.moment(500.0),
        baseline=baseline,
        vanished=traces,
        others=tuple(map(build.route, others)),
    )


def missing(now: Snapshot, *sessions: Session, before: Baseline | None = BEFORE) -> list[Finding]:
    known = {} if before is None else {before.id: before}
    return list(find_missing(Scene(now, Memory(latest=before, baselines=known, sessions=sessions))))


def rules(found: list[Finding]) -> list[str]:
    return [finding.rule for finding in found]


def test_a_default_that_the_client_took_should_come_back() -> None:
    [found] = missing(seen(OFFICE), session(went(DEFAULT)))
    assert (found.verdict, found.confidence, found.rule) == (Verdict.MISSING, "certain", "taken-by-session")
    assert found.route == build.route(DEFAULT)


def test_it_is_likely_where_nobody_saw_the_client_do_it_or_the_baseline_is_unproven() -> None:
    assert missing(seen(OFFICE), session(went(DEFAULT, "time")))[0].confidence == "likely"
    assert missing(seen(OFFICE), session(went(DEFAULT)), before=replace(BEFORE, proven=False))[0].confidence == "likely"


def test_what_came_back_with_another_metric_is_not_missing() -> None:
    assert missing(seen(OFFICE, "default via 192.168.1.1 dev eth0"), session(went(DEFAULT))) == []


def test_a_rule_that_was_taken_comes_back_and_one_that_is_there_is_not_missing() -> None:
    before = replace(BEFORE, snapshot=replace(BEFORE.snapshot, rules=(RULE,)))
    now = seen(DEFAULT, OFFICE)
    assert rules(missing(now, session(went(RULE)), before=before)) == ["taken-by-session"]
    assert missing(replace(now, rules=(RULE,)), session(went(RULE)), before=before) == []


def test_without_a_session_only_a_lost_default_counts() -> None:
    found = missing(seen(OFFICE))
    assert [(f.verdict, f.confidence, f.rule) for f in found] == [(Verdict.MISSING, "likely", "gone-since-baseline")]
    assert [f.verdict for f in missing(seen(DEFAULT))] == [Verdict.UNCERTAIN]


def test_a_loss_is_told_once() -> None:
    assert len(missing(seen(OFFICE), session(went(DEFAULT)), session(went(DEFAULT)))) == 1


def test_a_default_that_somebody_else_took_is_not_missing() -> None:
    taken = replace(session(), others_took=(build.route(DEFAULT),))
    assert missing(seen(OFFICE), taken) == []


def test_what_was_wrong_already_is_not_missed() -> None:
    doubted = replace(BEFORE, doubted=Doubted(routes=(build.route(DEFAULT),)))
    assert missing(seen(OFFICE), before=doubted) == []


def test_what_went_with_its_link_or_its_address_is_not_missing() -> None:
    assert missing(seen(links=(replace(ETH, up=False),)), session(went(DEFAULT))) == []
    assert missing(seen(links=()), session(went(DEFAULT))) == []
    assert missing(seen(links=(replace(ETH, index=9),)), session(went(DEFAULT))) == []
    connected = "172.18.0.0/16 dev eth0 proto kernel"
    assert missing(seen(DEFAULT, OFFICE), session(went(connected))) == []


def test_a_route_into_a_tunnel_that_nobody_holds_is_not_missing() -> None:
    dead = replace(TUN, carrier=False, owner=None, persistent=True)
    assert missing(seen(DEFAULT, OFFICE, links=(ETH, dead)), session(went("10.7.0.0/16 dev tun0"))) == []


def test_nothing_is_put_back_while_a_tunnel_is_up() -> None:
    [found] = missing(seen(OFFICE, links=(ETH, TUN)), session(went(DEFAULT)))
    assert (found.verdict, found.rule) == (Verdict.EXPECTED, "tunnel-up")


def test_nothing_is_put_back_from_a_tainted_baseline_or_without_one() -> None:
    tainted = replace(BEFORE, tainted=True)
    assert rules(missing(seen(OFFICE), session(went(DEFAULT)), before=tainted)) == ["tainted-baseline"]
    assert rules(missing(seen(OFFICE), session(went(DEFAULT), baseline=None), before=None)) == ["tainted-baseline"]


def test_nothing_is_put_back_on_another_network() -> None:
    moved = replace(ETH, addresses=build.link("eth0", "192.168.5.2/24").addresses)
    assert rules(missing(seen(links=(moved,)), session(went(DEFAULT)))) == ["other-network", "other-network"]


def test_a_side_link_on_another_network_is_elsewhere_too() -> None:
    side = build.link("eth1 index 3 up carrier", "192.168.8.2/24")
    line = "10.70.0.0/16 via 192.168.8.1 dev eth1"
    links = (ETH, side)
    before = next_baseline(seen(DEFAULT, OFFICE, line, links=links, at=0.0), Series(first=-1000.0), "periodic")
    moved = replace(side, addresses=build.link("eth1", "192.168.9.2/24").addresses)
    now = seen(DEFAULT, OFFICE, links=(ETH, moved))
    assert rules(missing(now, session(went(line)), before=before)) == ["other-network"]


def test_what_somebody_made_during_the_session_is_not_vouched_for() -> None:
    assert rules(missing(seen(DEFAULT, OFFICE), session(went("10.77.0.0/16 via 192.168.1.9 dev eth0")))) == [
        "made-meanwhile"
    ]
    assert rules(missing(seen(DEFAULT, OFFICE), session(went(RULE)))) == ["made-meanwhile"]


def test_another_default_in_its_place_makes_it_needless() -> None:
    [found] = missing(seen(OFFICE, "default via 192.168.1.254 dev eth0"), session(went(DEFAULT)))
    assert (found.verdict, found.rule) == (Verdict.EXPECTED, "successor")


def test_a_default_that_leads_nowhere_takes_nobodys_place() -> None:
    assert rules(missing(seen(OFFICE, "default via 10.99.0.1 dev eth0"), session(went(DEFAULT)))) == [
        "taken-by-session"
    ]


def test_of_two_defaults_lost_one_after_the_other_the_later_one_was_right() -> None:
    later = "default via 192.168.1.254 dev eth0 proto dhcp metric 100"
    found = missing(seen(OFFICE), session(went(DEFAULT), went(later)))
    assert [(f.rule, f.route and f.route.gateway) for f in found] == [
        ("taken-by-session", "192.168.1.254"),
        ("successor", "192.168.1.1"),
    ]


def test_a_route_whose_next_hop_is_out_of_reach_waits() -> None:
    lost = "10.80.0.0/16 via 10.99.0.1 dev eth0"
    before = replace(BEFORE, snapshot=seen(DEFAULT, OFFICE, lost, at=0.0))
    assert rules(missing(seen(DEFAULT, OFFICE), session(went(lost)), before=before)) == ["out-of-reach"]


def test_what_a_router_told_of_it_may_take_back_where_nothing_ties_the_loss_to_a_vpn() -> None:
    advertised, pointed = "::/0 via fe80::1 dev eth0 proto ra", "10.9.0.0/16 via 192.168.1.7 dev eth0 proto redirect"
    before = replace(BEFORE, snapshot=seen(DEFAULT, OFFICE, advertised, pointed, at=0.0))
    assert rules(missing(seen(DEFAULT, OFFICE), before=before)) == ["advertised", "advertised"]
    tied = session(went(advertised), went(pointed))
    found = missing(seen(DEFAULT, OFFICE), tied, before=before)
    assert {f.route.protocol: f.rule for f in found if f.route} == {"ra": "taken-by-session", "redirect": "advertised"}


def test_a_blackhole_that_was_taken_comes_back() -> None:
    lost = "blackhole 10.80.0.0/16"
    before = replace(BEFORE, snapshot=seen(DEFAULT, OFFICE, lost, at=0.0))
    [found] = missing(seen(DEFAULT, OFFICE), session(went(lost)), before=before)
    assert (found.rule, isinstance(found.row, Route)) == ("taken-by-session", True)
