"""What a VPN left that is neither route nor rule: named with its owner's own command, never changed by us.

The addresses that a client left on a tunnel which outlives it: the kernel's connected routes hang on them. What the
owner of a lost route would set right, and before that the settings that would undo it. And what macOS would set wrong
again: its configd goes by what it has done, not by the table.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.addresses import is_default, is_link_local, is_loopback_default
from routewatch.core.ipv6_settings import hindrances
from routewatch.core.missing import find_missing
from routewatch.core.model import Address, Link
from routewatch.core.owners import remedy
from routewatch.core.tunnels import is_held, tunnels
from routewatch.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routewatch.core.memory import Session
    from routewatch.core.model import Route
    from routewatch.core.scene import Scene
    from routewatch.core.verdict import Finding


class Remark(Struct, frozen=True, kw_only=True):
    """An address that a session left on a link, or something else that the owner's command ``remedy`` is for."""

    link: str
    because: str
    address: Address | None = None
    session: int | None = None
    remedy: str = ""


def remarks(scene: Scene) -> tuple[Remark, ...]:
    """Return what is left of sessions that are over, beside routes and rules, and what is its owner's to do."""
    of_macos = _loopback_defaults(scene) if scene.now.platform == "macos" else ()
    return (*_addresses(scene), *_of_owners(scene), *of_macos)


def _of_owners(scene: Scene) -> Iterator[Remark]:
    """Yield the owners' commands that bring back what is missing, each once."""
    lost = tuple(_worth_asking(scene))
    settings = (
        Remark(link=link.name, session=session, because=found.because, remedy=found.command)
        for session, route, link in lost
        for found in hindrances(route, link, scene.now.platform)
    )
    commands = (
        Remark(link=link.name, session=session, because=found.because, remedy=found.command)
        for session, route, link in lost
        if (found := remedy(route, link, scene.now.platform)) is not None
    )
    told: set[str] = set()
    for remark in (*settings, *commands):  # a command is in vain as long as a setting undoes what it does
        if remark.remedy not in told:
            told.add(remark.remedy)
            yield remark


def _worth_asking(scene: Scene) -> Iterator[tuple[int | None, Route, Link]]:
    """Yield the lost routes that somebody else may bring back, each with its session and its link."""
    for finding in find_missing(scene):
        route = finding.route
        link = None if route is None else scene.links.get(route.interface or "")
        if route is not None and link is not None and _is_worth_asking(finding, route, scene):
            yield finding.session, route, link


def _is_worth_asking(finding: Finding, route: Route, scene: Scene) -> bool:
    """Tell whether a row is missing, or an advertised default that may be: asking the router harms nobody."""
    if finding.verdict is Verdict.MISSING:
        return True
    lacks_a_default = not any(other.family == route.family and is_default(other) for other in scene.rows.defaults)
    return finding.rule == "advertised" and is_default(route) and lacks_a_default


def _loopback_defaults(scene: Scene) -> Iterator[Remark]:
    for route in scene.rows.defaults:
        if is_loopback_default(route) and route.interface:
            yield Remark(
                link=route.interface,
                because="a network service with a router on the loopback makes macOS set this default route; it is gone"
                " for good when the program that has set up that service is quit, or the service removed",
                remedy="echo 'show State:/Network/Global/IPv4' | scutil",
            )


def _addresses(scene: Scene) -> Iterator[Remark]:
    return (
        Remark(
            link=link.name,
            address=address,
            session=session.id,
            because=f"a VPN session that is over left this address on {link.name}, and its connected route with it",
            remedy=_removal(link, address) if scene.now.platform == "macos" else "",
        )
        for link in tunnels(scene.now, scene.signatures)
        if not is_held(link)
        for session in _last_of(link, scene)
        for address in link.addresses
        if not is_link_local(address.address) and not _was_there(link, address, scene, session)
    )


def _removal(link: Link, address: Address) -> str:
    """Return what takes an address away on a Mac (ifconfig(8), ``-alias``)."""
    family = "inet6" if ":" in address.address else "inet"
    return f"sudo ifconfig {quote(link.name)} {family} {address.address} -alias"


def _last_of(link: Link, scene: Scene) -> Iterator[Session]:
    """Yield the last session of a link, where it is over and its client is gone."""
    mine = [s for s in scene.memory.sessions if s.tunnel.identity == link.identity]
    if mine and not mine[-1].is_open and scene.owner_of(mine[-1]) == "gone":
        yield mine[-1]


def _was_there(link: Link, address: Address, scene: Scene, session: Session) -> bool:
    baseline = scene.memory.baseline_of(session)
    before = None if baseline is None else baseline.snapshot.link(link.name)
    return before is not None and address.address in {a.address for a in before.addresses}
