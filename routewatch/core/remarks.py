"""What a VPN left that is neither route nor rule: named with its owner's own command, never changed by us.

So far the addresses that a client left on a tunnel which outlives it; the kernel's connected routes hang on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import is_link_local
from routewatch.core.model import Address, Link
from routewatch.core.tunnels import is_held, tunnels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.memory import Session
    from routewatch.core.scene import Scene


class Remark(Struct, frozen=True, kw_only=True):
    """An address that a session left on a link."""

    link: str
    address: Address
    session: int
    because: str


def remarks(scene: Scene) -> tuple[Remark, ...]:
    """Return what is left of sessions that are over, beside routes and rules."""
    return tuple(
        Remark(
            link=link.name,
            address=address,
            session=session.id,
            because=f"a VPN session that is over left this address on {link.name}, and its connected route with it",
        )
        for link in tunnels(scene.now, scene.signatures)
        if not is_held(link)
        for session in _last_of(link, scene)
        for address in link.addresses
        if not is_link_local(address.address) and not _was_there(link, address, scene, session)
    )


def _last_of(link: Link, scene: Scene) -> Iterator[Session]:
    """Yield the last session of a link, where it is over and its client is gone."""
    mine = [s for s in scene.memory.sessions if s.tunnel.identity == link.identity]
    if mine and not mine[-1].is_open and scene.owner_of(mine[-1]) == "gone":
        yield mine[-1]


def _was_there(link: Link, address: Address, scene: Scene, session: Session) -> bool:
    baseline = scene.memory.baseline_of(session)
    before = None if baseline is None else baseline.snapshot.link(link.name)
    return before is not None and address.address in {a.address for a in before.addresses}
