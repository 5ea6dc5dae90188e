"""The links of one snapshot, and who stands behind its tunnels, worked out once.

It looks at no route: which of the links lead out of the machine is told in scene.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from routewatch.core.signatures import client_of_link, client_of_process, processes_of
from routewatch.core.tunnels import is_held, ownership, tunnels

if TYPE_CHECKING:
    from routewatch.core.memory import Memory, Session
    from routewatch.core.model import Link, Process
    from routewatch.core.signatures import Signature
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.tunnels import Ownership


class Links:
    """The links of a snapshot in the light of the sessions that are remembered."""

    def __init__(self, now: Snapshot, memory: Memory, signatures: tuple[Signature, ...]) -> None:
        """Look at nothing yet."""
        self.now = now
        self.memory = memory
        self.signatures = signatures

    @cached_property
    def links(self) -> dict[str, Link]:
        """The links by name."""
        return {link.name: link for link in self.now.links}

    @cached_property
    def tunnels(self) -> frozenset[str]:
        """The names of the tunnels."""
        return frozenset(link.name for link in tunnels(self.now, self.signatures))

    @cached_property
    def held(self) -> frozenset[str]:
        """The names of the tunnels that a client holds."""
        return frozenset(name for name in self.tunnels if is_held(self.links[name]))

    @cached_property
    def dead(self) -> frozenset[str]:
        """The names of the links that are down, and of the tunnels that nobody stands behind any more."""
        gone = (name for name in self.tunnels if self.owner_of_link(self.links[name]) == "gone")
        return frozenset(gone) | frozenset(link.name for link in self.now.links if not link.up)

    def is_dead(self, interface: str) -> bool:
        """Tell whether an interface is gone or down, or a tunnel that nobody stands behind any more."""
        return interface in self.dead or (interface not in self.links and bool(self.links))

    def owner_of(self, session: Session) -> Ownership:
        """Say who stands behind a session's tunnel now."""
        link = next((x for x in self.now.links if x.identity == session.tunnel.identity), None)
        if link is not None and not session.is_open and _is_in_other_hands(link, session.holder):
            link = None  # Linux uses names and indexes again, and a persistent tun serves whoever opens it
        running = self._free_processes(session.client) if session.client else ()
        return ownership(link, session.holder, running, self.now)

    def owner_of_link(self, link: Link) -> Ownership:
        """Say who stands behind a tunnel now: its sessions' holder, where one is remembered; else any client of it."""
        for session in reversed(self.memory.sessions):
            if session.tunnel.identity == link.identity:
                return self.owner_of(session)
        return ownership(link, None, self._free_processes(client_of_link(link, self.signatures)), self.now)

    def _free_processes(self, client: str | None) -> tuple[Process, ...]:
        """Return the running processes of a client, or of any where it is unknown, that hold no tunnel."""
        now = self.now.processes
        if client is None:
            running = tuple(p for p in now if client_of_process(p.name, self.signatures) is not None)
        else:
            running = processes_of(client, now, self.signatures)
        busy = {(x.owner.pid, x.owner.started) for x in self.now.links if x.owner is not None and x.name in self.held}
        return tuple(p for p in running if (p.pid, p.started) not in busy)


def _is_in_other_hands(link: Link, holder: Process | None) -> bool:
    """Tell whether somebody else holds the link than the one who held it once."""
    owner = link.owner
    return owner is not None and holder is not None and (owner.pid, owner.started) != (holder.pid, holder.started)
