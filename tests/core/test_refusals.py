"""The standing refusals, one by one: whatever was found and whoever asks, these hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.baselines import Series, next_baseline
from routewatch.core.memory import Deletion, Memory, Session, TakenBack, Trace
from routewatch.core.model import Author, Ipv6Settings, PolicyRule, Route
from routewatch.core.refusals import Proposal, Protection, Wishes, named, refusal
from routewatch.core.scene import Scene
from routewatch.core.steps import Action, Step
from routewatch.core.verdict import Finding, Verdict
from tests import build

if TYPE_CHECKING:
    from routewatch.core.memory import Baseline
    from routewatch.core.snapshot import Snapshot

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24")
TUN = build.link("tun0 kind tun index 7 up carrier owner openvpn[1234]", "10.8.0.2/24")
STALE = build.route("10.1.0.0/16 via 192.168.1.7 dev eth0")
NOW = build.snapshot(routes=[STALE], links=[ETH], at=1000.0)


NOTHING, AS_FOUND = Memory(), Wishes(login_peers=())


def proposal(row: Route | PolicyRule = STALE, action: Action = "delete", *, evidence: tuple[str, ...] = ()) -> Proposal:
    route, rule = (row, None) if isinstance(row, Route) else (None, row)
    finding = Finding(
        verdict=Verdict.ORPHANED, rule="dead-end", because="", route=route, policy_rule=rule, evidence=evidence
    )
    return Proposal(Step(action=action, route=route, policy_rule=rule), finding)


def refused(
    asked: Proposal,
    now: Snapshot = NOW,
    memory: Memory = NOTHING,
    wishes: Wishes = AS_FOUND,
) -> str | None:
    found = refusal(asked, Scene(now, memory), wishes)
    return None if found is None else found.rule


def proven(*, tainted: bool = False) -> Baseline:
    made = next_baseline(build.snapshot(routes=[STALE], links=[ETH]), Series(first=-1000.0), "periodic")
    return replace(made, tainted=tainted)


def session(
    *traces: Trace, opened: float = 100.0, closed: float | None = 200.0, baseline: int | None = None
) -> Session:
    return Session(
        id=1,
        tunnel=TUN,
        client="openvpn",
        holder=TUN.owner,
        opened=build.moment(opened),
        closed=None if closed is None else build.moment(closed),
        appeared=traces,
        baseline=baseline,
    )


def came(route: Route) -> Trace:
    return Trace(at=build.moment(110.0), tie="author", author=Author(), route=route)


def test_a_step_that_nothing_speaks_against_is_not_refused() -> None:
    assert refused(proposal()) is None


def test_nothing_is_done_on_an_incomplete_table() -> None:
    assert refused(proposal(), replace(NOW, complete=False)) == "incomplete"


def test_nothing_is_done_in_a_family_that_changed_while_it_was_read() -> None:
    assert refused(proposal(), replace(NOW, unsure=("inet",))) == "unsure"
    assert refused(proposal(), replace(NOW, unsure=("inet6",))) is None


def test_nothing_is_done_before_the_table_has_come_to_rest() -> None:
    assert refused(proposal(), wishes=Wishes(login_peers=(), settled=False)) == "unsettled"


def test_what_could_not_be_written_back_is_not_taken_away() -> None:
    assert refused(proposal(replace(STALE, unwritable=("encap",)))) == "inexpressible"


@pytest.mark.parametrize(
    "row",
    [
        build.route("192.168.1.0/24 dev eth0 proto kernel"),
        build.route("10.1.2.3 via 192.168.1.1 dev eth0 proto redirect"),
        build.route("local 192.168.1.2 dev eth0"),
        build.route("multicast ff00::/8 dev eth0 table 255"),
        build.rule("0: from all lookup local"),
        build.rule("32766: from all lookup main"),
        build.rule("77: from all lookup 99 proto kernel"),
    ],
)
def test_what_the_kernel_made_is_not_deleted(row: Route | PolicyRule) -> None:
    assert refused(proposal(row)) == "kernel-made"


def test_a_connected_route_that_was_taken_away_may_come_back() -> None:
    assert refused(proposal(build.route("172.18.0.0/16 dev br0 proto kernel"), "add")) is None


def test_a_rule_of_somebody_at_the_kernels_priority_is_not_the_kernels() -> None:
    assert refused(proposal(build.rule("32766: from 10.0.0.0/8 lookup 77"))) is None


@pytest.mark.parametrize(
    "protect",
    [
        Protection(destinations=("10.0.0.0/8",)),
        Protection(interfaces=("eth*",)),
        Protection(tables=(254,)),
        Protection(protocols=("boot",)),
    ],
)
def test_what_the_configuration_protects_stays(protect: Protection) -> None:
    assert refused(proposal(), wishes=Wishes(login_peers=(), protect=protect)) == "protected"


def test_putting_back_what_is_protected_or_kept_is_no_offence() -> None:
    guard = Wishes(login_peers=(), protect=Protection(destinations=("10.0.0.0/8",)))
    assert refused(proposal(action="add"), memory=Memory(kept=frozenset({"10.1.0.0/16"})), wishes=guard) is None


def test_a_protection_covers_rules_and_every_leg() -> None:
    guard = Wishes(login_peers=(), protect=Protection(destinations=("10.0.0.0/8",), interfaces=("usb*",)))
    assert refused(proposal(build.rule("9: from 10.2.0.0/16 lookup 7")), wishes=guard) == "protected"
    assert refused(proposal(build.rule("9: from all iif usb0 lookup 7")), wishes=guard) == "protected"
    legs = build.route("192.0.2.0/24 nexthop via 192.168.1.1 dev eth0 nexthop via 192.168.7.1 dev usb0")
    assert refused(proposal(legs), wishes=guard) == "protected"
    assert refused(proposal(build.rule("9: from all fwmark 1 lookup 7")), wishes=guard) is None


def test_what_a_person_called_his_own_stays() -> None:
    assert refused(proposal(), memory=Memory(kept=frozenset({"10.1.0.0/16"}))) == "kept"


def test_what_stood_in_a_proven_baseline_stays() -> None:
    assert refused(proposal(), memory=Memory(latest=proven())) == "in-proven-baseline"


def test_a_tainted_or_an_unproven_baseline_protects_nothing() -> None:
    assert refused(proposal(), memory=Memory(latest=proven(tainted=True))) is None
    assert refused(proposal(), memory=Memory(latest=replace(proven(), proven=False))) is None


def test_a_dead_row_of_a_proven_baseline_goes_only_by_its_name() -> None:
    by_name = Wishes(login_peers=(), only=frozenset({"10.1.0.0/16"}))
    memory = Memory(latest=proven())
    assert refused(proposal(evidence=("E4",)), memory=memory, wishes=by_name) is None
    assert refused(proposal(evidence=("E4",)), memory=memory) == "in-proven-baseline"
    assert refused(proposal(evidence=("E5",)), memory=memory, wishes=by_name) == "in-proven-baseline"


def test_a_rule_of_a_proven_baseline_stays() -> None:
    rule = build.rule("9: from all fwmark 1 lookup 7")
    now = replace(NOW, rules=(rule,))
    assert refused(proposal(rule), now, Memory(latest=replace(proven(), snapshot=now))) == "in-proven-baseline"


def test_a_leftover_does_not_become_sacred_by_a_later_baseline() -> None:
    before = replace(proven(), id=1, snapshot=build.snapshot(links=[ETH]))
    later = replace(proven(), id=2)
    memory = Memory(latest=later, baselines={1: before, 2: later}, sessions=(session(came(STALE), baseline=1),))
    assert refused(proposal(), memory=memory) is None


def test_a_row_of_before_its_first_session_stays_though_a_client_made_it_again() -> None:
    memory = Memory(baselines={1: proven()}, sessions=(session(came(STALE), baseline=1),))
    assert refused(proposal(), memory=memory) == "in-proven-baseline"


def test_what_came_back_after_us_stays_until_a_new_session_brings_it() -> None:
    deleted = (Deletion(at=build.moment(150.0), route=STALE),)
    assert refused(proposal(), memory=Memory(deleted=deleted)) == "came-back"
    assert refused(proposal(), memory=Memory(deleted=deleted, sessions=(session(came(STALE)),))) == "came-back"
    later = session(came(STALE), opened=160.0)
    assert refused(proposal(), memory=Memory(deleted=deleted, sessions=(later,))) is None
    assert refused(proposal(action="add"), memory=Memory(deleted=deleted)) is None


def test_what_an_undo_took_back_is_not_done_again_unattended_in_the_same_session() -> None:
    before = Memory(taken_back=(TakenBack(at=build.moment(300.0), row=STALE),), sessions=(session(came(STALE)),))
    alone = replace(AS_FOUND, limit=20)
    asked = proposal()
    of_it = Proposal(asked.step, replace(asked.finding, session=1))

    assert refused(asked, memory=before, wishes=alone) == "taken-back"
    assert refused(of_it, memory=before, wishes=alone) == "taken-back"
    assert refused(of_it, memory=before) is None  # a person decides anew
    anew = replace(before, sessions=(session(came(STALE), opened=400.0, closed=500.0),))
    assert refused(of_it, memory=anew, wishes=alone) is None
    other = proposal(build.route("10.2.0.0/16 via 192.168.1.7 dev eth0"))
    assert refused(other, memory=before, wishes=alone) is None
    assert refused(other, wishes=alone) is None


def test_nothing_is_done_while_a_tunnel_is_young() -> None:
    assert refused(proposal(), memory=Memory(sessions=(session(opened=995.0, closed=None),))) == "connecting"
    assert refused(proposal(), memory=Memory(sessions=(session(opened=985.0, closed=None),))) is None


def test_nothing_is_done_while_a_client_looks_for_its_server() -> None:
    starting = build.process("openvpn[77]", started=99_800)
    assert refused(proposal(), replace(NOW, processes=(starting,))) == "connecting"
    assert refused(proposal(), replace(NOW, processes=(replace(starting, started=90_000),))) is None
    assert refused(proposal(), replace(NOW, processes=(replace(starting, name="bash"),))) is None


def test_a_young_client_that_holds_its_tunnel_connects_no_more() -> None:
    holder = build.process("openvpn[77]", started=99_800)
    now = replace(NOW, processes=(holder,), links=(ETH, replace(TUN, owner=holder)))
    assert refused(proposal(), now) is None


def test_nothing_is_taken_away_where_logins_could_not_be_looked_up() -> None:
    assert refused(proposal(), wishes=Wishes(login_peers=None)) == "logins-unknown"


def test_where_logins_could_not_be_looked_up_only_what_takes_nobodys_way_over_is_put_back() -> None:
    blind = Wishes(login_peers=None)
    default, narrow = (
        build.route("default via 192.168.1.1 dev eth0"),
        build.route("10.1.2.0/24 via 192.168.1.7 dev eth0"),
    )
    rule = build.rule("9: from all lookup 7")
    assert refused(proposal(default, "add"), wishes=blind) is None
    assert refused(proposal(narrow, "add"), wishes=blind) == "logins-unknown"  # 10.1.0.0/16 leads there now
    assert refused(proposal(rule, "add"), wishes=blind) == "logins-unknown"
    assert refused(proposal(rule, "add")) is None


def test_nothing_is_taken_away_by_a_wish_that_forgot_to_look_the_logins_up() -> None:
    assert refused(proposal(), wishes=Wishes()) == "logins-unknown"


def test_what_a_replace_takes_away_is_checked_as_well() -> None:
    old = build.route("default via 192.168.1.9 dev eth0 proto kernel")
    asked = proposal(build.route("default via 192.168.1.1 dev eth0"))
    replacing = Proposal(replace(asked.step, action="replace", replaces=old), asked.finding)
    assert refused(replacing) == "kernel-made"


def test_default_names_the_default_of_either_family() -> None:
    assert named(build.route("default via 192.168.1.1 dev eth0"), frozenset({"default"}))
    assert named(build.route("::/0 via fe80::1 dev eth0"), frozenset({"default"}))
    assert not named(STALE, frozenset({"default"}))
    assert not named(build.rule("9: from all lookup 7"), frozenset({"default"}))


def test_where_ipv6_is_switched_off_no_ipv6_route_is_put_back() -> None:
    off = build.snapshot(links=[replace(ETH, ipv6=Ipv6Settings(disabled=True))], at=1000.0)
    six, four = build.route("fd50::/48 via fe80::5 dev eth0"), STALE
    legs = build.route("fd50::/48 nexthop via fe80::5 dev eth0 nexthop via fe80::6 dev eth1")

    assert refused(proposal(six, "add"), off) == "ipv6-disabled"
    assert refused(proposal(legs, "add"), off) == "ipv6-disabled"
    assert refused(proposal(four, "add"), off) is None
    assert refused(proposal(six, "delete"), off) is None
    assert refused(proposal(six, "add"), build.snapshot(links=[replace(ETH, ipv6=Ipv6Settings())], at=1000.0)) is None
    assert refused(proposal(build.rule("100: from fd00::/8 lookup 7"), "add"), off) is None
