"""The protocols of routes by name, as ip-route(8) knows them: who put a route there, for [protect] protocols.

The numbers are the kernel's (RTPROT_* of include/uapi/linux/rtnetlink.h). What an administrator named in rt_protos
stays a number in a route, so it is given by its number here as well.
"""

from __future__ import annotations

PROTOCOLS = (
    "unspec", "redirect", "kernel", "boot", "static", "gated", "ra", "mrt", "zebra", "bird", "dnrouted", "xorp", "ntk",
    "dhcp", "keepalived", "babel", "openr", "bgp", "isis", "ospf", "rip", "eigrp",
)  # fmt: skip
