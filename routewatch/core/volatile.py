"""What of a row changes by itself: states of its link or its neighbour, and how the system happens to write it down.

On Linux flags are words, on macOS netstat's letters, of which every row has a U. This module doesn't compare rows; it
says what a comparison passes over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routewatch.core.model import Route

# The kernel sets and clears these itself: RTNH_COMPARE_MASK (include/uapi/linux/rtnetlink.h) and the offload bits of
# rtm_flags. They describe the state of the link or the hardware, not the route.
STATES = frozenset({"dead", "linkdown", "offload", "trap", "unresolved", "rt_offload", "rt_offload_failed", "rt_trap"})
# IFREF, ROUTER, PROTO3 (a clone that waits to expire), GLOBAL, DONE, BROADCAST: <net/route.h> of xnu
LETTERS = str.maketrans("", "", "ir3gdb")


def is_lettered(route: Route) -> bool:
    """Tell whether a row is one of macOS: netstat's letters say of every row that it is up."""
    return route.flags.startswith("U")


def lasting_flags(flags: str) -> str:
    """Return the flags without those that come and go by themselves."""
    if flags.startswith("U"):
        lasting = flags.translate(LETTERS)
        return lasting.replace("R", "") if "L" in lasting else lasting  # a neighbour that does not answer
    return " ".join(word for word in flags.split() if word not in STATES)


def lasting_link(route: Route) -> str | None:
    """Return the gateway that is no address; None where it only says that the row is bound to its own interface.

    Who adds a row by the name of an interface sees "utun7", or the MAC address of en0, where configd's rows say
    "link#18" (netstat's p_sockaddr): the traffic takes the same way.
    """
    link = route.link
    if link is None or "L" in route.flags:
        return link
    return None if link.startswith("link#") or link == route.interface or ":" in link else link


def is_passing(route: Route) -> bool:
    """Tell whether a row of macOS comes and goes with the traffic: a clone (W), or a neighbour's entry (L)."""
    return is_lettered(route) and not {"W", "L"}.isdisjoint(route.flags)
