"""Sends a request to the kernel through pyroute2, and gives back its refusal: the only place where pyroute2 is known.

Opened with the first request and kept until ``close``. It decides nothing, and does not know what is asked for.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routewatch.host.linux.request import Request

NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4  # include/uapi/linux/netlink.h

# include/uapi/linux/rtnetlink.h: the RTA_* that pyroute2 0.9.7 does not know, from RTA_EXPIRES (23) on
RTA_EXPIRES = 23
MISSING_ATTRIBUTES = (
    ("RTA_EXPIRES", "uint32"),
    ("RTA_PAD", "hex"),
    ("RTA_UID", "uint32"),
    ("RTA_TTL_PROPAGATE", "uint8"),
    ("RTA_IP_PROTO", "uint8"),
    ("RTA_SPORT", "be16"),
    ("RTA_DPORT", "be16"),
    ("RTA_NH_ID", "uint32"),
)


class RefusedError(Exception):
    """The kernel's error number and words."""

    def __init__(self, number: int, words: str) -> None:
        """Take both as the kernel gave them."""
        super().__init__(words)
        self.number = number
        self.words = words


def send(kind: int, flags: int, wanted: Request) -> None:
    """Send one request (RTM_...; flags NLM_F_...) and wait for its answer. Raises RefusedError."""
    from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415 - 170 ms, that only acting may cost
    from pyroute2.netlink.rtnl.fibmsg import fibmsg  # noqa: PLC0415 - as above
    from pyroute2.netlink.rtnl.rtmsg import rtmsg  # noqa: PLC0415 - as above

    connection = _pyroute2()
    message = rtmsg() if wanted.is_route else fibmsg()
    message.update(wanted.header)
    message["attrs"] = list(deepcopy(wanted.attributes).items())  # pyroute2 writes into what it gets
    message["header"]["type"] = kind
    message["header"]["flags"] = NLM_F_REQUEST | NLM_F_ACK | flags
    try:
        connection.nlm_request_batch([message])
    except NetlinkError as error:
        raise RefusedError(*error.args) from error
    except OSError as error:
        close()  # what else comes on this socket belongs to no request any more
        raise RefusedError(error.errno or 0, error.strerror or str(error)) from error


@cache
def _pyroute2() -> Any:  # noqa: ANN401 - pyroute2 ships no types
    from pyroute2 import IPRoute  # noqa: PLC0415 - see send()
    from pyroute2.netlink.rtnl.rtmsg import rtmsg_base  # noqa: PLC0415 - see send()

    # pyroute2 0.9.7 ends at RTA_ENCAP and RTA_EXPIRES, and takes the latter for hexadecimal digits. Its map of
    # attributes is compiled with the first message, so it is made longer before that. A later pyroute2 may know more.
    known = [entry for entry in rtmsg_base.nla_map if entry[0] != "RTA_EXPIRES"]
    if len(known) == RTA_EXPIRES:
        rtmsg_base.nla_map = (*known, *MISSING_ATTRIBUTES)
    return IPRoute(ext_ack=True, strict_check=True)


def close() -> None:
    """Close the socket, if one was opened."""
    if _pyroute2.cache_info().currsize:
        _pyroute2().close()
        _pyroute2.cache_clear()


def port() -> int:
    """Return the socket's port id, by which the kernel names the author of a change; 0 before the first request."""
    if not _pyroute2.cache_info().currsize:
        return 0
    return int(_pyroute2().asyncore.socket.getsockname()[0])
