"""What saved tables can and can't tell: how sure one may be, what each finding admits, and which sessions they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.saved import judged, scene_of
from routewatch.core.verdict import Verdict
from tests import saved_tables
from tests.build_macos import row, saved

if TYPE_CHECKING:
    from routewatch.core.memory import Session
    from routewatch.core.saved import Saved
    from routewatch.core.verdict import Finding

HOME = "default 10.6.4.1 UGScg en0\n10.6.4/24 link#4 UCS en0 !\n"
TUNNEL = "0/1 10.8.0.5 UGSc utun4\n128.0/1 10.8.0.5 UGSc utun4\n10.8.0.5 10.8.0.6 UH utun4\n"
SERVER = "198.51.100.44 10.6.4.1 UGHS en0"


def about(line: str, tables: Saved) -> Finding:
    return next(finding for finding in judged(tables) if finding.route == row(line))


def sessions(tables: Saved) -> tuple[Session, ...]:
    return scene_of(tables).memory.sessions


def test_nothing_that_saved_tables_tell_is_certain() -> None:
    found = judged(saved(SERVER, during=HOME + TUNNEL + SERVER, before=HOME))
    assert {finding.confidence for finding in found if finding.verdict is Verdict.ORPHANED} == {"likely"}
    server_without_baseline = about(SERVER, saved(HOME + SERVER, during=HOME + TUNNEL + SERVER))
    assert (server_without_baseline.verdict, server_without_baseline.confidence) == (Verdict.ORPHANED, "likely")


def test_each_finding_says_what_nobody_saved() -> None:
    whole = about(SERVER, saved(HOME + SERVER, during=HOME + TUNNEL + SERVER, before=HOME))
    assert whole.because.endswith("(not saved: who made it, whether its client still runs)")
    alone = about(SERVER, saved(HOME + SERVER))
    assert "what was there before the VPN, what the VPN brought, who made it" in alone.because
    lost = next(f for f in judged(saved("10.6.4/24 link#4 UCS en0", before=HOME)) if f.verdict is Verdict.MISSING)
    assert "not saved: what the VPN brought" in lost.because


def test_a_tunnel_that_stood_before_is_no_session() -> None:
    mesh = "100.64/10 link#21 UCS utun3\n"
    found = sessions(saved(HOME + mesh, during=HOME + mesh + TUNNEL, before=HOME + mesh))
    assert [session.tunnel.name for session in found] == ["utun4"]


def test_a_tunnel_is_up_as_long_as_its_address_is() -> None:
    [up] = sessions(saved(HOME + "10.8.0.5 10.8.0.6 UH utun4", during=HOME + TUNNEL, before=HOME))
    [over] = sessions(saved(HOME + "0/1 10.8.0.5 UGSc utun4", during=HOME + TUNNEL, before=HOME))
    assert (up.is_open, over.is_open) == (True, False)


def test_a_tunnel_that_comes_last_and_takes_the_same_is_the_vpn_again() -> None:
    found = sessions(saved(HOME + TUNNEL.replace("utun4", "utun6"), during=HOME + TUNNEL, before=HOME))
    assert [(session.tunnel.name, session.is_open) for session in found] == [("utun4", False), ("utun6", True)]


def test_a_tunnel_whose_name_is_anothers_now_is_not_dead() -> None:
    other = "100.64/10 link#21 UCS utun4\n100.99.1.2 100.99.1.2 UH utun4\n"
    scene = scene_of(saved(HOME + other, during=HOME + TUNNEL, before=HOME))
    assert scene.dead == frozenset()
    assert scene_of(saved(HOME + "0/1 10.8.0.5 UGSc utun4", during=HOME + TUNNEL)).dead == {"utun4"}


def test_a_vpn_whose_tunnel_was_not_shown_is_a_session_all_the_same() -> None:
    [session] = sessions(saved(HOME + SERVER, during=HOME + SERVER, before=HOME))
    assert (session.tunnel.name, session.is_open) == ("", False)
    assert [trace.route for trace in session.appeared] == [row(SERVER)]


def test_the_tables_of_other_systems_are_judged_alike() -> None:
    before = "default via 10.6.4.1 dev eth0\n10.6.4.0/24 dev eth0 proto kernel"
    gone = saved_tables.saved("10.6.4.0/24 dev eth0 proto kernel", before=before)
    assert [finding.rule for finding in judged(gone) if finding.verdict is Verdict.MISSING] == ["gone-since-baseline"]
