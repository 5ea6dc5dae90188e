"""Sockets of rtnetlink(7): one that asks the kernel for its tables, one that hears whether they changed meanwhile.

They only transmit. What the datagrams mean, ``rtnetlink`` knows; what to make of a dump during which something changed,
``reading`` decides.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from routewatch.core.model import FAMILIES
from routewatch.errors import ObservationError
from routewatch.host.linux.port_ids import bind_beside_pid
from routewatch.host.linux.rtnetlink import messages

if TYPE_CHECKING:
    from typing import Self

    from routewatch.core.model import Family

# include/uapi/linux/netlink.h
SOL_NETLINK = 270
NETLINK_ROUTE = 0
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_EXT_ACK = 11
NETLINK_GET_STRICT_CHK = 12
# include/uapi/linux/rtnetlink.h, RTNLGRP_*
IPV4_ROUTE_GROUP, IPV6_ROUTE_GROUP, NEXTHOP_GROUP = 7, 11, 32

DEADLINE = 5.0  # seconds to wait for the next datagram of a dump
# The kernel fills at most 32 KiB of a datagram (netlink_dump() in net/netlink/af_netlink.c), links with many virtual
# functions excepted
BUFFER_SIZE = 65536
SEQUENCE = 0x726F7574  # the same in each request, so that an unchanged table comes in the same bytes

# What a kernel says that was built without IPv6, policy rules or nexthop objects, and for a table that isn't there
_NOTHING_THERE = frozenset({errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.EPFNOSUPPORT, errno.ENOENT})
# Sizes of the headers behind nlmsghdr (struct ifinfomsg, ...); strict checking wants them whole and zeroed
_BODY_SIZES = {
    messages.RTM_GETLINK: 16,
    messages.RTM_GETADDR: 8,
    messages.RTM_GETROUTE: 12,
    messages.RTM_GETNEIGH: 12,
    messages.RTM_GETRULE: 12,
    messages.RTM_GETNEXTHOP: 8,
}
_ENDS = frozenset({messages.NLMSG_DONE, messages.NLMSG_ERROR})
_TRUNCATED = int(socket.MSG_TRUNC)  # a plain number: the enumeration's "&" takes as long as the kernel for a datagram


class Dump(NamedTuple):
    """The datagrams of one dump as they came; ``interrupted`` where what was dumped changed meanwhile."""

    chunks: tuple[bytes, ...] = ()
    interrupted: bool = False

    def payloads(self, kind: int) -> list[bytes]:
        """Return the payloads of the messages of one type, in order."""
        return [message.payload for chunk in self.chunks for message in messages.split(chunk) if message.type == kind]


class RequestSocket:
    """A socket to ask rtnetlink(7) with; kept open, as port id and sequence are then the same in each dump."""

    def __init__(self) -> None:
        """Open the socket. Raises ObservationError where the system has no rtnetlink or lets nobody use it."""
        self._socket = _open_socket()
        self._socket.settimeout(DEADLINE)
        self._size = BUFFER_SIZE
        for option in (NETLINK_GET_STRICT_CHK, NETLINK_EXT_ACK):
            try:
                self._socket.setsockopt(SOL_NETLINK, option, 1)
            except OSError:  # before Linux 4.20 and 4.12; nothing depends on them
                continue
        self._mark = messages.conversation(SEQUENCE, self._socket.getsockname()[0])
        # A socket's first dump is cut into datagrams otherwise than the later ones: the kernel learns our buffer's
        # size by the first recvmsg() (max_recvmsg_len in af_netlink.c). So that one is thrown away.
        try:
            self.dump(messages.RTM_GETRULE, messages.AF_INET)
        except ObservationError:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the socket itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def dump(self, kind: int, family: int = 0, body: bytes = b"") -> Dump:
        """Ask for all entries (``kind`` is an RTM_GET...) of one family; ``body`` follows the header of zeros.

        A family or table that the kernel doesn't have is an empty dump. Raises ObservationError.
        """
        try:
            self._drain()
            self._socket.send(_request(kind, family, body))
            dump = self._receive()
        except TimeoutError:
            raise ObservationError(f"the kernel did not finish a dump within {DEADLINE:g} s (message {kind})") from None
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return Dump()
            raise ObservationError(f"the kernel refused a dump: {error.strerror} (message {kind})") from error
        # For a family that it doesn't have (it was built without IPv6) the kernel answers for all families it has:
        # rtnetlink_rcv_msg() in net/core/rtnetlink.c falls back to PF_UNSPEC
        is_ours = not family or messages.first_family(dump.chunks[0]) in {None, family}
        return dump if is_ours else Dump()

    def _receive(self) -> Dump:
        chunks: list[bytes] = []
        interrupted = False
        while True:
            chunk, _, flags, sender = self._socket.recvmsg(self._size)
            if sender[0] != 0:  # not from the kernel: any process may write to our port
                continue
            if flags & _TRUNCATED:
                self._size *= 2
                interrupted = True
            chunks.append(chunk)
            # The kernel marks the first message that it writes after the change: the first of a datagram, or the last
            # of all (nl_dump_check_consistent() in include/net/netlink.h, called once for each datagram)
            interrupted = interrupted or messages.first_flags(chunk) & messages.NLM_F_DUMP_INTR != 0
            if not self._ends_in_an_entry(chunk):
                ended, marked = _walk(chunk)
                interrupted = interrupted or marked
                if ended:
                    return Dump(tuple(chunks), interrupted)

    def _ends_in_an_entry(self, chunk: bytes) -> bool:
        """Tell whether the last message is an entry of the dump, so that more datagrams follow.

        NLMSG_DONE is its own datagram or the tail of the last one, and its length varies. Its header is found from
        behind, by the sequence and port that every message bears; only where that is no header are all walked.
        """
        start = max(0, chunk.rfind(self._mark) - 8)
        length, kind = messages.length_and_type(chunk, start)
        return kind not in _ENDS and messages.aligned(length) == messages.aligned(len(chunk) - start)

    def _drain(self) -> None:
        """Throw away what an earlier dump, given up in its middle, left in the queue."""
        while select.select([self._socket], [], [], 0)[0]:
            self._socket.recv(self._size)


class Witness:
    """A socket that hears of route changes, to tell whether a dump was taken in quiet."""

    def __init__(self) -> None:
        """Open the socket and join the groups. Raises ObservationError."""
        self._socket = _open_socket()
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        for group in (IPV4_ROUTE_GROUP, IPV6_ROUTE_GROUP, NEXTHOP_GROUP):
            try:
                self._socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
            except OSError:  # no nexthop objects before Linux 5.3
                continue

    def __enter__(self) -> Self:
        """Return the witness itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self._socket.close()

    def heard(self) -> set[Family]:
        """Return the families that changed since the last call; after lost messages, and for nexthop objects, both."""
        families: set[Family] = set()
        while True:
            try:
                datagram = self._socket.recv(BUFFER_SIZE)
            except BlockingIOError:
                return families
            except OSError:  # ENOBUFS: there were more than the queue holds
                families.update(FAMILIES)
                continue
            for message in messages.split(datagram):
                families.update(_families_of(message))


def _open_socket() -> socket.socket:
    try:
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    except OSError as error:
        raise ObservationError(f"rtnetlink can't be opened: {error.strerror}") from error
    try:
        bind_beside_pid(opened)
    except OSError as error:
        opened.close()
        raise ObservationError(f"rtnetlink can't be used: {error.strerror}") from error
    return opened


@lru_cache(maxsize=64)
def _request(kind: int, family: int, body: bytes) -> bytes:
    header = bytes([family]).ljust(_BODY_SIZES[kind], b"\0")
    return messages.request(kind, messages.NLM_F_DUMP, SEQUENCE, header + body)


def _walk(chunk: bytes) -> tuple[bool, bool]:
    """Tell whether a message of this datagram ends the dump, and whether one up to there says it was interrupted.

    Raises OSError in the kernel's own words where the kernel ended it with an error.
    """
    marked = False
    for message in messages.split(chunk):
        marked = marked or message.flags & messages.NLM_F_DUMP_INTR != 0
        if message.type in _ENDS:
            number, words = messages.refusal(message)
            if number:
                raise OSError(number, words or os.strerror(number))
            return True, marked
    return False, marked


def _families_of(message: messages.Message) -> tuple[Family, ...]:
    if message.type in {messages.RTM_NEWROUTE, messages.RTM_DELROUTE}:
        return ("inet6",) if message.payload[:1] == bytes([messages.AF_INET6]) else ("inet",)
    return FAMILIES
