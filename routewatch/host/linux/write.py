"""Takes one step: adds, deletes or replaces one route or rule, and that one only.

Before a delete the rows beside the route are looked at, and it is left alone where the kernel would take another for
it. What is worth doing is not known here, and whether it has worked is the next dump's to say.
"""

from __future__ import annotations

import errno
import os
from fcntl import ioctl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.model import PolicyRule
from routewatch.errors import KernelRefusedError, PermissionRefusedError
from routewatch.host.linux import siblings, transmit
from routewatch.host.linux.burst import Burst
from routewatch.host.linux.dumps import RequestSocket
from routewatch.host.linux.request import Request, route_request, rule_request
from routewatch.host.linux.rtnetlink import messages
from routewatch.host.linux.transmit import RefusedError, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.model import Route
    from routewatch.core.steps import Step
    from routewatch.host.port import Outcome

# include/uapi/linux/netlink.h
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800

NAMESPACE, STATUS = Path("/proc/self/ns/net"), Path("/proc/self/status")
NS_GET_USERNS = 0xB701  # include/uapi/linux/nsfs.h
CAP_NET_ADMIN = 12  # include/uapi/linux/capability.h

GONE = frozenset({errno.ESRCH, errno.ENOENT, errno.ENODEV})
FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})
IPV6_OFF = "IPv6 is disabled"  # EACCES as well, whoever asks: fib6_nh_init() in net/ipv6/route.c


class _NoInterfaceError(Exception):
    """An interface by which a route leads has no index."""


def apply(step: Step, index_of: Callable[[str], int]) -> Outcome:
    """Take the step; ``index_of`` gives an interface's index and raises LookupError or OSError where there is none.

    "done"; "absent": this very row wasn't there to delete or replace; "present": this very row was there already.
    Among IPv4 rows of one prefix and metric, an added one is the last, or the first where it led before.
    Raises KernelRefusedError (also where another row would have been hit), PermissionRefusedError, and
    ObservationError where the rows beside it can't be read.
    """
    try:
        if step.action == "replace":
            return _replace(_request(step.replaces, index_of), _request(step.route, index_of))
        wanted = _request(step.route or step.policy_rule, index_of)
        return _add(wanted, leading=step.leading) if step.action == "add" else _delete(wanted)
    except _NoInterfaceError as error:
        if step.action == "delete":
            return "absent"  # the routes of an interface go with it
        raise KernelRefusedError(str(error)) from error
    except RefusedError as error:
        if error.number in FORBIDDEN and IPV6_OFF not in error.words:
            raise PermissionRefusedError(error.words, "changing routes needs root, or CAP_NET_ADMIN") from error
        raise KernelRefusedError(error.words) from error


def rest() -> None:
    """Let go what was read for one step and kept for the next: none follows for now."""
    if _burst.cache_info().currsize:
        _burst().forget()


def close() -> None:
    """Close the sockets that steps have opened."""
    rest()
    _burst.cache_clear()
    transmit.close()
    if _requests.cache_info().currsize:
        _requests().close()
        _requests.cache_clear()


def may_act() -> bool:
    """Tell whether we may change routes: CAP_NET_ADMIN, in the user namespace that owns this network namespace.

    Nothing is tried out. Sources: capabilities(7), user_namespaces(7), ioctl_ns(2).
    """
    try:
        with NAMESPACE.open("rb") as network:
            # Gives a descriptor of the owner, and EPERM where that is none of ours nor of our descendants.
            os.close(ioctl(network.fileno(), NS_GET_USERNS))
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("CapEff:"))
    except (OSError, StopIteration):
        return False
    return bool(int(line.split()[1], 16) >> CAP_NET_ADMIN & 1)


def _request(entry: Route | PolicyRule | None, index_of: Callable[[str], int]) -> Request:
    if entry is None:
        raise ValueError("a step names a route or a policy rule")
    if entry.unwritable:
        raise KernelRefusedError(f"it could not be written again: {', '.join(entry.unwritable)}")
    try:
        return rule_request(entry) if isinstance(entry, PolicyRule) else route_request(entry, index_of)
    except (LookupError, OSError) as error:
        raise _NoInterfaceError(f"an interface of it is not there: {error}") from error


def _delete(wanted: Request) -> Outcome:
    rows = _burst().rows_beside(wanted)
    place = _place(wanted, rows)
    if place is None:
        return "absent"
    if any(siblings.would_take(row, wanted) for row in rows[:place]):
        raise KernelRefusedError("another one would go in its place: they differ in what the kernel does not compare")
    try:
        send(messages.RTM_DELROUTE if wanted.is_route else messages.RTM_DELRULE, 0, wanted)
    except RefusedError as error:
        _burst().forget()  # it went otherwise than the rows said
        if error.number in GONE:
            return "absent"
        raise
    _burst().went(wanted)
    return "done"


def _add(wanted: Request, *, leading: bool = False) -> Outcome:
    if wanted.lifetime is not None and wanted.lifetime <= 0:
        raise KernelRefusedError("its lifetime is over")
    try:
        _new(NLM_F_CREATE | NLM_F_EXCL, wanted)
    except RefusedError as error:
        if error.number != errno.EEXIST:
            raise
        return _add_beside(wanted, leading=leading)
    return "done"


def _add_beside(wanted: Request, *, leading: bool) -> Outcome:
    """Add a row where another has its prefix and metric, without changing that one."""
    rows = siblings.rows_beside(wanted, _requests())
    if _place(wanted, rows) is not None:
        return "present"
    if any(siblings.joins(row, wanted) for row in rows):
        raise KernelRefusedError("a route of the same metric is there: the kernel would join them into one")
    if any(siblings.collides(row, wanted) for row in rows):
        raise KernelRefusedError("File exists")
    # Neither EXCL nor APPEND puts an IPv4 route before its rivals: `ip route prepend` (fib_table_insert, fib_trie.c)
    _new(NLM_F_CREATE if leading else NLM_F_CREATE | NLM_F_APPEND, wanted)
    return "done"


def _replace(old: Request, new: Request) -> Outcome:
    rows = siblings.rows_beside(old, _requests())
    if _place(old, rows) is None:
        there = _place(new, siblings.rows_beside(new, _requests())) is not None
        return "present" if there else "absent"
    alone = sum(siblings.same_metric(row, old) for row in rows) == 1
    if siblings.same_metric(old, new) and alone:
        # The kernel replaces the first row of this prefix and metric, whichever that is: here there is but one.
        _new(NLM_F_REPLACE, new)
        return "done"
    if siblings.joins(old, new) or siblings.collides(old, new):
        return _exchange(old, new)
    added = _add(new)  # first, so that at no moment there is neither
    try:
        _delete(old)
    except Exception:
        if added == "done":
            _delete(new)
        raise
    return "done"


def _exchange(old: Request, new: Request) -> Outcome:
    """Replace a route that can't stand beside the new one; where the new one is refused, the old one comes back."""
    _delete(old)
    try:
        return _add(new)
    except Exception:
        _add(old)
        raise


def _place(wanted: Request, rows: list[Request]) -> int | None:
    return next((place for place, row in enumerate(rows) if siblings.same(row, wanted)), None)


def _new(flags: int, wanted: Request) -> None:
    if wanted.lifetime is not None:
        wanted = replace(wanted, attributes=wanted.attributes | {"RTA_EXPIRES": wanted.lifetime})
    send(messages.RTM_NEWROUTE if wanted.is_route else messages.RTM_NEWRULE, flags, wanted)


@cache
def _requests() -> RequestSocket:
    return RequestSocket()


@cache
def _burst() -> Burst:
    return Burst(_requests(), transmit.port)
