"""What changed is entered into the session it belongs to, and told as events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core import timeline
from routewatch.core.attribution import Ledger, trace
from routewatch.core.diff import Changed, Changes, RuleChanges
from routewatch.core.memory import Session
from routewatch.core.model import Author, Change, PolicyRule, Route
from routewatch.core.timeline import Book
from tests import build

if TYPE_CHECKING:
    import pytest

OPENVPN = Author(kind="process", process=build.process("openvpn[1234]"))
CHILD = Author(kind="process", process=build.process("ip[1300]"), ancestors=(build.process("openvpn[1234]"),))
ADMIN = Author(kind="process", process=build.process("ip[500]"), ancestors=(build.process("bash[400]"),))
TUN = build.link("tun0 kind tun index 7 up carrier owner openvpn[1234]")
SESSION = Session(id=1, tunnel=TUN, client="openvpn", holder=TUN.owner, opened=build.moment(100.0))
SERVER = build.route("203.0.113.10 via 192.168.1.1 dev eth0")
DEFAULT = build.route("default via 192.168.1.1 dev eth0 proto dhcp metric 100")
RULE = build.rule("100: from all fwmark 9 lookup 7")
LATE = build.moment(400.0)
NOTHING = RuleChanges()


def told(action: str, row: Route | PolicyRule, author: Author, at: float = 110.0) -> Change:
    return Change(
        action="add" if action == "add" else "delete",
        at=build.moment(at),
        author=author,
        route=row if isinstance(row, Route) else None,
        policy_rule=row if isinstance(row, PolicyRule) else None,
    )


def added(*routes: Route) -> Changes:
    return Changes(added=routes)


def removed(*routes: Route) -> Changes:
    return Changes(removed=routes)


def book(session: Session = SESSION, at: float = 110.0) -> Book:
    return Book((session,), build.moment(at))


def tie_of(row: Route | PolicyRule, author: Author | None, session: Session = SESSION, at: float = 110.0) -> str | None:
    change = None if author is None else told("add", row, author, at)
    found = trace(row, change, (session,), build.moment(at))
    return None if found is None else found[1].tie


def test_a_route_into_the_tunnel_is_the_sessions_whoever_made_it() -> None:
    assert tie_of(build.route("10.0.0.0/8 dev tun0"), ADMIN) == "interface"
    assert tie_of(build.rule("9: from all iif tun0 lookup 7"), ADMIN) == "interface"
    legs = build.route("10.0.0.0/8 nexthop via 192.168.1.1 dev eth0 nexthop dev tun0")
    assert tie_of(legs, ADMIN) == "interface"


def test_what_the_client_or_its_child_made_is_the_sessions() -> None:
    assert tie_of(SERVER, OPENVPN) == "author"
    assert tie_of(SERVER, CHILD) == "author"
    assert tie_of(SERVER, ADMIN) is None


def test_a_process_that_took_over_the_holders_pid_is_not_the_client() -> None:
    later = Author(kind="process", process=build.process("openvpn[1234]", started=9))
    assert tie_of(SERVER, later) is None


def test_another_process_of_the_same_client_is_the_client() -> None:
    helper = Author(kind="process", process=build.process("openvpn[99]"))
    assert tie_of(SERVER, helper) == "author"
    assert (
        tie_of(SERVER, Author(kind="process", process=build.process("openvpn[99]")), replace(SESSION, client=None))
        is None
    )


def test_what_nobody_saw_the_author_of_is_the_sessions_only_right_after_its_opening() -> None:
    assert tie_of(SERVER, None) == "time"
    assert tie_of(SERVER, None, at=400.0) is None
    assert tie_of(SERVER, Author(kind="kernel")) is None


def test_a_name_that_was_used_again_ties_nothing_to_the_session_before() -> None:
    closed = replace(SESSION, closed=build.moment(120.0))
    assert tie_of(build.route("10.0.0.0/8 dev tun0"), ADMIN, closed, at=130.0) is None


def test_the_strongest_tie_wins_and_of_equal_ones_the_later_session() -> None:
    second = replace(SESSION, id=2, tunnel=build.link("tun1 kind tun index 8 up carrier"), opened=build.moment(105.0))
    own = trace(build.route("10.0.0.0/8 dev tun0"), None, (SESSION, second), build.moment(110.0))
    assert own is not None
    assert own[0].id == 1
    either = trace(SERVER, None, (SESSION, second), build.moment(110.0))
    assert either is not None
    assert either[0].id == 2


def test_a_message_is_found_again_by_its_row_or_by_the_place_it_took() -> None:
    ledger = Ledger(
        [told("add", SERVER, OPENVPN), told("delete", RULE, ADMIN), Change(action="add", at=LATE, author=ADMIN)]
    )
    assert ledger.added(SERVER) is not None
    assert ledger.added(DEFAULT) is None
    assert ledger.removed(RULE) is not None
    replaced = replace(SERVER, gateway="192.168.1.254")
    found = ledger.removed(replaced)
    assert found is not None
    assert found.author == OPENVPN
    assert ledger.removed(replace(RULE, priority=7)) is None


def test_what_came_is_entered_and_leaves_with_what_takes_it() -> None:
    journal = book()
    [event] = journal.enter(added(SERVER), NOTHING, Ledger([told("add", SERVER, OPENVPN)]))
    assert (event.kind, event.session, event.author) == ("route_added", 1, OPENVPN)
    assert [t.route for t in journal.sessions[0].appeared] == [SERVER]
    [event] = journal.enter(removed(SERVER), NOTHING, Ledger([told("delete", SERVER, OPENVPN)]))
    assert event.kind == "route_removed"
    assert journal.sessions[0] == SESSION


def test_what_went_is_entered_and_forgotten_when_it_is_back() -> None:
    journal = book()
    journal.enter(removed(DEFAULT), NOTHING, Ledger([told("delete", DEFAULT, OPENVPN)]))
    assert [t.route for t in journal.sessions[0].vanished] == [DEFAULT]
    journal.enter(added(replace(DEFAULT, metric=0, protocol="boot")), NOTHING, Ledger([]))
    assert journal.sessions[0].vanished == ()


def test_rules_are_entered_as_routes_are() -> None:
    journal = book()
    [event] = journal.enter(Changes(), RuleChanges(added=(RULE,)), Ledger([told("add", RULE, OPENVPN)]))
    assert (event.kind, event.policy_rule) == ("rule_added", RULE)
    journal.enter(Changes(), RuleChanges(removed=(RULE,)), Ledger([]))
    assert journal.sessions[0].appeared == ()
    journal.enter(Changes(), RuleChanges(removed=(RULE,)), Ledger([told("delete", RULE, OPENVPN)]))
    assert [t.policy_rule for t in journal.sessions[0].vanished] == [RULE]
    journal.enter(Changes(), RuleChanges(added=(RULE,)), Ledger([told("add", RULE, ADMIN)]))
    assert journal.sessions[0].vanished == ()


def test_a_default_that_somebody_else_made_or_took_is_noted_while_the_session_is_open() -> None:
    journal = book()
    journal.enter(added(DEFAULT), NOTHING, Ledger([told("add", DEFAULT, ADMIN)]))
    assert list(journal.sessions[0].others) == [DEFAULT]
    journal.enter(removed(DEFAULT), NOTHING, Ledger([told("delete", DEFAULT, ADMIN)]))
    assert list(journal.sessions[0].others) == []
    assert list(journal.sessions[0].others_took) == [DEFAULT]
    journal.enter(added(DEFAULT), NOTHING, Ledger([told("add", DEFAULT, ADMIN)]))
    assert list(journal.sessions[0].others_took) == []
    over = book(replace(SESSION, closed=build.moment(105.0)))
    over.enter(added(DEFAULT), NOTHING, Ledger([told("add", DEFAULT, ADMIN)]))
    assert over.sessions[0].others == ()


def test_a_route_that_only_changed_stays_the_sessions() -> None:
    journal = book()
    journal.enter(added(SERVER), NOTHING, Ledger([told("add", SERVER, OPENVPN)]))
    after = replace(SERVER, metric=50)
    [event] = journal.enter(Changes(changed=(Changed(before=SERVER, after=after),)), NOTHING, Ledger([]))
    assert (event.kind, event.before, event.route) == ("route_changed", SERVER, after)
    assert [t.route for t in journal.sessions[0].appeared] == [after]


def test_table_local_is_left_out() -> None:
    assert book().enter(added(build.route("local 10.8.0.2 dev tun0")), NOTHING, Ledger([])) == ()


def test_a_full_table_learnt_over_a_vpn_is_one_event_and_no_leftover_each() -> None:
    flood = tuple(build.route(f"10.{n // 250}.{n % 250}.0/24 dev tun0") for n in range(timeline.EVENTS + 1))
    [event] = book().enter(added(*flood), NOTHING, Ledger([]))
    assert (event.kind, event.detail) == ("resync", f"{timeline.EVENTS + 1} rows differ")


def test_a_session_remembers_only_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "TRACES", 1)
    journal = book()
    rows = (build.route("10.0.0.0/8 dev tun0"), build.route("11.0.0.0/8 dev tun0"))
    events = journal.enter(added(*rows), NOTHING, Ledger([]))
    assert [event.session for event in events] == [1, 1]
    assert len(journal.sessions[0].appeared) == 1
    went = (DEFAULT, SERVER)
    journal.enter(removed(*went), NOTHING, Ledger(told("delete", row, OPENVPN) for row in went))
    assert len(journal.sessions[0].vanished) == 1
