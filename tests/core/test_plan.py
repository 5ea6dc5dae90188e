"""From findings to an ordered plan: what is wished for, in which order, what belongs together, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.memory import Memory
from routewatch.core.model import Login, Nexthop, PolicyRule, Route
from routewatch.core.plan import Plan, plan
from routewatch.core.refusals import Protection, Wishes
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict
from tests import build
from tests.scenarios.story import text

if TYPE_CHECKING:
    from routewatch.core.verdict import Confidence

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "fe80::2/64")
TUN = build.link("tun0 kind tun index 7 up persistent", "10.8.0.2/24")
LAN = "192.168.1.0/24 dev eth0 proto kernel"
DEFAULT = "default via 192.168.1.1 dev eth0"
SERVER = "203.0.113.10 via 192.168.1.1 dev eth0"
AS_FOUND = Wishes(login_peers=())


def scene(*rows: str) -> Scene:
    routes = [row for row in rows if not _is_rule(row)]
    rules = [row for row in rows if _is_rule(row)]
    return Scene(build.snapshot(routes=[LAN, *routes], links=[ETH, TUN], rules=rules, at=1000.0), Memory())


def _is_rule(line: str) -> bool:
    return line.partition(":")[0].isdigit() and ": " in line


def row(line: str) -> Route | PolicyRule:
    return build.rule(line) if _is_rule(line) else build.route(line)


def finding(
    line: str,
    verdict: Verdict = Verdict.ORPHANED,
    *,
    confidence: Confidence = "certain",
    session: int | None = 1,
) -> Finding:
    found = row(line)
    return Finding(
        verdict=verdict,
        rule="leftover",
        because="why",
        confidence=confidence,
        route=found if isinstance(found, Route) else None,
        policy_rule=found if isinstance(found, PolicyRule) else None,
        session=session,
    )


def missing(line: str) -> Finding:
    return finding(line, Verdict.MISSING)


def planned(*findings: Finding, there: tuple[str, ...] = (), wishes: Wishes = AS_FOUND) -> Plan:
    return plan(findings, _scene_with(findings, there), wishes)


def _scene_with(findings: tuple[Finding, ...], there: tuple[str, ...]) -> Scene:
    base = scene(*there).now
    present = [f.row for f in findings if f.verdict is not Verdict.MISSING]
    routes = [*base.routes.values(), *(r for r in present if isinstance(r, Route))]
    rules = [*base.rules, *(r for r in present if isinstance(r, PolicyRule))]
    return Scene(replace(base, routes=build.table(*routes), rules=tuple(rules)), Memory())


def steps(made: Plan) -> list[str]:
    return [f"{step.action} {text(step.route or step.policy_rule)}" for step in made.steps]


def reasons(made: Plan) -> list[tuple[str, str]]:
    return [(each.rule, text(each.route or each.policy_rule)) for each in made.refused]


def test_a_leftover_is_deleted_with_its_reason_and_its_effect() -> None:
    made = planned(finding(SERVER), there=(DEFAULT,))
    [step] = made.steps
    assert (step.action, step.rule, step.because, step.confidence) == ("delete", "leftover", "why", "certain")
    assert step.effect == "203.0.113.10/32 will go via 192.168.1.1 dev eth0 (by 0.0.0.0/0)"


def test_nothing_found_makes_an_empty_plan() -> None:
    assert planned() == Plan()


def test_only_what_is_wished_for_is_planned() -> None:
    likely = finding(SERVER, confidence="likely")
    assert steps(planned(likely, wishes=Wishes(login_peers=(), confidences=frozenset({"certain"})))) == []
    assert steps(planned(likely, wishes=Wishes(login_peers=(), session=2))) == []
    assert steps(planned(likely, wishes=Wishes(login_peers=(), session=1))) == [
        "delete 203.0.113.10/32 via 192.168.1.1 dev eth0"
    ]
    assert steps(planned(finding(SERVER, Verdict.EXPECTED))) == []
    assert steps(planned(finding(SERVER, Verdict.UNCERTAIN))) == []


def test_an_uncertain_one_goes_by_its_name_and_an_expected_one_never() -> None:
    by_name = Wishes(login_peers=(), only=frozenset({"203.0.113.10/32"}))
    assert len(planned(finding(SERVER, Verdict.UNCERTAIN), wishes=by_name).steps) == 1
    assert planned(finding(SERVER, Verdict.EXPECTED), wishes=by_name).steps == ()
    assert planned(finding("10.0.0.0/8 via 192.168.1.9 dev eth0"), wishes=by_name).steps == ()


def test_nothing_is_put_back_where_that_is_not_wished() -> None:
    assert steps(planned(missing(DEFAULT))) == ["add 0.0.0.0/0 via 192.168.1.1 dev eth0"]
    assert steps(planned(missing(DEFAULT), wishes=Wishes(login_peers=(), restore=False))) == []
    lost = replace(missing(DEFAULT), verdict=Verdict.UNCERTAIN)
    by_name = Wishes(login_peers=(), restore=False, only=frozenset({"default"}))
    assert plan([lost], scene(), by_name).steps == ()


def test_rules_go_first_and_defaults_are_touched_last() -> None:
    made = planned(
        finding("default via 10.8.0.1 dev tun0"),
        finding("10.60.0.0/16 dev tun0", session=2),
        finding("10.61.0.0/16 via 10.8.0.1 dev tun0", session=3),
        finding("100: from 10.1.0.0/16 lookup 7"),
        finding("200: from 10.1.0.0/16 lookup 7"),
        missing(DEFAULT + " metric 100"),
        missing("10.50.0.0/16 via 192.168.1.5 dev eth0"),
        missing("172.18.0.0/16 dev eth0"),
        missing("300: from 10.2.0.0/16 lookup 9"),
    )
    assert steps(made) == [
        "delete 200: from 10.1.0.0/16 lookup 7",
        "delete 100: from 10.1.0.0/16 lookup 7",
        "delete 10.61.0.0/16 via 10.8.0.1 dev tun0",
        "delete 10.60.0.0/16 dev tun0",
        "add 172.18.0.0/16 dev eth0",
        "add 10.50.0.0/16 via 192.168.1.5 dev eth0",
        "add 300: from 10.2.0.0/16 lookup 9",
        "add 0.0.0.0/0 via 192.168.1.1 dev eth0 metric 100",
        "delete 0.0.0.0/0 via 10.8.0.1 dev tun0",
    ]


def test_what_a_default_is_reached_by_goes_after_it_so_that_undo_finds_it() -> None:
    made = planned(
        finding("10.9.9.1 dev tun0"), finding("default via 10.9.9.1 dev tun0"), there=(DEFAULT + " metric 5",)
    )
    assert steps(made) == ["delete 0.0.0.0/0 via 10.9.9.1 dev tun0", "delete 10.9.9.1/32 dev tun0"]


def test_a_wrong_default_is_replaced_by_the_right_one_in_one_act() -> None:
    made = planned(finding("default via 10.8.0.1 dev tun0"), missing(DEFAULT))
    [step] = made.steps
    assert (step.action, text(step.replaces)) == ("replace", "0.0.0.0/0 via 10.8.0.1 dev tun0")
    assert text(step.route) == "0.0.0.0/0 via 192.168.1.1 dev eth0"


def test_of_several_rows_in_one_place_none_is_replaced() -> None:
    made = planned(
        finding("10.50.0.0/16 via 10.8.0.1 dev tun0"),
        missing("10.50.0.0/16 via 192.168.1.5 dev eth0"),
        there=("10.50.0.0/16 dev eth0",),
    )
    assert [step.action for step in made.steps] == ["delete", "add"]


def test_the_last_default_that_leads_somewhere_stays() -> None:
    made = planned(finding(DEFAULT))
    assert made.steps == ()
    assert reasons(made) == [("last-default", "0.0.0.0/0 via 192.168.1.1 dev eth0")]


def test_a_default_may_go_where_another_is_left() -> None:
    assert len(planned(finding(DEFAULT), there=("default via 192.168.1.9 dev eth0 metric 9",)).steps) == 1


def test_the_route_of_a_remote_login_stays() -> None:
    made = planned(
        finding(SERVER),
        there=("default via 192.168.1.9 dev eth0",),
        wishes=Wishes(login_peers=(Login(peer="203.0.113.10"),)),
    )
    assert reasons(made) == [("remote-login", "203.0.113.10/32 via 192.168.1.1 dev eth0")]


def test_a_group_is_taken_as_a_whole_or_not_at_all() -> None:
    one, two = finding("10.60.0.0/16 via 10.8.0.1 dev tun0"), finding("10.61.0.0/16 via 10.8.0.1 dev tun0")
    whole = planned(one, two)
    assert len({step.group for step in whole.steps}) == 1
    assert whole.steps[0].group
    made = planned(
        one, two, finding(SERVER), wishes=Wishes(login_peers=(), protect=Protection(destinations=("10.61.0.0/16",)))
    )
    assert steps(made) == ["delete 203.0.113.10/32 via 192.168.1.1 dev eth0"]
    assert reasons(made) == [
        ("protected", "10.61.0.0/16 via 10.8.0.1 dev tun0"),
        ("group", "10.60.0.0/16 via 10.8.0.1 dev tun0"),
    ]


def test_rules_of_no_session_go_together_by_what_was_found() -> None:
    made = planned(finding("1: from all lookup 7", session=None), finding("2: from all lookup 7", session=None))
    assert len({step.group for step in made.steps}) == 1


def test_a_limit_cuts_no_group() -> None:
    group = [finding(f"10.{n}.0.0/16 via 10.8.0.1 dev tun0") for n in (60, 61, 62)]
    made = planned(finding(SERVER), *group, wishes=Wishes(login_peers=(), limit=2))
    assert steps(made) == ["delete 203.0.113.10/32 via 192.168.1.1 dev eth0"]
    assert {rule for rule, _ in reasons(made)} == {"limit"}
    assert len(planned(finding(SERVER), *group, wishes=Wishes(login_peers=(), limit=4)).steps) == 4


def test_a_limit_is_each_sessions_own_and_what_was_done_before_counts() -> None:
    of_one = [finding(SERVER), finding("203.0.113.11 via 192.168.1.1 dev eth0")]
    of_other = [
        finding("203.0.113.12 dev tun0", session=2),
        finding("203.0.113.13 via 192.168.1.7 dev eth0", session=2),
    ]
    unattended = Wishes(login_peers=(), limit=2)

    assert len(planned(*of_one, *of_other, wishes=unattended).steps) == 4
    made = planned(*of_one, *of_other, wishes=replace(unattended, spent={2: 1}))
    assert [row for _, row in reasons(made)] == ["203.0.113.12/32 dev tun0"]
    assert planned(*of_one, wishes=replace(unattended, spent={1: 7})).steps == ()
    assert {rule for rule, _ in reasons(planned(*of_one, wishes=replace(unattended, resting=True)))} == {"rate-limit"}
    assert planned(*of_one, wishes=Wishes(login_peers=(), resting=True)).steps  # a person decides


def test_what_the_kernel_would_not_take_back_now_is_conditional() -> None:
    gone = [
        "10.60.0.0/16 via 10.77.0.1 dev tun0",
        "10.61.0.0/16 dev tun5",
        "10.62.0.0/16 via 10.77.0.1 dev tun5 onlink",
    ]
    kept = ["10.63.0.0/16 via 10.77.0.1 dev tun0 onlink", "10.64.0.0/16 dev tun0", "10.66.0.0/16 nhid 7"]
    kept += ["10.65.0.0/16 via 10.8.0.1 dev tun0", "blackhole 10.67.0.0/16"]
    found = [finding(line, session=n) for n, line in enumerate(gone + kept)]
    made = planned(*found, there=("10.8.0.0/24 dev tun0 proto kernel",))
    conditional = {step.route.destination for step in made.steps if step.conditional and step.route}
    assert conditional == {"10.60.0.0/16", "10.61.0.0/16", "10.62.0.0/16"}


def test_each_leg_must_be_reachable_to_be_taken_back() -> None:
    legs = replace(
        build.route("10.60.0.0/16 nexthop via 192.168.1.5 dev eth0 nexthop via 192.168.1.6 dev eth0"), protocol="static"
    )
    one = replace(finding(SERVER), route=legs)
    assert not planned(one).steps[0].conditional
    dead = replace(legs, nexthops=(*legs.nexthops, Nexthop(gateway="10.77.0.1", interface="tun0")))
    assert planned(replace(one, route=dead)).steps[0].conditional


def test_the_same_findings_make_the_same_plan() -> None:
    found = [finding(SERVER), missing("10.50.0.0/16 via 192.168.1.5 dev eth0")]
    assert planned(*found) == planned(*found)
