"""Saved tables of Linux in which a VPN left something behind, or took something away."""

from __future__ import annotations

import pytest

from tests.saved_linux import CAFE, DEFAULT, EXCLUDES, HALVES, HOME, LAN, SERVER, TUN, V6, V6_TUN, WIFI
from tests.saved_tables import Incident, linux

SERVER_V6 = "2001:db8:fe::1 via fe80::1 dev eth0 metric 1\n"

LEFTOVERS = {
    "L1 the route to the server stays": Incident(
        "killed", before=HOME, during=HOME + HALVES + SERVER, after=HOME + SERVER, orphans=SERVER
    ),
    "L1 its metric copied from the default": Incident(
        "as vpnc-script does",
        before=HOME,
        during=HOME + "default dev tun0 scope link\n" + TUN + SERVER.strip() + " src 10.40.0.20 metric 100",
        after=HOME + SERVER.strip() + " src 10.40.0.20 metric 100",
        orphans=SERVER.strip() + " src 10.40.0.20 metric 100",
    ),
    "L1 in pieces": Incident(
        "a default and little more",
        before=DEFAULT,
        during=DEFAULT + HALVES + SERVER,
        after=DEFAULT + SERVER,
        orphans=SERVER,
    ),
    "L2 a network that the client signed as static": Incident(
        "over the router of the default, come with the tunnel: strongSwan and NetworkManager's VPNs sign so",
        before=HOME,
        during=HOME + HALVES + "198.51.100.0/24 via 10.40.0.1 dev eth0 proto static\n",
        after=HOME + "198.51.100.0/24 via 10.40.0.1 dev eth0 proto static\n",
        orphans="198.51.100.0/24 via 10.40.0.1 dev eth0 proto static",
    ),
    "L1 strongSwan signs static": Incident(
        "proto static is a client's here: it came with the tunnel",
        before=HOME,
        during=HOME + HALVES + SERVER.strip() + " proto static",
        after=HOME + SERVER.strip() + " proto static",
        orphans=SERVER.strip() + " proto static",
    ),
    "L1 two uplinks": Incident(
        "delete by destination took one of two",
        before=HOME + WIFI,
        during=HOME
        + WIFI
        + "default dev tun0 scope link\n"
        + TUN
        + SERVER.strip()
        + " metric 100\n198.51.100.44 via 192.168.94.1 dev wlan0 metric 600",
        after=HOME + WIFI + "198.51.100.44 via 192.168.94.1 dev wlan0 metric 600",
        orphans="198.51.100.44 via 192.168.94.1 dev wlan0 metric 600",
    ),
    "L1 failover to the other uplink": Incident(
        "the first one's route stays while Wi-Fi carries on",
        before=HOME + WIFI,
        during=HOME + WIFI + HALVES + SERVER + "198.51.100.44 via 192.168.94.1 dev wlan0",
        after=HOME + WIFI + SERVER + "198.51.100.44 via 192.168.94.1 dev wlan0",
        orphans=SERVER + "198.51.100.44 via 192.168.94.1 dev wlan0",
    ),
    "L1 IPv6": Incident(
        "via the router's link-local address",
        before=HOME + V6,
        during=HOME + V6 + V6_TUN + TUN + SERVER_V6,
        after=HOME + V6 + SERVER_V6,
        orphans=SERVER_V6,
    ),
    "L1 the address changed under it": Incident(
        "the gateway of before is out of reach",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=CAFE + SERVER,
        orphans=SERVER,
    ),
    "L1 gateway out of reach, in the last table alone": Incident(
        "E4 needs no other table", after=CAFE + SERVER, orphans=SERVER
    ),
    "L1 a stale default beside a new one": Incident(
        "via a router that is gone, and it wins",
        after=CAFE + "default via 10.40.0.1 dev eth0",
        orphans="default via 10.40.0.1 dev eth0",
    ),
    "L2 excludes stay": Incident(
        "crashed", before=HOME, during=HOME + HALVES + EXCLUDES, after=HOME + EXCLUDES, orphans=EXCLUDES
    ),
    "L2 halves on a persistent tunnel": Incident(
        "linkdown: nobody holds it",
        before=HOME,
        during=HOME + HALVES + SERVER,
        after=HOME + SERVER + "0.0.0.0/1 via 10.8.0.1 dev tun0 linkdown\n"
        "128.0.0.0/1 via 10.8.0.1 dev tun0 linkdown\n" + TUN.strip() + " linkdown",
        orphans=SERVER + "0.0.0.0/1 via 10.8.0.1 dev tun0 linkdown\n128.0.0.0/1 via 10.8.0.1 dev tun0 linkdown",
    ),
    "L2 a default into a tunnel that nobody holds, alone": Incident(
        "it swallows everything",
        after=HOME + "default dev tun0 scope link linkdown",
        orphans="default dev tun0 scope link linkdown",
    ),
    "L2 IPv6 parts on a persistent tunnel": Incident(
        "linkdown",
        before=HOME + V6,
        during=HOME + V6 + V6_TUN,
        after=HOME + V6 + V6_TUN.replace("metric 1024", "metric 1024 linkdown"),
        orphans=V6_TUN.replace("metric 1024", "metric 1024 linkdown"),
    ),
    "L3 a client's table over the uplink": Incident(
        "it came with wt0, which is gone",
        before=HOME,
        during=HOME + "100.92.0.0/16 dev wt0 proto kernel scope link\n"
        "10.77.0.0/16 dev wt0 table 7120\n"
        "203.0.113.5 via 10.40.0.1 dev eth0 table 7120",
        after=HOME + "203.0.113.5 via 10.40.0.1 dev eth0 table 7120",
        orphans="203.0.113.5 via 10.40.0.1 dev eth0 table 7120",
    ),
    "L4 the default is gone": Incident(
        "the client put its own in its place and died",
        before=HOME,
        during=LAN + "default via 10.8.0.1 dev tun0\n" + TUN + SERVER,
        after=LAN + SERVER,
        orphans=SERVER,
        missing=DEFAULT,
    ),
    "L4 in pieces": Incident(
        "only the defaults were shown",
        before=DEFAULT,
        during="default via 10.8.0.1 dev tun0",
        after="",
        missing=DEFAULT,
    ),
    "L4 no table from under the VPN": Incident(
        "there was a default, there is none", before=HOME, after=LAN, missing=DEFAULT
    ),
    "L4 one of two defaults is gone": Incident(
        "Wi-Fi's still stands, as it did before",
        before=HOME + WIFI,
        during=LAN + WIFI + HALVES + SERVER,
        after=LAN + WIFI,
        missing=DEFAULT,
    ),
    "L4 the admin's route was replaced": Incident(
        "pushed over the same prefix, deleted by destination",
        before=HOME + "10.50.0.0/16 via 10.40.0.9 dev eth0",
        during=HOME + TUN + "10.50.0.0/16 via 10.8.0.1 dev tun0",
        after=HOME,
        missing="10.50.0.0/16 via 10.40.0.9 dev eth0",
    ),
    "L8 a default into a veth": Incident(
        "a zeroconf daemon's",
        after=HOME + "default dev veth0f1ec05 scope link",
        orphans="default dev veth0f1ec05 scope link",
    ),
    "L8 a default into a veth, link-local net and all": Incident(
        "with its 169.254/16, which does no harm",
        before=HOME,
        after=HOME + "default dev veth0f1ec05 scope link metric 1008\n"
        "169.254.0.0/16 dev veth0f1ec05 scope link metric 1008",
        orphans="default dev veth0f1ec05 scope link metric 1008",
    ),
    "L8 a default into a veth in place of the real one": Incident(
        "it leads nowhere, so it is no successor of the one that is lost",
        before=HOME,
        after=LAN + "default dev veth0f1ec05 scope link src 169.254.20.4 metric 1207",
        orphans="default dev veth0f1ec05 scope link src 169.254.20.4 metric 1207",
        missing=DEFAULT,
    ),
    "L4 saved while a split tunnel was up, which took the default along": Incident(
        "no split tunnel's own: a default over the uplink",
        before=HOME + "10.90.0.0/16 via 10.8.0.1 dev tun0\n" + TUN + SERVER,
        after=LAN,
        missing=DEFAULT,
    ),
    "L10 the office's range is the LAN's": Incident(
        "after the disconnect the tunnel's row is left on a persistent tunnel",
        before=HOME,
        during=HOME + "10.40.0.0/24 via 10.8.0.1 dev tun0\n" + TUN,
        after=HOME + "10.40.0.0/24 via 10.8.0.1 dev tun0 linkdown",
        orphans="10.40.0.0/24 via 10.8.0.1 dev tun0 linkdown",
    ),
}


@pytest.mark.parametrize("name", LEFTOVERS)
def test_what_a_vpn_left_or_took(name: str) -> None:
    linux(LEFTOVERS[name])
