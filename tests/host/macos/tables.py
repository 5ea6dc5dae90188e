"""A table as macOS 14 prints it, with a row of most kinds, and how a test takes one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.host.macos.netstat import parse

if TYPE_CHECKING:
    from routewatch.core.model import Route


MACOS_14 = """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.7.1        UGScg                 en0       
default            link#22            UCSIg           bridge100      !
10.60/14           10.60.0.9          UGSc                utun5       
127                127.0.0.1          UCS                   lo0       
192.168.7          link#11            UCS                   en0      !
192.168.7.1/32     link#11            UCS                   en0      !
192.168.7.1        8:0:2b:1:2:c       UHLWIir               en0   1187
203.0.113.9        192.168.7.1        UGHS                  en0       
224.0.0            link#11            UmCS                  en0      !

Internet6:
Destination                             Gateway                                 Flags               Netif Expire
default                                 fe80::%utun0                            UGcIg               utun0       
fd00:60::/64                            utun5                                   USc                 utun5       
fe80::%utun5/64                         fe80::60:1%utun5                        UcI                 utun5       
fe80::60:1%utun5                        link#18                                 UHLI                  lo0       
fd00:60::5                              1a.2.e4.8.0.64                          UHL                   lo0       
"""  # noqa: W291 - netstat pads an empty Expire


def one(text: str) -> Route:
    """Return the only route of a text."""
    (route,) = parse(text).routes
    return route
