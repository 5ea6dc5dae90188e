"""What Darwin's kernel does with its routing table: keys, scopes, clones, gateways, and interfaces that come and go.

Written from what XNU's route.c, rtsock.c, nd6_rtr.c and if_utun.c do. It knows no command and prints nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from tests.macos.machine import Key, Row

if TYPE_CHECKING:
    from tests.macos.machine import Interface, Machine

EPERM, ESRCH, EEXIST, EINVAL, ENETUNREACH = 1, 3, 17, 22, 51  # sys/errno.h of Darwin
FLAGS = "UGHRDMmdCXLS12Wc3BbIiYrg"  # in netstat's order
BITS = {"inet": 32, "inet6": 128}
ZERO = {"inet": "0.0.0.0", "inet6": "::"}  # noqa: S104  # the destination of the default route
FIRST_WITH_GLOBAL = (11, 3)
FIRST_WITH_FF00 = (14, 0)
LOOPBACK = 1


class RoutingError(Exception):
    """The kernel refused; ``number`` is Darwin's errno."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def in_order(flags: str) -> str:
    """Return the letters once each, in the order netstat prints them."""
    return "".join(letter for letter in FLAGS if letter in flags)


def is_zoned(address: str) -> bool:
    """Tell whether the kernel keeps a zone in this address: fe80::/10, ff01::/16, ff02::/16 (in6_embedded_scope)."""
    return address.startswith(("fe8", "fe9", "fea", "feb", "ff01:", "ff02:"))


def is_ether(gateway: str) -> bool:
    """Tell a link-layer address: six octets of two digits, with colons."""
    return len(gateway) == len("00:00:00:00:00:00") and gateway.count(":") == gateway[2::3].count(":") == 5


def find(machine: Machine, key: Key) -> Row | None:
    return next((row for row in machine.rows if row[:4] == key), None)


def add(machine: Machine, row: Row) -> Row:
    """Add a row as RTM_ADD does, with the flags that the kernel sets itself. Raises EEXIST."""
    if row.length is not None:
        network = ip_network(f"{row.address}/{row.length}", strict=False)  # the kernel masks the key
        row = row._replace(address=str(network.network_address))
    row = row._replace(flags=in_order(row.flags + _set_by_kernel(machine, row)))
    if find(machine, row.key):
        raise RoutingError(EEXIST)
    machine.rows.append(row)
    if not row.scope and row.address == ZERO[row.family]:
        machine.primary[row.family] = row.ifindex
    return row


def _set_by_kernel(machine: Machine, row: Row) -> str:
    """Return H, m, c and g as they are due."""
    flags = "" if row.length is not None else "H"
    multicast = ip_address(row.address).is_multicast
    if multicast:
        flags += "m"
    elif row.length is not None and "C" not in row.flags:
        flags += "c"  # a unicast network without C is PRCLONING
    if row.length is not None and row.address == ZERO[row.family] and machine.version() >= FIRST_WITH_GLOBAL:
        flags += "g"  # the mask isn't looked at: 0/1 and ::/1 get it, 128.0/1 doesn't
    return flags


def delete(machine: Machine, key: Key) -> Row:
    """Delete as RTM_DELETE does, by key alone; without a mask the mask isn't compared. Raises ESRCH."""
    same = [row for row in machine.rows if (row.family, row.address, row.scope) == (key.family, key.address, key.scope)]
    if key.length is None:
        same.sort(key=lambda row: BITS[row.family] + 1 if row.length is None else row.length, reverse=True)
    else:
        same = [row for row in same if row.length == key.length]
    if not same:
        raise RoutingError(ESRCH)
    _remove(machine, same[0])
    if not key.scope and key.address == ZERO[key.family]:
        machine.primary[key.family] = 0
        machine.nd6_asked |= key.family == "inet6" and same[0].length == 0 and "S" in same[0].flags
    return same[0]


def _remove(machine: Machine, row: Row) -> None:
    """Take the row out, and its clones with it."""
    machine.rows.remove(row)
    for clone in [one for one in machine.rows if one.parent == row.key]:
        if clone in machine.rows:  # it may have gone as a clone's clone
            _remove(machine, clone)


def lookup(machine: Machine, family: str, address: str, scope: int = 0) -> Row | None:
    """Return the row that serves an address: the longest, of the scope first where one is asked for."""
    scopes = (scope, 0) if scope else (0,)
    for wanted in scopes:
        matches = [
            row
            for row in machine.rows
            if row.family == family and row.scope == wanted and "W" not in row.flags and _covers(row, address)
        ]
        if matches:
            return max(matches, key=lambda row: BITS[family] + 1 if row.length is None else row.length)
    return None


def _covers(row: Row, address: str) -> bool:
    if row.length is None:
        return row.address == address
    return ip_address(address) in ip_network(f"{row.address}/{row.length}")


def towards(machine: Machine, family: str, gateway: str, scope: int = 0) -> int:
    """Return the interface of a gateway: a peer, a network of an address, or what the table says. ENETUNREACH."""
    on_link = 0
    for one in machine.interfaces:
        if scope in (0, one.ifindex) and _reaches(one, family, gateway):
            on_link = on_link or one.ifindex
    if on_link:
        return on_link
    row = lookup(machine, family, gateway, scope)
    if row is None:
        raise RoutingError(ENETUNREACH)
    return scope or row.ifindex


def _reaches(interface: Interface, family: str, gateway: str) -> bool:
    if family == "inet6":
        return any(
            ip_address(gateway) in ip_network(f"{address}/{length}", strict=False)
            for address, length in interface.inet6
            if not is_zoned(address)
        )
    return any(
        peer == gateway if peer else IPv4Address(gateway) in ip_network(f"{address}/{length}", strict=False)
        for address, length, peer in interface.inet
    )


def contact(machine: Machine, address: str) -> Row:
    """Send a packet: the row that serves it is cloned for this host. The clone is scoped, as clones are."""
    family = "inet6" if ":" in address else "inet"
    row = lookup(machine, family, address)
    if row is None:
        raise RoutingError(ENETUNREACH)
    interface = machine.at(row.ifindex)
    if row.length is None or interface is None:
        return row
    flags = in_order("UHWi" + ("G" if "G" in row.flags else "") + ("g" if "g" in row.flags else ""))
    gateway, expires = row.gateway, row.expires
    if "C" in row.flags and interface.mac:
        flags, expires = in_order(flags + "L"), 1200
        gateway = interface.mac[:-2] + f"{int(ip_address(address)) % 256:02x}"
    clone = Row(
        family, address, None, row.ifindex, row.ifindex, gateway, row.zone, flags=flags, expires=expires, parent=row.key
    )
    return find(machine, clone.key) or add(machine, clone)


def purge(machine: Machine, index: int) -> None:
    """Take away every row of an interface that is detached: scoped, static or not; no message tells of it."""
    going = [one for one in machine.rows if index in (one.ifindex, one.scope) or one.gateway == f"link#{index}"]
    machine.routers = [router for router in machine.routers if router[0] != index]
    machine.installed = [row for row in machine.installed if row.ifindex != index]
    for row in going:
        if row in machine.rows:
            _remove(machine, row)


def attach_inet6(machine: Machine, interface: Interface, *, link_local: str, is_router: bool = False) -> Interface:
    """Give an interface its link-local address, and the rows that come with one."""
    index, layer = interface.ifindex, interface.mac
    own = link_local if not layer else ""  # a tunnel's rows name its address where others name the link
    gateway = {"gateway": own, "zone": index} if own else {"gateway": f"link#{index}"}
    dotted = layer.replace(":", ".") if interface.kind == "bridge" else layer
    kernel_made = [
        Row("inet6", "fe80::", 64, index, index, **gateway, flags="U" if own else "UC"),
        Row("inet6", link_local, None, index, LOOPBACK, dotted or f"link#{index}", flags="UHL"),
    ]
    multicast = [("ff01::", 32), ("ff02::", 32)] + [("ff00::", 8)] * (machine.version() >= FIRST_WITH_FF00)
    kernel_made += [Row("inet6", to, length, index, index, **gateway, flags="UC") for to, length in multicast]
    if is_router:  # a system utun: the other end advertises itself with an interface id of zero
        kernel_made.append(Row("inet6", "::", 0, index, index, "fe80::", index, flags="UG"))
    for row in kernel_made:
        add(machine, row)
    interface = interface._replace(inet6=(*interface.inet6, (link_local, 64)))
    machine.change(interface)
    return interface


def autoconfigure(machine: Machine, interface: Interface, prefix: str) -> str:
    """Make an address from an advertised prefix, with the two rows that come with it. Return the address."""
    network = IPv6Network(prefix)
    address, link = str(network[int(IPv6Address(interface.inet6[0][0])) % (1 << 64)]), f"link#{interface.ifindex}"
    to, length = str(network.network_address), network.prefixlen
    add(machine, Row("inet6", to, length, 0, interface.ifindex, link, flags="UC"))
    add(machine, Row("inet6", address, None, 0, LOOPBACK, interface.mac, flags="UHL"))
    machine.change(interface._replace(inet6=(*interface.inet6, (address, length))))
    return address


def forget_prefixes(machine: Machine, interface: Interface) -> None:
    """Take back what was made of advertised prefixes: kernel-made rows alone, no static one."""
    made = [pair for pair in interface.inet6 if not is_zoned(pair[0])]
    for address, length in made:
        network = str(IPv6Network(f"{address}/{length}", strict=False).network_address)
        for key in (Key("inet6", network, length, 0), Key("inet6", address, None, 0)):
            row = find(machine, key)
            if row and "S" not in row.flags:
                _remove(machine, row)
    machine.change(interface._replace(inet6=tuple(pair for pair in interface.inet6 if pair not in made)))


def select_default_routers(machine: Machine, primary: int, *, anew: bool = False) -> None:
    """Install the routers' defaults: of the primary interface unscoped, of others scoped (nd6's defrouter_select).

    What it believes to be installed is not looked at, so a default deleted by hand stays away. With ``anew`` it is
    made again: a static default was deleted, and the timer looks at the list once more.
    """
    wanted = [
        Row("inet6", "::", 0, 0 if index == primary else index, index, address, index, flags="UG")
        for index, address in machine.routers
    ]
    for believed in [one for one in machine.installed if one not in wanted or anew]:
        row = find(machine, believed.key)
        if row and "S" not in row.flags and row.ifindex == believed.ifindex:
            _remove(machine, row)
        machine.installed.remove(believed)
    for row in wanted:
        if row not in machine.installed and find(machine, row.key) is None:
            add(machine, row)
            machine.installed.append(row)
    machine.nd6_asked = False
