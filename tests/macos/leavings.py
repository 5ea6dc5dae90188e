"""A Mac on which a killed client has left three rows, and somebody who has seen it come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos.person import Person

if TYPE_CHECKING:
    from tests.macos.mac import Mac

LEFT = {"203.0.113.9/32", "192.0.2.0/24", "2001:db8:77::/48"}  # the server's, an exclude, one that was forgotten


def lasting(mac: Mac) -> set[tuple[str, ...]]:
    """Return the rows without what comes and goes by itself."""
    rows = (row for row in mac.table() if not {"W", "L"} & {*row.flags})
    return {(row.destination, row.gateway, row.flags, row.interface) for row in rows}


def left_there(mac: Mac) -> set[str]:
    """Return which of the three are there."""
    return {row.destination for row in mac.table()} & LEFT


def left_behind(mac: Mac) -> Person:
    """Let the client come, be seen, and be killed."""
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    mac.system_utuns(2)
    person = Person(mac)
    person.vouches()
    vpn = mac.connect_utun(
        client="openvpn", routes=["0.0.0.0/1", "128.0.0.0/1"], server="203.0.113.9", excludes=["192.0.2.0/24"]
    )
    mac.route("-n add -inet6 -net 2001:db8:77::/48 fe80::1%en0")
    person.looks()
    vpn.killed()
    person.looks()
    person.gives_grace()
    return person
