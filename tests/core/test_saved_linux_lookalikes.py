"""Saved tables of Linux with rows that look like leftovers and are somebody's: nothing is orphaned."""

from __future__ import annotations

import pytest

from tests.saved_linux import CAFE, EXCLUDES, HALVES, HOME, LAN, SERVER, TUN, V6, V6_TUN, WIFI
from tests.saved_tables import Incident, linux

MESH = "100.64.0.0/10 dev tailscale0 scope link\n100.101.7.9 dev tailscale0 proto kernel scope link src 100.101.7.9\n"

LOOKALIKES = {
    "the VPN is up": Incident(
        "its rows are its own", before=HOME, during=HOME + HALVES + SERVER, after=HOME + HALVES + SERVER
    ),
    "the VPN is up, alone": Incident("nothing to say", after=HOME + HALVES + SERVER),
    "a clean end": Incident("nothing left", before=HOME, during=HOME + HALVES + SERVER, after=HOME),
    "the default came back without its marks": Incident(
        "proto boot, no metric: changed, and works",
        before=HOME,
        during=LAN + "default dev tun0 scope link\n" + TUN + SERVER,
        after=LAN + "default via 10.40.0.1 dev eth0",
    ),
    "L7 the advertised default is gone": Incident(
        "missing, though it is the router's to bring back",
        before=HOME + V6,
        during=HOME + V6 + V6_TUN,
        after=HOME + "fe80::/64 dev eth0 proto kernel metric 256",
        missing="default via fe80::1 dev eth0 proto ra metric 100 expires 1700sec",
    ),
    "FP-L5 strongSwan is up and has no tunnel": Incident(
        "its packets are told by XFRM policies; table 220 stands as long as it runs",
        before=HOME,
        during=HOME + "10.99.0.0/16 via 10.40.0.1 dev eth0 proto static src 10.40.0.3 table 220\n",
        after=HOME + "10.99.0.0/16 via 10.40.0.1 dev eth0 proto static src 10.40.0.3 table 220\n",
    ),
    "L10 overlap while the VPN is up": Incident(
        "explain, don't touch", after=HOME + "10.40.0.0/24 dev tun0 scope link\n" + TUN
    ),
    "L10 docker's range is the VPN's": Incident(
        "up",
        before=HOME,
        during=HOME + TUN + "172.17.0.0/16 via 10.8.0.1 dev tun0",
        after=HOME + TUN + "172.17.0.0/16 via 10.8.0.1 dev tun0",
    ),
    "FP-L1 tables of policy routing": Incident(
        "an admin's second uplink",
        before=HOME,
        after=HOME + "default via 10.40.0.7 dev eth0 table 100\n10.40.0.0/24 dev eth0 scope link table 100",
    ),
    "FP-L2 NetworkManager's penalty": Incident(
        "20100 is 100 without connectivity",
        before=HOME,
        during=HOME + HALVES,
        after=HOME.replace("metric 100", "metric 20100"),
    ),
    "FP-L2 a lease in another subnet": Incident(
        "a DHCP renewal", before=HOME, during=HOME + HALVES + SERVER, after=CAFE
    ),
    "FP-L2 the cable is out": Incident("the kernel took everything of it", before=HOME + WIFI, after=WIFI),
    "FP-L2 Wi-Fi is off and only the bridge is left": Incident(
        "nothing to put back where the link is gone",
        before=HOME,
        after="172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown",
    ),
    "FP-L3 docker made a network during the session": Incident(
        "a bridge of containers",
        before=HOME,
        during=HOME + HALVES + "172.19.0.0/16 dev br-5f1e0c proto kernel scope link src 172.19.0.1",
        after=HOME + "172.19.0.0/16 dev br-5f1e0c proto kernel scope link src 172.19.0.1",
    ),
    "FP-L3 without signatures, as net-tools prints": Incident(
        "no format but ip's says proto",
        before="default via 10.40.0.1 dev eth0\n10.40.0.0/24 dev eth0",
        during="default via 10.40.0.1 dev eth0\n10.40.0.0/24 dev eth0\n"
        "0.0.0.0/1 via 10.8.0.1 dev tun0\n172.19.0.0/16 dev br-5f1e0c",
        after="default via 10.40.0.1 dev eth0\n10.40.0.0/24 dev eth0\n"
        "172.19.0.0/16 dev br-5f1e0c\n172.18.0.0/16 dev docker_gwbridge",
    ),
    "FP-L3 pods": Incident(
        "host routes of a cluster",
        before=HOME,
        after=HOME + "10.244.1.7 dev cali12ab scope link\n10.244.1.8 dev veth77aa scope link\n"
        "10.244.2.0/24 via 10.40.0.31 dev eth0\n"
        "blackhole 10.244.1.0/26 proto bird\n"
        "10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink",
    ),
    "FP-L3 pods came and went during the session": Incident(
        "the cluster's, not the VPN's",
        before=HOME + "10.244.1.7 dev cali12ab scope link",
        during=HOME + HALVES + SERVER + "10.244.1.9 dev cali34cd scope link",
        after=HOME + "10.244.1.9 dev cali34cd scope link",
    ),
    "FP-L3 a cloud's own": Incident(
        "a /32 and its gateway",
        after="default via 172.31.1.1 dev eth0 onlink\n169.254.169.254 via 172.31.1.1 dev eth0 onlink",
    ),
    "FP-L3 a cloud's own by DHCP": Incident(
        "the gateway has a route of its own",
        after="default via 10.128.0.1 dev ens4 proto dhcp src 10.128.0.5 metric 100\n"
        "10.128.0.1 dev ens4 proto dhcp scope link src 10.128.0.5 metric 100\n"
        "169.254.169.254 via 10.128.0.1 dev ens4 proto dhcp metric 100",
    ),
    "FP-L3 a pod's gateway": Incident(
        "as Calico gives it", after="default via 169.254.1.1 dev eth0\n169.254.1.1 dev eth0 scope link"
    ),
    "FP-L4 the same row stood before the VPN": Incident(
        "the user's own", before=HOME + SERVER, during=HOME + SERVER + HALVES, after=HOME + SERVER
    ),
    "FP-L4 the user's own through another gateway": Incident(
        "another row than the VPN's",
        before=HOME + "198.51.100.44 via 10.40.0.9 dev eth0",
        during=HOME + HALVES + SERVER + "198.51.100.44 via 10.40.0.9 dev eth0 metric 50",
        after=HOME + "198.51.100.44 via 10.40.0.9 dev eth0",
    ),
    "FP-L5 a client's table while it is up": Incident(
        "NetBird, up",
        before=HOME,
        during=HOME + "100.92.0.0/16 dev wt0 proto kernel scope link src 100.92.1.1\n10.77.0.0/16 dev wt0 table 7120",
        after=HOME + "100.92.0.0/16 dev wt0 proto kernel scope link src 100.92.1.1\n10.77.0.0/16 dev wt0 table 7120",
    ),
    "FP-L5 a client's table, alone": Incident(
        "Tailscale, up",
        after=HOME + "100.101.7.1 dev tailscale0 table 52\n"
        "100.100.100.100 dev tailscale0 table 52\nthrow 10.40.0.0/24 table 52\n" + MESH,
    ),
    "FP-L6 unreachable sets": Incident(
        "a distribution's and an admin's",
        after=HOME + "unreachable ::/96 dev lo metric 1024\n"
        "unreachable 2002:a00::/24 dev lo metric 1024\n"
        "blackhole 10.0.0.0/8 metric 254\nprohibit 192.168.0.0/16\n"
        "unreachable 172.16.0.0/12",
    ),
    "FP-L2 the primary uplink is another, as it was before": Incident(
        "a second uplink went, the router of the first one stands",
        before=HOME + WIFI,
        during=HOME + WIFI + HALVES,
        after=HOME,
    ),
    "FP-L6 came during the session": Incident(
        "its type proves nothing, and the client's rows are gone",
        before=HOME,
        during=HOME + HALVES + SERVER + "blackhole 198.18.0.0/15 proto bird",
        after=HOME + "blackhole 198.18.0.0/15 proto bird",
    ),
    "the user's own host, and no table from before": Incident(
        "over another machine of the LAN: no client's packets take that way to their server",
        during=HOME + HALVES + "192.0.2.77 via 10.40.0.9 dev eth0",
        after=HOME + "192.0.2.77 via 10.40.0.9 dev eth0",
    ),
    "somebody's route came while the VPN was up": Incident(
        "over another router than the client's packets take",
        before=HOME,
        during=HOME + HALVES + SERVER + "10.9.0.0/16 via 10.40.0.9 dev eth0",
        after=HOME + "10.9.0.0/16 via 10.40.0.9 dev eth0",
    ),
    "a mesh came up beside the office VPN": Incident(
        "and stays", before=HOME, during=HOME + HALVES + SERVER + MESH, after=HOME + MESH
    ),
    "two VPNs, one still up": Incident(
        "the other's route to its server is left",
        before=HOME + MESH,
        during=HOME + MESH + HALVES + SERVER,
        after=HOME + MESH + SERVER,
        orphans=SERVER,
    ),
    "two came, one still up": Incident(
        "which of them made the route nobody saved",
        before=HOME,
        during=HOME + HALVES + SERVER + "10.66.0.0/24 dev wg0 proto kernel scope link src 10.66.0.2\n"
        "10.70.0.0/16 dev wg0 scope link",
        after=HOME + SERVER + "10.66.0.0/24 dev wg0 proto kernel scope link src 10.66.0.2\n"
        "10.70.0.0/16 dev wg0 scope link",
    ),
    "saved while a VPN was up, which is over": Incident(
        "the ways to its server and its excludes were its own, and went with it",
        before=HOME + "10.90.0.0/16 via 10.8.0.1 dev tun0\n" + TUN + EXCLUDES,
        after=HOME,
    ),
    "nobody's network": Incident("empty tables", before="", during="", after=""),
    "multipath": Incident(
        "two uplinks under one default",
        before="default nexthop via 10.40.0.1 dev eth0 nexthop via 192.168.94.1 dev wlan0\n"
        + LAN
        + WIFI.replace("default via", "10.1.1.1 via"),
        during="default nexthop via 10.40.0.1 dev eth0 nexthop via 192.168.94.1 dev wlan0\n"
        + LAN
        + WIFI.replace("default via", "10.1.1.1 via")
        + HALVES,
        after="default nexthop via 10.40.0.1 dev eth0 nexthop via 192.168.94.1 dev wlan0\n"
        + LAN
        + WIFI.replace("default via", "10.1.1.1 via"),
    ),
    "a renewed advertisement": Incident(
        "another prefix, another lifetime",
        before=HOME + V6,
        during=HOME + V6 + V6_TUN,
        after=HOME + V6.replace("2001:db8:40:", "2001:db8:41:").replace("1700sec", "1790sec"),
    ),
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_what_is_somebodys(name: str) -> None:
    linux(LOOKALIKES[name])
