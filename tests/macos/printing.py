"""How ``netstat -rn`` prints the table, generation by generation: widths, class-full abbreviations, cut cells.

Written from network_cmds' netstat.tproj/route.c. It prints what it is given and changes nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

from tests.macos.kernel import BITS, in_order, is_ether, is_zoned

if TYPE_CHECKING:
    from tests.macos.machine import Machine, Row

TITLES = {"inet": "Internet:", "inet6": "Internet6:"}
EXCLAMATION_FROM = (10, 14)


class Widths(NamedTuple):
    """The columns of one family in one generation."""

    destination: int
    gateway: int
    netif: int
    counters: bool  # Refs and Use


def widths(version: tuple[int, int], family: str) -> Widths:
    """Return the columns as that release prints them (without -l)."""
    counters = version < (10, 15) and family == "inet"
    if version >= (14, 0):
        netif = 14
    elif version >= (12, 0):
        netif = 10
    else:
        netif = 7 if family == "inet" else 8
    if family == "inet":
        return Widths(18, 18, netif, counters)
    return Widths(39, 39 if version >= (14, 0) else 31, netif, counters)


def routing_tables(machine: Machine, families: tuple[str, ...], *, clones: bool = False) -> str:
    """Return what ``netstat -rn`` prints. An empty family prints no header, as there is no row to bring it out."""
    lines = ["Routing tables"]
    name = ""  # of the row before, printed again where an index has none
    for family in families:
        rows = [row for row in machine.rows if row.family == family and (clones or not _hidden(machine, row))]
        if rows:
            lines += ["", TITLES[family], _header(widths(machine.version(), family))]
        for row in sorted(rows, key=_radix_order):
            name = machine.name_of(row.ifindex) or name
            lines.append(_line(machine, row, name))
    return "\n".join(lines) + "\n"


def _hidden(machine: Machine, row: Row) -> bool:
    """Tell a protocol-cloned row, which only -a shows: W, and the parent has c."""
    parent = machine.parent_of(row) if "W" in row.flags else None
    return parent is not None and "c" in parent.flags


def _radix_order(row: Row) -> tuple[int, int, bool, int]:
    """Sort as the tree is walked: by the key, in which a zone stands within the address; longer masks first."""
    length = BITS[row.family] if row.length is None else row.length
    key, scope = int(ip_address(row.address)), row.scope
    if is_zoned(row.address):
        key, scope = key | scope << 96, 0  # bytes 2 and 3
    return key, scope, row.length is None, -length


def _header(columns: Widths) -> str:
    counters = f"{'Refs':>6} {'Use':>8} " if columns.counters else ""
    return (
        f"{'Destination':<{columns.destination}} {'Gateway':<{columns.gateway}} {'Flags':<10} {counters}"
        f"{'Netif':>{columns.netif}} {'Expire':>6}"
    )


def _line(machine: Machine, row: Row, name: str) -> str:
    columns = widths(machine.version(), row.family)
    counters = f"{0:>6} {0:>8} " if columns.counters else ""
    flags = shown_flags(row)[:10]
    return (
        f"{destination(machine, row):<{columns.destination}} {gateway(machine, row):<{columns.gateway}} {flags:<10} "
        f"{counters}{name[: columns.netif]:>{columns.netif}}{_expiry(row, machine.version())}"
    )


def _expiry(row: Row, version: tuple[int, int]) -> str:
    """Return the last cell: blanks where nothing expires, but nothing at all before 10.14."""
    if row.expires:
        return f" {row.expires:>6}"
    if version < EXCLAMATION_FROM:
        return ""
    return f" {'' if row.expires is None else '!':>6}"


def shown_flags(row: Row) -> str:
    """Return the row's letters, with I for a scoped one."""
    return in_order(row.flags + ("I" if row.scope else ""))


def destination(machine: Machine, row: Row) -> str:
    """Return the first cell."""
    if row.family == "inet":
        return row.address if row.length is None else class_full(row.address, row.length)
    if (row.address, row.length) == ("::", 0):
        return "default"
    zone = _zone(machine, row.scope) if is_zoned(row.address) else ""
    return row.address + zone + ("" if row.length is None else f"/{row.length}")


def class_full(address: str, length: int) -> str:
    """Return a network as netname and domask write it: as few octets as its class allows, no length of its class."""
    if length == 0:
        return "default"
    octets = IPv4Address(address).packed
    least = 1 if octets[0] < 128 else 2 if octets[0] < 192 else 3  # classes A, B and C
    count = next(n for n in (1, 2, 3, 4) if n >= least and not any(octets[n:]))
    return ".".join(map(str, octets[:count])) + ("" if length == 8 * least else f"/{length}")


def gateway(machine: Machine, row: Row) -> str:
    """Return the second cell."""
    to = row.gateway
    if not is_ether(to) and is_zoned(to):
        return to + _zone(machine, row.zone)
    if is_ether(to):  # link-layer addresses drop leading zeros in each octet
        return ":".join(f"{int(octet, 16):x}" for octet in to.split(":"))
    if to.count(".") == 5:  # six octets with dots: link_ntoa
        return ".".join(f"{int(octet, 16):x}" for octet in to.split("."))
    return to


def _zone(machine: Machine, index: int) -> str:
    return f"%{machine.name_of(index) or index}" if index else ""
