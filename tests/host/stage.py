"""The stage of the contract: three links with addresses, and the routes and rules that come and go on it, as lines.

``STAGE`` sets it up in a real namespace, ``LINKS`` are the same links as values.
"""

from __future__ import annotations

from tests import build

# For ip -batch. Without duplicate address detection, an IPv6 address is there at once.
NO_DAD = "sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
STAGE = """
link add v0 type veth peer name v1
link add b0 type bridge
link set v1 up
tuntap add t0 mode tun
addr add 10.1.0.1/24 dev v0
addr add 10.2.0.1/24 dev b0
addr add 10.8.0.2 peer 10.8.0.1 dev t0
addr add fd01::1/64 dev v0
addr add fd02::1/64 dev b0
link set v0 up
link set b0 up
link set t0 up
nexthop add id 7 via 10.1.0.9 dev v0
nexthop add id 8 via 10.1.0.8 dev v0
nexthop add id 9 group 7/8
nexthop add id 10 blackhole
nexthop add id 11 via fd01::9 dev v0
"""
LINKS = (
    build.link("lo kind loopback index 1 up carrier", "127.0.0.1/8", "::1/128"),
    build.link("v0 kind veth index 3 up carrier", "10.1.0.1/24", "fd01::1/64"),
    build.link("b0 kind bridge index 4 up carrier", "10.2.0.1/24", "fd02::1/64"),
    build.link("t0 kind tun index 5 up", "10.8.0.2 peer 10.8.0.1/32"),
)

ZOO = (
    "blackhole 10.20.0.0/16",
    "unreachable 10.21.0.0/16 metric 7",
    "prohibit 10.22.0.0/16",
    "throw 10.23.0.0/16 table 51820",
    "10.24.0.0/16 nexthop via 10.1.0.2 dev v0 weight 3 nexthop via 10.2.0.2 dev b0 weight 1",
    "10.25.0.0/16 nhid 7 via 10.1.0.9 dev v0",
    "10.26.0.0/16 nhid 9 nexthop via 10.1.0.9 dev v0 nexthop via 10.1.0.8 dev v0",
    "blackhole 10.27.0.0/16 nhid 10 dev lo",
    "10.28.0.0/16 via inet6 fe80::1 dev v0",
    "10.29.0.0/16 via 10.77.0.1 dev v0 onlink",
    "10.30.0.0/16 via 10.1.0.2 dev v0 mtu lock 1400 advmss 1300",
    "10.32.0.0/16 via 10.1.0.2 dev v0 tos 16",
    "10.33.0.0/16 dev t0 src 10.1.0.1",
    "10.34.0.0/16 dev t0 scope global",
    "10.35.0.0/16 via 10.1.0.2 dev v0 proto dhcp metric 100",
    "10.36.0.0/16 dev t0 table 51820 proto 77",
    "default via 10.1.0.2 dev v0",
    "default via 10.1.0.2 dev v0 table 300",
    "0.0.0.0/1 via 10.8.0.1 dev t0",
    "203.0.113.7/32 via 10.1.0.2 dev v0",
    "blackhole fd20::/48 dev lo",
    "unreachable fd21::/48 dev lo metric 7",
    "prohibit fd22::/48 dev lo",
    "throw fd23::/48 dev lo table 51820",
    "fd24::/48 nexthop via fd01::2 dev v0 weight 3 nexthop via fd02::2 dev b0 weight 1",
    "fd25::/48 nhid 11 via fd01::9 dev v0",
    "fd27::/48 via fe80::1 dev v0 mtu lock 1400",
    "fd28::/48 via fd77::1 dev v0 onlink",
    "fd29::/48 via fd01::2 dev v0 pref high",
    "fd30::/48 from fd01::/64 via fd01::2 dev v0",
    "fd31::/48 via fd01::2 dev v0 expires 1000",
    "fd32::/48 dev t0 src fd01::1",
    "default via fe80::1 dev v0 proto ra",
    "2000::/3 dev t0 table 51820",
)
RULES = (
    "100: from 10.0.0.0/8 fwmark 0xca6c/0xff iif v0 lookup 51820 proto static",
    "101: not from all fwmark 0xca6c lookup 51820 proto boot",
    "102: from all lookup main suppress_prefixlength 0 proto boot",
    "103: from all to 10.9.0.0/16 tos 16 prohibit proto boot",
    "104: from all ipproto 6 sport 10-20 dport 443 uidrange 100-200 oif t0 lookup 300 proto boot",
    "105: from all goto 200 proto boot",
    "106: from fd01::/64 lookup 300 proto 77",
)
# Two routes that differ in one thing only; neither may go when the other is deleted.
SIBLINGS = {
    "r7_metric": ("203.0.113.7/32 via 10.1.0.2 dev v0 metric 50", "203.0.113.7/32 via 10.1.0.2 dev v0 metric 100"),
    "r7_metric_0_which_means_any": ("10.50.0.0/16 via 10.1.0.2 dev v0", "10.50.0.0/16 via 10.1.0.2 dev v0 metric 500"),
    "r7_interface": ("203.0.113.7/32 dev t0 scope link", "203.0.113.7/32 dev v0 scope link"),
    "gateway": ("10.50.0.0/16 via 10.1.0.2 dev v0", "10.50.0.0/16 via 10.1.0.3 dev v0"),
    "protocol": ("10.50.0.0/16 via 10.1.0.2 dev v0 proto dhcp", "10.50.0.0/16 via 10.1.0.2 dev v0 proto static"),
    "r18_table": ("10.50.0.0/16 via 10.1.0.2 dev v0", "10.50.0.0/16 via 10.1.0.2 dev v0 table 51820"),
    "tos": ("10.50.0.0/16 via 10.1.0.2 dev v0", "10.50.0.0/16 via 10.1.0.2 dev v0 tos 16"),
    "type": ("blackhole 10.50.0.0/16", "unreachable 10.50.0.0/16"),
    "r8_a_leg_of_another_metric": (
        "10.50.0.0/16 via 10.1.0.2 dev v0 metric 5",
        "10.50.0.0/16 metric 6 nexthop via 10.1.0.2 dev v0 nexthop via 10.2.0.2 dev b0",
    ),
    "r9_nexthop_object": (
        "10.50.0.0/16 nhid 7 via 10.1.0.9 dev v0",
        "10.50.0.0/16 via 10.1.0.9 dev v0",
    ),
    "r7_ipv6_metric": ("fd50::/48 via fd01::2 dev v0 metric 5", "fd50::/48 via fd01::2 dev v0 metric 6"),
    "ipv6_interface": ("fd50::/48 dev v0", "fd50::/48 dev b0"),
    "ipv6_gateway_and_metric": ("fd50::/48 via fd01::2 dev v0", "fd50::/48 via fd01::3 dev v0 metric 2000"),
    "ipv6_table": ("fd50::/48 via fd01::2 dev v0", "fd50::/48 via fd01::2 dev v0 table 51820"),
    "ipv6_source": ("fd50::/48 via fd01::2 dev v0", "fd50::/48 from fd01::/64 via fd01::2 dev v0"),
    "r8_ipv6_a_leg_of_another_metric": (
        "fd50::/48 via fd01::2 dev v0 metric 5",
        "fd50::/48 metric 6 nexthop via fd01::2 dev v0 nexthop via fd02::2 dev b0",
    ),
}
RULE_SIBLINGS = {
    "r15_mark": (
        "100: from all fwmark 0xca6c lookup 51820 proto boot",
        "100: from all fwmark 0xca6d lookup 51820 proto boot",
    ),
    "r15_source": ("100: from 10.1.0.0/16 lookup 300 proto boot", "100: from 10.2.0.0/16 lookup 300 proto boot"),
    "r15_table": ("100: from all iif v0 lookup 300 proto boot", "100: from all iif v0 lookup 301 proto boot"),
    "r15_protocol": ("100: from all iif v0 lookup 300 proto boot", "100: from all iif v0 lookup 300 proto static"),
    "r15_priority": ("100: from all iif v0 lookup 300 proto boot", "101: from all iif v0 lookup 300 proto boot"),
}
# An old route and a new one in its place
REPLACEMENTS = {
    "gateway": ("10.60.0.0/16 via 10.1.0.2 dev v0", "10.60.0.0/16 via 10.1.0.3 dev v0"),
    "metric": ("10.60.0.0/16 via 10.1.0.2 dev v0 metric 5", "10.60.0.0/16 via 10.1.0.2 dev v0 metric 6"),
    "type": ("10.60.0.0/16 via 10.1.0.2 dev v0", "blackhole 10.60.0.0/16"),
    "to_legs": (
        "10.60.0.0/16 via 10.1.0.2 dev v0",
        "10.60.0.0/16 nexthop via 10.1.0.2 dev v0 nexthop via 10.2.0.2 dev b0",
    ),
    "default": ("default dev t0 scope link", "default via 10.1.0.2 dev v0 proto dhcp"),
    "ipv6_gateway": ("fd60::/48 via fd01::2 dev v0", "fd60::/48 via fd01::3 dev v0"),
    "ipv6_metric": ("fd60::/48 via fd01::2 dev v0", "fd60::/48 via fd01::2 dev v0 metric 6"),
    "ipv6_protocol": ("fd60::/48 via fd01::2 dev v0", "fd60::/48 via fd01::2 dev v0 proto ra"),
    "ipv6_interface": ("fd60::/48 dev t0", "fd60::/48 dev v0"),
    "ipv6_on_link_to_gateway": ("fd60::/48 dev t0", "fd60::/48 via fd01::2 dev v0"),
    "ipv6_from_legs": (
        "fd60::/48 nexthop via fd01::2 dev v0 nexthop via fd02::2 dev b0",
        "fd60::/48 via fd01::2 dev v0",
    ),
}
