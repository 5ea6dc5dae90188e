"""A link that a person names as a VPN's in the configuration is a tunnel, whatever its kind."""

from __future__ import annotations

from routewatch.core.model import Link
from routewatch.core.signatures import SIGNATURES, Signature
from routewatch.core.tunnels import is_tunnel

OURS = (*SIGNATURES, Signature(client="ours", interfaces=("vpn*",)))


def test_a_veth_named_in_the_configuration_is_a_tunnel() -> None:
    assert is_tunnel(Link(name="vpn0", index=7, kind="veth"), OURS)


def test_a_veth_that_is_only_called_like_a_known_clients_link_is_none() -> None:
    assert not is_tunnel(Link(name="tun0", index=7, kind="veth"), OURS)


def test_a_gre_link_called_like_a_known_clients_is_a_tunnel() -> None:
    assert is_tunnel(Link(name="wt0", index=7, kind="gre"), OURS)
