"""Pieces of saved tables of Linux that several stories are told with, as ``ip route`` prints them."""

from __future__ import annotations

DEFAULT = "default via 10.40.0.1 dev eth0 proto dhcp metric 100\n"
LAN = """
10.40.0.0/24 dev eth0 proto kernel scope link src 10.40.0.20 metric 100
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
"""
HOME = DEFAULT + LAN
TUN = "10.8.0.0/24 dev tun0 proto kernel scope link src 10.8.0.2\n"
HALVES = "0.0.0.0/1 via 10.8.0.1 dev tun0\n128.0.0.0/1 via 10.8.0.1 dev tun0\n" + TUN
SERVER = "198.51.100.44 via 10.40.0.1 dev eth0\n"
CAFE = """
default via 172.20.0.1 dev eth0 proto dhcp metric 100
172.20.0.0/20 dev eth0 proto kernel scope link src 172.20.3.3 metric 100
"""
WIFI = """
default via 192.168.94.1 dev wlan0 proto dhcp metric 600
192.168.94.0/24 dev wlan0 proto kernel scope link src 192.168.94.7 metric 600
"""
V6 = """
default via fe80::1 dev eth0 proto ra metric 100 expires 1700sec
2001:db8:40::/64 dev eth0 proto ra metric 100 expires 86000sec
fe80::/64 dev eth0 proto kernel metric 256
"""
V6_TUN = (
    "::/3 dev tun0 metric 1024\n2000::/4 dev tun0 metric 1024\n"
    "3000::/4 dev tun0 metric 1024\nfc00::/7 dev tun0 metric 1024\n"
)
EXCLUDES = "203.0.113.0/25 via 10.40.0.1 dev eth0\n198.18.0.0/15 via 10.40.0.1 dev eth0\n" + SERVER
