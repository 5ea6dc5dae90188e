"""Pieces of saved tables of macOS that several stories are told with, as its netstat prints them."""

from __future__ import annotations

LINK = """
127 127.0.0.1 UCS lo0
127.0.0.1 127.0.0.1 UH lo0
169.254 link#14 UCS en0 !
192.168.70 link#14 UCS en0 !
192.168.70.1/32 link#14 UCS en0 !
192.168.70.1 30:de:4b:11:9:7c UHLWIir en0 1187
192.168.70.23/32 link#14 UCS en0 !
224.0.0/4 link#14 UmCS en0 !
255.255.255.255/32 link#14 UCS en0 !
default fe80::%utun0 UGcIg utun0
fe80::%utun0/64 fe80::4c:1:2:3%utun0 UcI utun0
ff02::%utun0/32 fe80::4c:1:2:3%utun0 UmCI utun0
"""
HOME = "default 192.168.70.1 UGScg en0" + LINK
HALVES = """
0/1 10.81.0.5 UGSc utun4
128.0/1 10.81.0.5 UGSc utun4
10.81.0.5 10.81.0.6 UH utun4
"""
SERVER = "198.51.100.44 192.168.70.1 UGHS en0"
SERVER_NET = "198.51.100.44/32 192.168.70.1 UGSc en0"
EXCLUDES = """
203.0.113.0/25 192.168.70.1 UGSc en0
100.100.4/22 192.168.70.1 UGSc en0
198.51.100.44/32 192.168.70.1 UGSc en0
"""
CAFE = """
default 10.119.0.1 UGScg en0
127 127.0.0.1 UCS lo0
10.119/20 link#14 UCS en0 !
10.119.0.1/32 link#14 UCS en0 !
10.119.0.1 e:9:1:2:3:4 UHLWIir en0 900
10.119.4.4/32 link#14 UCS en0 !
"""
MESH = """
100.64/10 link#21 UCS utun3
100.101.7.9 100.101.7.9 UH utun3
default link#21 UCSIg utun3
"""
V6_HOME = """
default fe80::21b:1%en0 UGcg en0
2001:db8:70::/64 link#14 UC en0
fe80::%en0/64 link#14 UCI en0
"""
