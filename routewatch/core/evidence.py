"""The evidence: each piece has a code, a name, and the sentence a person is told when it holds.

For: E1..E7 say that a row is a leftover. Against: C1..C9 say that it is somebody's. What they allow, rulings.py says.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from routewatch.core.case import Case
from routewatch.core.evidence_against import (
    baseline_is_tainted,
    came_back,
    containers_own_it,
    daemon_made_it,
    kernel_made_it,
    network_is_another,
    only_details_differ,
    owner_is_alive,
    owner_may_come_back,
    stood_in_baseline,
)
from routewatch.core.evidence_for import (
    appeared_in_session,
    bears_a_dead_clients_mark,
    gateway_is_out_of_reach,
    is_new,
    leads_nowhere,
    leads_to_the_server,
    survived_a_second_look,
)

__all__ = ["AGAINST", "FOR", "Case", "Evidence", "weigh"]


class Evidence(Struct, frozen=True, kw_only=True):
    """A named question about a case; ``sentence`` is what a person is told when the answer is yes."""

    code: str
    name: str
    sentence: str
    holds: Callable[[Case], bool]


FOR: tuple[Evidence, ...] = (
    Evidence(code="E1", name="new", sentence="it was not there before", holds=is_new),
    Evidence(code="E2", name="in-session", sentence="it appeared while the VPN was up", holds=appeared_in_session),
    Evidence(code="E3", name="leads-nowhere", sentence="what it leads into is dead", holds=leads_nowhere),
    Evidence(code="E4", name="gateway-gone", sentence="its gateway is out of reach", holds=gateway_is_out_of_reach),
    Evidence(code="E5", name="server-route", sentence="it leads to the VPN's server", holds=leads_to_the_server),
    Evidence(code="E6", name="dead-client", sentence="its client is gone", holds=bears_a_dead_clients_mark),
    Evidence(code="E7", name="second-look", sentence="it outlived its session", holds=survived_a_second_look),
)
AGAINST: tuple[Evidence, ...] = (
    Evidence(code="C1", name="in-baseline", sentence="it stood in the baseline", holds=stood_in_baseline),
    Evidence(code="C2", name="holding", sentence="its VPN is up", holds=owner_is_alive),
    Evidence(code="C2", name="owner-may-return", sentence="its client may come back", holds=owner_may_come_back),
    Evidence(code="C3", name="other-network", sentence="this is another network", holds=network_is_another),
    Evidence(code="C4", name="came-back", sentence="somebody brought it back", holds=came_back),
    Evidence(code="C5", name="kernel-made", sentence="the kernel made it", holds=kernel_made_it),
    Evidence(code="C6", name="network-daemon", sentence="a network daemon made it", holds=daemon_made_it),
    Evidence(code="C7", name="container", sentence="it belongs to containers", holds=containers_own_it),
    Evidence(code="C8", name="details", sentence="only its details differ", holds=only_details_differ),
    Evidence(code="C9", name="tainted", sentence="the baseline was taken under a VPN", holds=baseline_is_tainted),
)


def weigh(case: Case) -> tuple[Evidence, ...]:
    """Return every piece of evidence that holds, those for it first."""
    return tuple(piece for piece in (*FOR, *AGAINST) if piece.holds(case))
