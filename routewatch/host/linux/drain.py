"""What one draining of the doorbell's queue told: messages to changes, each with its author.

Bytes in, values out: it opens no socket. Every message is read when it comes, because its author may be gone a
millisecond later. Where that would cost more than a fresh dump, its caller sets ``lost``.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from routewatch.core.model import LOCAL_TABLE, Change
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.rtnetlink.links import link_names
from routewatch.host.linux.rtnetlink.route_payload import RTM_F_CLONED, decode_route
from routewatch.host.linux.rtnetlink.rules import decode_rule
from routewatch.host.port import Rings

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from routewatch.core.model import Moment
    from routewatch.host.linux.authors import Authors

_ACTIONS: dict[int, Literal["add", "delete"]] = {
    messages.RTM_NEWROUTE: "add",
    messages.RTM_DELROUTE: "delete",
    messages.RTM_NEWRULE: "add",
    messages.RTM_DELRULE: "delete",
}
_ROUTES = frozenset({messages.RTM_NEWROUTE, messages.RTM_DELROUTE})
_ROUTE_HEADER = Struct("=8BI")  # struct rtmsg: family, lengths, tos, table, protocol, scope, type, flags


class Drain:
    """One draining of the queue. Once ``lost`` is set, messages are counted and not read."""

    def __init__(self, authors: Authors, now: Callable[[], Moment], names: dict[int, str]) -> None:
        """Take interface names by index; the messages keep them up, and a link that has gone keeps its name."""
        self._authors = authors
        self._now = now
        self._names = names
        self._changes: list[Change] = []
        self._links = False
        self.messages = 0
        self.lost = False

    def rings(self) -> Rings:
        """Return what was learnt."""
        return Rings(changes=tuple(self._changes), links=self._links, messages=self.messages, lost=self.lost)

    def take(self, datagram: bytes) -> None:
        """Read one datagram of the kernel's; never raises."""
        if self.lost:
            self.messages += 1  # the kernel puts one announcement into a datagram
            return
        for message in messages.split(datagram):
            self.messages += 1
            if message.type in _ACTIONS:
                self._change(message)
                continue
            self._links = True
            if message.type == messages.RTM_NEWLINK:
                self._names.update(link_names([message.payload]))

    def _change(self, message: messages.Message) -> None:
        of_route = message.type in _ROUTES
        if of_route and _is_noise(message.payload):
            return
        at = self._now()
        change = Change(
            action=_ACTIONS[message.type],
            at=at,
            author=self._authors.author_of(message.pid, at),
            route=decode_route(message.payload, self._names) if of_route else None,
            policy_rule=None if of_route else decode_rule(message.payload, self._names),
        )
        self._changes.append(change)


def _is_noise(payload: bytes) -> bool:
    """Tell whether a route is one the kernel keeps for itself: of table local, or cached (cloned)."""
    if len(payload) < _ROUTE_HEADER.size:
        return True
    header = _ROUTE_HEADER.unpack_from(payload)
    return header[4] == LOCAL_TABLE or bool(header[8] & RTM_F_CLONED)
