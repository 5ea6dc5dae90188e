"""Which links are tunnels, and whether somebody holds them.

A carrier on a tun is a process with the descriptor open: it needs no look into other processes. Where there is no
carrier, the client's own process decides; where processes can't be looked at, the answer is "unknown", never "gone".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from routewatch.core.signatures import SIGNATURES, Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routewatch.core.model import Link, Process
    from routewatch.core.snapshot import Snapshot

Ownership = Literal["holding", "idle", "gone", "unknown"]

ALWAYS = frozenset({"tun", "wireguard", "ppp", "xfrm", "ovpn", "ovpn-dco", "utun", "ipsec", "feth"})
KEPT_OPEN = frozenset({"utun", "ipsec"})
# What carries nobody's Internet: of a Mac AirDrop and its like (awdl, llw, nan), its processors among themselves
# (anpi), the access point it may be (ap), what its kernel brings along (gif, stf, pktap), and its own utuns ("system").
NO_UPLINKS = frozenset(
    {"loopback", "dummy", "ifb", "nlmon", "system", "awdl", "llw", "nan", "anpi", "ap", "gif", "stf", "pktap"}
)
BY_SIGNATURE = frozenset({"gre", "gretap", "ip6gre", "sit", "ipip", "ip6tnl", "vti", "vti6"})
# What the kernel's own tunnel modules bring along as they are loaded (net/ipv4/ipip.c and its like); Calico uses tunl0.
FALLBACKS = frozenset({"tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"})
# Links of containers and virtual machines, by the names their runtimes give them.
CONTAINER_NAMES = (
    "docker*", "br-*", "veth*", "cni*", "cali*", "flannel*", "lxc*", "lxd*", "incus*", "podman*", "virbr*", "vnet*",
    "vmnet*", "vboxnet*", "tap*i*", "cilium*", "kube*", "nodelocaldns*",
)  # fmt: skip


def is_tunnel(link: Link, signatures: tuple[Signature, ...] = SIGNATURES) -> bool:
    """Tell whether a VPN carries its traffic through this link."""
    if link.kind in ALWAYS:
        return not _is_virtual_machine(link)
    if link.kind == "tap":
        return bool(link.addresses) and link.master is None and not _is_virtual_machine(link)
    named = (s for s in signatures if any(fnmatchcase(link.name, glob) for glob in s.interfaces))
    # Who names a link in [[vpn]] knows what it is, whatever its kind; the names that we know are too common for that.
    usual = link.kind in BY_SIGNATURE and link.name not in FALLBACKS
    return any(usual or signature not in SIGNATURES for signature in named)


def named_like_a_tunnel(name: str, signatures: tuple[Signature, ...] = SIGNATURES) -> bool:
    """Tell whether a known client names its links so: all that a saved table tells of a link's kind."""
    return any(fnmatchcase(name, glob) for signature in signatures for glob in signature.interfaces)


def _is_virtual_machine(link: Link) -> bool:
    return fnmatchcase(link.name, "vnet[0-9]*")  # libvirt's, which are tun devices too


def is_container(link: Link) -> bool:
    """Tell whether the link belongs to containers or virtual machines: a bridge, its ports, or named like theirs."""
    if link.kind == "bridge" or link.master is not None:
        return True
    return any(fnmatchcase(link.name, glob) for glob in CONTAINER_NAMES)


def is_uplink(link: Link, signatures: tuple[Signature, ...] = SIGNATURES) -> bool:
    """Tell whether the link leads out of the machine by itself."""
    return not (link.kind in NO_UPLINKS or is_container(link) or is_tunnel(link, signatures))


def is_held(link: Link) -> bool:
    """Tell whether traffic given to this tunnel reaches a client now."""
    if link.kind == "wireguard":
        return link.up
    return link.up and link.carrier


def doubt(link: Link) -> str:
    """Say what can't be seen of a tunnel that a Mac's client keeps open: one that is disconnected may leave it so.

    With an address and its client alive it counts as held; "" where it does not, or where the kernel tells for sure.
    """
    if link.kind not in KEPT_OPEN or link.owner is None or not is_held(link):
        return ""
    return f"{link.name} is still held by {link.owner.name} (pid {link.owner.pid}), which may be connected"


def tunnels(snapshot: Snapshot, signatures: tuple[Signature, ...] = SIGNATURES) -> tuple[Link, ...]:
    """Return the tunnels of a snapshot."""
    return tuple(link for link in snapshot.links if is_tunnel(link, signatures))


def ownership(link: Link | None, holder: Process | None, running: Sequence[Process], now: Snapshot) -> Ownership:
    """Say who stands behind a tunnel that a client made: ``link`` is None where it is gone.

    ``holder`` is the process that held it, where that was seen; ``running`` are the client's processes
    of now that hold no other tunnel: one may have been started to take the dead one's place.
    """
    if link is not None and is_held(link):
        return "holding"
    if link is not None and link.owner is not None:
        # A Mac's client that is disconnected may keep the descriptor, and its rows with it, for as long as it runs.
        return "idle" if link.kind in KEPT_OPEN else "holding"
    if holder is not None and any(is_held(x) and _is(x.owner, holder) for x in now.links):
        return "holding"  # it has made its tunnel anew, or renamed it
    if any(p.pid == holder.pid and p.started == holder.started for p in now.processes if holder) or running:
        return "idle"
    return "gone" if now.processes_seen else "unknown"


def _is(process: Process | None, other: Process) -> bool:
    return process is not None and (process.pid, process.started) == (other.pid, other.started)
