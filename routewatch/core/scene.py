"""The facts that judging asks for again and again, worked out once: the table now, and against each baseline.

Lazy throughout: a proven baseline and an unchanged table need nothing decoded.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import covers, is_default, is_half_default, is_link_local
from routewatch.core.diff import Changes, RuleChanges, diff, diff_rules, key, steady
from routewatch.core.links import Links
from routewatch.core.memory import Doubted
from routewatch.core.model import MAIN_TABLE, PolicyRule, Route
from routewatch.core.network import network_like, reaches, same_network, same_uplink
from routewatch.core.rows import Rows
from routewatch.core.signatures import SIGNATURES
from routewatch.core.tunnels import is_container, is_uplink

if TYPE_CHECKING:
    from collections.abc import Hashable

    from routewatch.core.memory import Baseline, Memory, Session, Trace
    from routewatch.core.model import Link
    from routewatch.core.signatures import Signature
    from routewatch.core.snapshot import Snapshot


class Scene(Links):
    """One snapshot in the light of what is remembered."""

    def __init__(
        self,
        now: Snapshot,
        memory: Memory,
        signatures: tuple[Signature, ...] = SIGNATURES,
        earlier: Rows | None = None,
    ) -> None:
        """Work out nothing yet; ``earlier`` are the rows of another look: what stayed of them is not decoded again."""
        super().__init__(now, memory, signatures)
        self.rows = Rows(now.routes) if earlier is None else earlier.followed_by(now.routes)
        self._changes: dict[int, Changes] = {}
        self._rule_changes: dict[int, RuleChanges] = {}
        self._rows: dict[int, tuple[frozenset[Route], frozenset[Route]]] = {}
        self._same_network: dict[int, bool] = {}
        self._lost: dict[int, frozenset[Hashable]] = {}
        self._reach: dict[tuple[str | None, str | None], bool] = {}

    @cached_property
    def containers(self) -> frozenset[str]:
        """The names of the links of containers and virtual machines."""
        return frozenset(x.name for x in self.now.links if is_container(x) and not self.is_uplink(x))

    def has(self, route: Route) -> bool:
        """Tell whether this very route is in the table, whatever its expiry and state flags."""
        return steady(route) in self.rows.by_steady

    def changes(self, baseline: Baseline) -> Changes:
        """What differs in the routes from a baseline to now."""
        if baseline.id not in self._changes:
            self._changes[baseline.id] = diff(baseline.snapshot.routes, self.now.routes)
        return self._changes[baseline.id]

    def rule_changes(self, baseline: Baseline) -> RuleChanges:
        """What differs in the policy rules from a baseline to now."""
        if baseline.id not in self._rule_changes:
            self._rule_changes[baseline.id] = diff_rules(baseline.snapshot.rules, self.now.rules)
        return self._rule_changes[baseline.id]

    def is_new(self, route: Route, baseline: Baseline) -> bool:
        """Tell whether no row of the baseline has this destination, next hop, table and type."""
        return steady(route) in self._new_and_changed(baseline)[0]

    def is_changed(self, route: Route, baseline: Baseline) -> bool:
        """Tell whether only metric, protocol or flags differ from a row of the baseline."""
        return steady(route) in self._new_and_changed(baseline)[1]

    def _new_and_changed(self, baseline: Baseline) -> tuple[frozenset[Route], frozenset[Route]]:
        if baseline.id not in self._rows:
            changes = self.changes(baseline)
            new = frozenset(steady(route) for route in changes.added)
            self._rows[baseline.id] = (new, frozenset(steady(pair.after) for pair in changes.changed))
        return self._rows[baseline.id]

    def has_moved(self, route: Route, baseline: Baseline) -> bool:
        """Tell whether the baseline had it with the other scope: the order of the network services has changed."""
        return key(replace(route, scoped=not route.scoped)) in self.lost(baseline)

    def stood_in(self, baseline: Baseline, row: Route | PolicyRule) -> bool:
        """Tell whether this very row was in the baseline, and was right or vouched for by a person."""
        doubted = Doubted() if baseline.reason == "by hand" else baseline.doubted
        if isinstance(row, PolicyRule):
            return row not in doubted.rules and row not in self.rule_changes(baseline).added
        if doubted.routes and steady(row) in map(steady, doubted.routes):
            return False
        return not self.is_new(row, baseline) and not self.is_changed(row, baseline)

    def lost(self, baseline: Baseline) -> frozenset[Hashable]:
        """Return the keys of the baseline's routes that are not there now, or not as they were."""
        if baseline.id not in self._lost:
            changes = self.changes(baseline)
            gone = (*changes.removed, *(pair.before for pair in changes.changed))
            self._lost[baseline.id] = frozenset(map(key, gone))
        return self._lost[baseline.id]

    def on_network_of(self, baseline: Baseline) -> bool:
        """Tell whether the machine is on the network it was on when the baseline was taken."""
        if baseline.id not in self._same_network:
            self._same_network[baseline.id] = same_network(baseline.network, network_like(baseline.network, self.now))
        return self._same_network[baseline.id]

    def on_uplink_of(self, baseline: Baseline, interface: str) -> bool:
        """Tell whether one uplink is on the network it was on when the baseline was taken."""
        return same_uplink(interface, baseline.network, network_like(baseline.network, self.now))

    def reaches(self, interface: str | None, gateway: str | None) -> bool:
        """Tell whether a next hop can be reached on a link now."""
        asked = (interface, gateway)
        if asked not in self._reach:
            self._reach[asked] = self._find_out(interface, gateway)
        return self._reach[asked]

    def _find_out(self, interface: str | None, gateway: str | None) -> bool:
        link = self.links.get(interface or "")
        if reaches(link, gateway, self.now):
            return True
        if link is None or not link.up or gateway is None:
            return False
        if is_link_local(gateway) and ":" in gateway:
            return True  # without carrier too: such a gateway belongs to the link, whatever its addresses are
        return any(covers(route.destination, gateway) for route in self.rows.onlink.get(link.name, ()))

    def is_usable(self, route: Route) -> bool:
        """Tell whether a route's link carries traffic and its next hop is within reach."""
        if route.type != "unicast":
            return False
        legs = route.nexthops or (route,)
        return any(self._carries(leg.interface) and self.reaches(leg.interface, leg.gateway) for leg in legs)

    def _carries(self, interface: str | None) -> bool:
        link = self.links.get(interface or "")
        return link is not None and (link.name in self.held if link.name in self.tunnels else link.up and link.carrier)

    def is_uplink(self, link: Link) -> bool:
        """Tell whether a link leads out of the machine: also a bridge, where the default route takes it."""
        if is_uplink(link, self.signatures):
            return True
        return link.kind == "bridge" and any(r.interface == link.name and r.gateway for r in self.rows.defaults)

    def was_in_use(self, link: Link) -> bool:
        """Tell whether a tunnel is known to have been used, or a default leads into it now: it waits for nobody."""
        seen = any(session.tunnel.identity == link.identity for session in self.memory.sessions)
        return seen or link.name in self._taken

    @cached_property
    def _taken(self) -> frozenset[str | None]:
        # In a table of its own a default into an idle tunnel is what keeps traffic from leaking: a kill switch.
        main = (route for route in self.rows.routes if route.table == MAIN_TABLE)
        return frozenset(route.interface for route in main if is_default(route) or is_half_default(route))

    def first_session(self, row: Route | PolicyRule) -> tuple[Session | None, Trace | None]:
        """Return the first session that brought this row: later ones don't make a leftover sacred."""
        if not self._firsts:
            return None, None
        return self._firsts.get(steady(row) if isinstance(row, Route) else row, (None, None))

    @cached_property
    def _firsts(self) -> dict[Route | PolicyRule | None, tuple[Session, Trace]]:
        found: dict[Route | PolicyRule | None, tuple[Session, Trace]] = {}
        for session in self.memory.sessions:
            for trace in session.appeared:
                row = trace.row
                found.setdefault(steady(row) if isinstance(row, Route) else row, (session, trace))
        return found
