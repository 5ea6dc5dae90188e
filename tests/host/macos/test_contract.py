"""A Mac keeps the contract of every host: with route(8) and netstat, which exit 0 when they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.build_macos import row
from tests.host.contract import Ground, claims

if TYPE_CHECKING:
    from routewatch.core.model import Route
    from routewatch.host.macos.kernel import MacHost
    from tests.macos.mac import Mac

LINES = (
    "10.44/16 192.168.7.1 UGSc en0",
    "203.0.113.9 192.168.7.1 UGHS en0",
    "203.0.113.9/32 192.168.7.1 UGSc en0",
    "0.0.2/23 192.168.7.1 UGSc en0",
    "128.0/1 192.168.7.1 UGSc en0",
    "10.45/16 192.168.7.1 UGScI en0",
    "10.46/16 link#4 USc en0",
    "10.47/16 utun0 USc utun0",
    "10/8 10.8.0.5 UGSc utun0",
    "10.48/16 127.0.0.1 UGRSc lo0",
    "10.49/16 127.0.0.1 UGScB lo0",
    "2001:db8:5::/48 utun0 USc utun0",
    "2001:db8:6::1 utun0 UHS utun0",
    "2001:db8:6::2/128 utun0 USc utun0",
    "::/1 utun0 USc utun0",
    "default fe80::7%utun0 UGScI utun0",
)
SIBLINGS = {
    "length": ("10.44/16 192.168.7.1 UGSc en0", "10.44/17 192.168.7.1 UGSc en0"),
    "scope": ("10.44/16 192.168.7.1 UGSc en0", "10.44/16 192.168.7.1 UGScI en0"),
    "scopes": ("10.44/16 192.168.7.1 UGScI en0", "10.44/16 10.8.0.5 UGScI utun0"),
    "host_and_net_of_one_address": ("203.0.113.9 192.168.7.1 UGHS en0", "203.0.113.9/32 192.168.7.1 UGSc en0"),
    "half_of_everything_and_a_default": ("0/1 10.8.0.5 UGSc utun0", "default 10.8.0.5 UGScI utun0"),
    "ipv6_length": ("2001:db8:5::/48 utun0 USc utun0", "2001:db8:5::/64 utun0 USc utun0"),
    "ipv6_host_and_net": ("2001:db8:6::2 utun0 UHS utun0", "2001:db8:6::2/128 utun0 USc utun0"),
}


def read(line: str) -> Route:
    """Read a row, and what its flags say of it: a refusal set on purpose."""
    found = row(line)
    kind = "unreachable" if "R" in found.flags else "blackhole" if "B" in found.flags else "unicast"
    return replace(found, type=kind)


RIGHT = read("10.50/16 192.168.7.1 UGSc en0")
GROUND = Ground(
    entries={line: read(line) for line in LINES},
    siblings={name: (read(one), read(other)) for name, (one, other) in SIBLINGS.items()},
    mistakes={
        "inet": (
            RIGHT,
            (
                replace(RIGHT, destination="10.50.0.0/17"),
                replace(RIGHT, gateway="192.168.7.9"),
                replace(RIGHT, interface="utun0"),
                replace(RIGHT, interface="gone0"),
                replace(RIGHT, gateway=None, link="utun0", interface="utun0"),
                replace(RIGHT, scoped=True, flags="UGScI"),
                replace(RIGHT, destination="10.50.0.0/32", flags="UGHS"),
            ),
        )
    },
    plain=read("10.99/16 10.8.0.5 UGSc utun0"),
    gone=read("10.50/16 utun9 USc utun9"),
    unreachable=(),
)
CLAIMS = claims(GROUND)


@pytest.fixture
def stage(mac: Mac) -> Mac:
    assert mac.connect_utun(client="openvpn", address="10.8.0.6", peer="10.8.0.5").name == "utun0"
    return mac


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.usefixtures("stage")
def test_the_contract(name: str, host: MacHost) -> None:
    CLAIMS[name](host)
