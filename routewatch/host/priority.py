"""Asks the scheduler to wake us promptly, where it may be asked."""

from __future__ import annotations

import os

# As auditd's priority_boost: who made a change can be read only as long as that process lives, an `ip route add` for a
# millisecond. Beside four busy processes on two cores, 46 of 100 authors were seen without this, 77 with it.
NICENESS = -10


def wake_promptly() -> bool:
    """Raise our own priority; tell whether that was granted (root, CAP_SYS_NICE, RLIMIT_NICE: setpriority(2))."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    except OSError:
        return False
    return True
