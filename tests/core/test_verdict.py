"""The rulings, each by a case of its own, and what confidence they may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.baselines import Series, next_baseline
from routewatch.core.evidence import AGAINST, FOR
from routewatch.core.memory import Memory, Reason, Session, Tie, Trace
from routewatch.core.model import Author, PolicyRule, Route
from routewatch.core.plan import plan
from routewatch.core.refusals import Wishes
from routewatch.core.rulings import RULINGS
from routewatch.core.scene import Scene
from routewatch.core.verdict import Finding, Verdict, find_leftovers
from tests import build

if TYPE_CHECKING:
    from routewatch.core.memory import Baseline
    from routewatch.core.model import Link
    from routewatch.core.snapshot import Snapshot

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "fe80::2/64")
TUN = build.link("tun0 kind tun index 7 up carrier owner openvpn[1234]", "10.8.0.2/24")
DEAD = build.link("tun0 kind tun index 7 up persistent", "10.8.0.2/24")
DEFAULT = "default via 192.168.1.1 dev eth0"
SERVER = "203.0.113.10 via 192.168.1.1 dev eth0"
NAMED = build.process("openvpn[1234]")
CALLED = replace(NAMED, command=("openvpn", "--remote", "203.0.113.10", "--link", "[2001:db8::1]:1194"))


def seen(*lines: str, links: tuple[Link, ...] = (ETH,), at: float = 1000.0) -> Snapshot:
    return build.snapshot(routes=lines, links=links, at=at)


def baseline(*lines: str, reason: Reason = "periodic", links: tuple[Link, ...] = (ETH,)) -> Baseline:
    made = next_baseline(seen(*lines, links=links, at=0.0), Series(first=-1000.0), reason)
    return replace(made, proven=True)


def came(line: str, tie: Tie = "author") -> Trace:
    return Trace(at=build.moment(110.0), tie=tie, author=Author(), route=build.route(line))


def session(*traces: Trace, number: int = 1, closed: float | None = 500.0, client: str | None = "openvpn") -> Session:
    return Session(
        id=number,
        tunnel=replace(TUN, index=6 + number),
        client=client,
        opened=build.moment(100.0),
        closed=None if closed is None else build.moment(closed),
        baseline=1,
        appeared=traces,
    )


def remembering(*sessions: Session, before: Baseline | None = None) -> Memory:
    return Memory(latest=before, baselines={} if before is None else {before.id: before}, sessions=sessions)


def finding(line: str, now: Snapshot, memory: Memory) -> Finding:
    wanted = build.route(line)
    return next(f for f in find_leftovers(Scene(now, memory)) if f.route == wanted)


def test_every_piece_of_evidence_and_every_ruling_has_a_name_of_its_own() -> None:
    pieces = [(piece.code, piece.name) for piece in (*FOR, *AGAINST)]
    assert len(pieces) == len({name for _, name in pieces})
    assert len(RULINGS) == len({ruling.name for ruling in RULINGS})
    assert all(piece.sentence for piece in (*FOR, *AGAINST))


def test_a_leftover_says_what_speaks_for_it_and_against_it() -> None:
    found = finding(SERVER, seen(SERVER, DEFAULT), remembering(session(came(SERVER)), before=baseline(DEFAULT)))
    assert (found.verdict, found.confidence, found.rule, found.session) == (Verdict.ORPHANED, "certain", "leftover", 1)
    assert (found.evidence, found.against) == (("E1", "E2", "E5", "E7"), ())
    assert found.because == (
        "a VPN session that is over left it behind: it leads to the VPN's server, it outlived its session"
    )
    assert isinstance(found.row, Route)


def test_a_leftover_needs_no_baseline_to_be_certain() -> None:
    assert finding(SERVER, seen(SERVER), remembering(session(came(SERVER)))).confidence == "certain"


@pytest.mark.parametrize("protocol", ["dhcp", "static", "ra", "zebra"])
def test_what_a_network_daemon_signed_is_never_certain(protocol: str) -> None:
    line = f"{SERVER} proto {protocol}"
    assert finding(line, seen(line), remembering(session(came(line)))).confidence == "likely"


def test_what_only_its_time_ties_to_a_session_is_never_certain() -> None:
    gone = "10.9.0.0/16 via 10.99.0.1 dev eth0"
    assert finding(gone, seen(gone), remembering(session(came(gone, "time")))).confidence == "likely"


def test_a_network_route_of_a_session_that_leads_on_is_likely() -> None:
    line = "10.9.0.0/16 via 192.168.1.1 dev eth0"
    found = finding(line, seen(line, DEFAULT), remembering(session(came(line)), before=baseline(DEFAULT)))
    assert (found.verdict, found.rule, found.confidence) == (Verdict.ORPHANED, "new-in-session", "likely")


def test_what_is_new_on_another_network_is_not_new() -> None:
    line = "10.9.0.0/16 via 192.168.5.1 dev eth0"
    moved = replace(ETH, addresses=build.link("eth0", "192.168.5.2/24").addresses)
    found = finding(line, seen(line, links=(moved,)), remembering(session(came(line)), before=baseline(DEFAULT)))
    assert (found.verdict, found.against) == (Verdict.EXPECTED, ("C3",))


def test_a_server_named_on_the_command_line_is_known_without_an_author() -> None:
    named = replace(session(came(SERVER, "time")), holder=CALLED)
    assert "E5" in finding(SERVER, seen(SERVER), remembering(named)).evidence
    v6 = "2001:db8::1 via fe80::1 dev eth0"
    assert "E5" in finding(v6, seen(v6), remembering(replace(session(came(v6, "time")), holder=CALLED))).evidence


def test_a_host_route_into_a_tunnel_is_no_route_to_a_server() -> None:
    line = "203.0.113.10 via 10.8.0.1 dev tun1"
    other = build.link("tun1 kind tun index 9 up", "10.8.0.3/24")
    assert "E5" not in finding(line, seen(line, links=(ETH, other)), remembering(session(came(line)))).evidence


def test_a_living_connection_to_the_same_server_keeps_the_route_to_it() -> None:
    living = replace(session(number=2, closed=None, client="acme"), holder=CALLED)
    found = finding(SERVER, seen(SERVER), remembering(session(came(SERVER)), living))
    assert (found.verdict, found.rule) == (Verdict.EXPECTED, "owner-alive")


def test_a_connection_of_nobody_known_may_live_by_any_route() -> None:
    living = session(number=2, closed=None, client=None)
    assert finding(SERVER, seen(SERVER), remembering(session(came(SERVER)), living)).rule == "owner-alive"
    stranger = session(number=2, closed=None, client="tinc")
    assert finding(SERVER, seen(SERVER), remembering(session(came(SERVER)), stranger)).rule == "leftover"


def test_a_route_of_a_proven_baseline_is_expected_though_a_client_made_it_again() -> None:
    found = finding(SERVER, seen(SERVER), remembering(session(came(SERVER)), before=baseline(SERVER)))
    assert (found.verdict, found.rule) == (Verdict.EXPECTED, "in-baseline")


def test_a_dead_row_that_a_person_vouched_for_goes_only_by_its_name() -> None:
    half = "0.0.0.0/1 dev tun0 linkdown"
    captured = baseline(half, DEFAULT, reason="by hand", links=(ETH, DEAD))
    scene = Scene(seen(half, DEFAULT, links=(ETH, DEAD)), remembering(before=captured))
    found = find_leftovers(scene)
    assert [f.rule for f in found] == ["dead-end"]
    assert plan(found, scene, Wishes(login_peers=())).steps == ()
    assert len(plan(found, scene, Wishes(login_peers=(), only=frozenset({"0.0.0.0/1"}))).steps) == 1


def test_what_nobody_vouched_for_does_not_become_good_by_standing() -> None:
    half = "0.0.0.0/1 dev tun0 linkdown"
    inherited = baseline(half, DEFAULT, links=(ETH, DEAD))
    assert inherited.doubted.routes == (build.route(half),)
    scene = Scene(seen(half, DEFAULT, links=(ETH, DEAD)), remembering(before=inherited))
    assert len(plan(find_leftovers(scene), scene, Wishes(login_peers=())).steps) == 1


def test_a_rule_into_nothing_that_nothing_ties_to_a_vpn_is_uncertain_where_it_is_new() -> None:
    rule = build.rule("700: from all lookup 700")
    scene = Scene(replace(seen(DEFAULT), rules=(rule,)), remembering(before=baseline(DEFAULT)))
    [found] = find_leftovers(scene)
    assert (found.verdict, found.rule, found.policy_rule) == (Verdict.UNCERTAIN, "idle-rule", rule)
    assert isinstance(found.row, PolicyRule)


def test_a_route_whose_legs_have_no_interface_leads_nowhere_we_know() -> None:
    legs = "10.9.0.0/16 nexthop via 192.168.1.1 nexthop via 192.168.1.9"
    assert finding(legs, seen(legs), Memory()).verdict is Verdict.EXPECTED


def test_of_several_legs_one_that_leads_on_is_enough() -> None:
    half_dead = "10.9.0.0/16 nexthop via 192.168.1.1 dev eth0 nexthop via 10.8.0.1 dev tun0"
    assert finding(half_dead, seen(half_dead, links=(ETH, DEAD)), Memory()).verdict is Verdict.EXPECTED
    dead = "10.9.0.0/16 nexthop via 10.8.0.1 dev tun0 nexthop via 10.8.0.9 dev tun0"
    half = "0.0.0.0/1 dev tun0"
    assert finding(dead, seen(dead, half, links=(ETH, DEAD)), Memory()).rule == "dead-end"


def test_what_stood_dead_before_its_tunnel_was_used_was_prepared_also_by_an_unproven_baseline() -> None:
    line = "10.99.0.0/16 dev tun0 linkdown"
    before = replace(baseline(line, DEFAULT, links=(ETH, DEAD)), proven=False)
    used = replace(session(), tunnel=DEAD)
    found = finding(line, seen(line, DEFAULT, links=(ETH, DEAD)), remembering(used, before=before))
    assert (found.verdict, found.rule) == (Verdict.UNCERTAIN, "prepared")
    remade = replace(DEAD, index=8)
    now = seen(line, DEFAULT, links=(ETH, remade))
    assert finding(line, now, remembering(replace(used, tunnel=remade), before=before)).rule == "dead-end"
    assert finding(line, now, remembering(replace(used, tunnel=remade))).rule == "dead-end"


def test_a_tunnel_that_a_running_client_may_yet_take_is_not_dead() -> None:
    half = "0.0.0.0/1 dev tun0 linkdown"
    now = seen(half, DEFAULT, links=(ETH, DEAD))
    assert finding(half, now, Memory()).rule == "dead-end"
    assert finding(half, replace(now, processes=(NAMED,)), Memory()).rule == "nothing-against-it"
    office = build.link("tailscale0 kind tun index 9 up persistent")
    busy = seen("0.0.0.0/1 dev tailscale0", links=(ETH, office))
    assert finding("0.0.0.0/1 dev tailscale0", replace(busy, processes=(NAMED,)), Memory()).rule == "dead-end"
    own = replace(busy, processes=(build.process("tailscaled[7]"),))
    assert finding("0.0.0.0/1 dev tailscale0", own, Memory()).rule == "nothing-against-it"


WARPS = "10.0.0.0/8 via 192.168.1.1 dev eth0 table 65743"


def test_what_leads_on_in_a_dead_clients_table_may_be_anybodys() -> None:
    assert finding(WARPS, seen(DEFAULT, WARPS), Memory()).rule == "nothing-against-it"


def test_what_leads_into_a_dead_clients_own_link_is_its_leftover() -> None:
    line = "10.0.0.0/8 dev CloudflareWARP table 65743"
    link = build.link("CloudflareWARP kind tun index 9 up persistent")
    found = finding(line, seen(DEFAULT, line, links=(ETH, link)), Memory())
    assert {"E6"} <= {*found.evidence}


def test_what_a_dead_client_was_seen_to_write_into_its_table_is_its_leftover() -> None:
    found = finding(WARPS, seen(DEFAULT, WARPS), remembering(session(came(WARPS), client="warp")))
    assert (found.rule, "E6" in found.evidence) == ("leftover", True)
