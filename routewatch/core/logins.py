"""Whether remote logins keep their way: what we send on their connections is simulated before and after each step.

It knows the ends of a connection, and of the packets on it what an SSH server's bear: TCP, from our address and port,
sent by root. A mark that netfilter sets is not seen; where only a mark explains that an answer leaves by the link it
came to, those with the mark are followed too. Which logins there are, and what becomes of a refusal, isn't known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.addresses import covers, is_link_local
from routewatch.core.index import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from routewatch.core.foresight import Prospect
    from routewatch.core.lookup import Answer
    from routewatch.core.model import Login, PolicyRule, Route
    from routewatch.core.scene import Scene
    from routewatch.core.steps import Step

    Packet: TypeAlias = tuple[str, Query]


TCP = 6  # IANA, protocol numbers


class Watched:
    """Remote logins, and the ways they take before anything is done."""

    def __init__(self, logins: Iterable[Login], before: Prospect, scene: Scene) -> None:
        """Look nothing up yet."""
        self._logins = tuple(logins)
        self._before = before
        self._index = before.index()
        self._scene = scene
        self._known: dict[tuple[Login, int], dict[Packet, Answer]] = {}

    def cut_by(self, step: Step, after: Prospect) -> str | None:
        """Return the address of a login that a step would cut or re-route, where the prospect has it as the last.

        A login whose way is dead already can't be cut: only ways that carry traffic now are held on to.
        """
        logins = concerned(step, self._logins)
        index = after.index() if logins else None
        for login in logins:
            ways = self._ways(login, _tos(step))
            for (destination, query), now in ways.items():
                if _way(after.answer(destination, index, query)) != _way(now):
                    return login.peer
            if not self._is_as_it_came(login, ways) and self._takes_its_way(step, login):
                return login.peer
        return None

    def _ways(self, login: Login, tos: int) -> dict[Packet, Answer]:
        """Return the packets that may be sent on a connection and lead somewhere, each with its way."""
        if (login, tos) not in self._known:
            plain = {packet: self._answer(packet) for each in sorted({0, tos}) for packet in self._packets(login, each)}
            found = {packet: now for packet, now in plain.items() if self._leads(now)}
            if not self._is_as_it_came(login, found):
                found |= self._unseen_ways(login, plain)
            self._known[login, tos] = found
        return self._known[login, tos]

    def _packets(self, login: Login, tos: int) -> Iterator[Packet]:
        query = Query(
            source=login.local.partition("%")[0] or None,
            source_port=login.port or None,
            ip_protocol=TCP,
            tos=tos,
        )
        if "%" in login.peer or not _needs_zone(login.peer):
            yield login.peer, query
        else:  # /proc/net/tcp6 tells no zone: the link with our end of it
            links = self._links_of(login) or frozenset(self._scene.links)
            yield from ((f"{login.peer}%{name}", query) for name in sorted(links))

    def _unseen_ways(self, login: Login, plain: Iterable[Packet]) -> dict[Packet, Answer]:
        """Return the ways by the link that a login came to, of packets with a mark or past links without carrier."""
        marks = {rule.fwmark for rule in self._scene.now.rules if rule.fwmark}
        found = {}
        for destination, query in plain:
            others = (replace(query, fwmark=mark) for mark in sorted(marks))
            for other in (replace(query, ignore_linkdown=True), *others):
                packet = (destination, other)
                now = self._answer(packet)
                if self._leads(now) and now.route and self._links_of(login) & _links(now.route):
                    found[packet] = now
        return found

    def _answer(self, packet: Packet) -> Answer:
        return self._before.answer(packet[0], self._index, packet[1])

    def _leads(self, answer: Answer) -> bool:
        return answer.route is not None and not answer.reason and self._scene.is_usable(answer.route)

    def _is_as_it_came(self, login: Login, ways: dict[Packet, Answer]) -> bool:
        """Tell whether a way is known that leaves by the link with our address; where that isn't known, any will do."""
        home = self._links_of(login)
        return not home or any(way.route is not None and home & _links(way.route) for way in ways.values())

    def _takes_its_way(self, step: Step, login: Login) -> bool:
        """Tell whether a step takes what may be the way of a login that goes by what we can't see, as in a VRF."""
        route = step.replaces if step.action == "replace" else step.route
        if route is None or step.action == "add" or not self._scene.is_usable(route):
            return False
        return bool(self._links_of(login) & _links(route))

    def _links_of(self, login: Login) -> frozenset[str]:
        """Return the links with our address; the loopback, where addresses are kept for all links, tells nothing."""
        if "%" in login.peer:
            return frozenset({login.peer.partition("%")[2]})
        local = login.local.partition("%")[0]
        links = (link for link in self._scene.now.links if link.kind != "loopback")
        return frozenset(link.name for link in links if any(each.address == local for each in link.addresses))


def may_reroute(step: Step, scene: Scene) -> bool:
    """Tell whether a step that only adds could change the way of a login that we know nothing of.

    It can't where nothing that leads somewhere holds the whole of its destination: nobody there has a way yet, but by
    what is narrower, and that stays.
    """
    route = step.route
    if route is None:
        return True
    return any(covers(row.destination, route.destination) and scene.is_usable(row) for row in scene.rows.routes)


def concerned(step: Step, logins: Iterable[Login]) -> tuple[Login, ...]:
    """Return the logins whose way a step may change at all: a rule any, a route those that it covers."""
    route = step.route
    return tuple(x for x in logins if route is None or covers(route.destination, x.peer.partition("%")[0]))


def _tos(step: Step) -> int:
    """Return the type of service that a step's row asks for: SSH marks its packets so (IPQoS, ssh_config(5))."""
    row: Route | PolicyRule | None = step.route or step.policy_rule
    return (row.tos or 0) if row is not None else 0


def _needs_zone(peer: str) -> bool:
    return ":" in peer and is_link_local(peer)


def _links(route: Route) -> frozenset[str | None]:
    return frozenset(leg.interface for leg in route.nexthops or (route,))


def _way(answer: Answer) -> tuple[object, ...]:
    """Return what makes a way the same: of several next hops also their order, by which connections are spread."""
    route = answer.route
    if route is None or answer.reason:
        return (answer.reason,)
    legs = tuple((leg.interface, leg.gateway, leg.weight) for leg in route.nexthops)
    return (route.type, route.interface, route.gateway, route.gateway_zone, legs)
