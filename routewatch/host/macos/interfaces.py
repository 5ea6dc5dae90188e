"""``ifconfig`` and ``ifconfig -v`` of macOS: links with their addresses, and the network agents that stand behind them.

It knows what ifconfig prints (network_cmds, ifconfig.tproj: status, in_status, in6_status), not who holds a link.
Without ``-v`` there is no index (0), no generation and no agent. Lines that are of no use here are passed over; an
address that can't be read, and a line outside of any link, is handed back. Nothing raises.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

from routewatch.core.model import Address, Link
from routewatch.host.macos import interface_addresses

# As in utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380 index 25
_HEADER = re.compile(r"(\S+): flags=[0-9a-fA-F]+(?:<([^>]*)>)?(.*)")
_INDEX = re.compile(r"\bindex (\d{1,9})\b", re.ASCII)
_AGENT = re.compile(r'agent domain:(.*) type:(.*) flags:0x[0-9a-fA-F]+(?: desc:"(.*)")?')
_STEM = re.compile(r"([A-Za-z_]+?)\d*")

# By what the name begins with; interfaces of any other name are called by it. The words are those of core.tunnels.
KINDS = {"lo": "loopback", "en": "ether", "vlan": "vlan", "bond": "bond"}
ETHERNETS = frozenset({"Ethernet", "USB Ethernet", "Wi-Fi"})


class Agent(NamedTuple):
    """A network agent registered for a link: which part of the system, or which VPN, it is there for."""

    interface: str
    domain: str  # "NetworkExtension", "com.apple.rapport", "Skywalk", ...
    type: str  # "VPN", "NetIf", ...
    description: str = ""  # "VPN: Example"

    @property
    def is_vpn(self) -> bool:
        """Tell whether a connected NetworkExtension carries its traffic through the link."""
        return self.domain == "NetworkExtension" and self.type == "VPN"


class Listing(NamedTuple):
    """What ifconfig told."""

    links: tuple[Link, ...]
    agents: tuple[Agent, ...] = ()
    marked_vpn: frozenset[str] = frozenset()  # links that the kernel marks as a VPN's (xflags IS_VPN)
    unparsed: tuple[str, ...] = ()


class _Block(Struct):
    """The lines of one link, as far as they were read."""

    name: str
    index: int
    flags: frozenset[str]
    addresses: list[Address] = []
    agents: list[Agent] = []
    members: list[str] = []
    said: dict[str, str] = {}  # "status", "type", "generation id", "ether"
    is_vpn: bool = False


def parse(text: str) -> Listing:
    """Read what ifconfig printed about one link or all. Never raises."""
    blocks: list[_Block] = []
    unparsed: list[str] = []
    for line in text.splitlines():
        header = _HEADER.fullmatch(line.rstrip())
        if header is not None:
            blocks.append(_block(*header.groups()))
        elif line.strip() and not (blocks and _take(line.strip(), blocks[-1])):
            unparsed.append(line)
    masters = {member: block.name for block in blocks for member in block.members}
    return Listing(
        links=tuple(_link(block, masters.get(block.name)) for block in blocks),
        agents=tuple(agent for block in blocks for agent in block.agents),
        marked_vpn=frozenset(block.name for block in blocks if block.is_vpn),
        unparsed=tuple(unparsed),
    )


def _block(name: str, flags: str | None, rest: str) -> _Block:
    index = _INDEX.search(rest)
    return _Block(name, int(index[1]) if index else 0, frozenset((flags or "").split(",")))


def _take(line: str, block: _Block) -> bool:
    """Keep what a line says; False for an address that can't be read."""
    word, _, rest = line.partition(" ")
    match word:
        case "inet" | "inet6":
            address = interface_addresses.parse(word, rest)
            block.addresses += [address] if address else []
            return address is not None
        case "member:":
            block.members += rest.split()[:1]
        case "agent":
            agent = _AGENT.fullmatch(line)
            block.agents += [Agent(block.name, agent[1], agent[2], agent[3] or "")] if agent else []
        case "ether":
            block.said["ether"] = rest.strip()
        case _ if line.startswith("xflags="):
            block.is_vpn = "IS_VPN" in re.split(r"[<,>]", line)
        case _:
            title, colon, said = line.partition(": ")
            block.said |= {title: said.strip()} if colon else {}
    return True


def _link(block: _Block, master: str | None) -> Link:
    return Link(
        name=block.name,
        index=block.index,
        kind=_kind(block),
        up="UP" in block.flags,
        # Ethernet without a cable is RUNNING all the same: the medium knows better, where there is one
        carrier="RUNNING" in block.flags and block.said.get("status", "active") == "active",
        mac=block.said.get("ether"),
        addresses=tuple(block.addresses),
        generation=block.said.get("generation id"),
        master=master,
        point_to_point="POINTOPOINT" in block.flags,
    )


def _kind(block: _Block) -> str:
    """Say what kind a link is: by its flags, by its name ("utun", "ipsec", "bridge", "feth", ...), by its type."""
    if "LOOPBACK" in block.flags:
        return "loopback"
    stem = _STEM.fullmatch(block.name)
    if stem is not None:
        return KINDS.get(stem[1], stem[1])
    return "ether" if block.said.get("type") in ETHERNETS or "ether" in block.said else "none"
