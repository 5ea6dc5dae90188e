"""The three clocks of a machine, and the boot they count from.

Linux: CLOCK_BOOTTIME runs on in sleep, CLOCK_MONOTONIC does not (clock_gettime(2)). macOS: CLOCK_MONOTONIC runs on in
sleep, CLOCK_UPTIME_RAW does not (clock_gettime(3)).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from routewatch.core.model import Moment
from routewatch.errors import ObservationError

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4)
BOOT_SESSION = b"kern.bootsessionuuid"  # macOS, sysctl(3)
UUID_SIZE = 64


def now() -> Moment:
    """Read the three clocks."""
    if sys.platform == "darwin":
        boot, awake = time.CLOCK_MONOTONIC, time.CLOCK_UPTIME_RAW
    else:
        boot, awake = time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC
    return Moment(
        wall=time.clock_gettime(time.CLOCK_REALTIME),
        boot=time.clock_gettime(boot),
        monotonic=time.clock_gettime(awake),
    )


def boot_id() -> str:
    """Return what names this boot. Raises ObservationError."""
    return _boot_session() if sys.platform == "darwin" else _boot_of_proc()


def _boot_of_proc() -> str:
    try:
        return BOOT_ID.read_text("utf-8").strip()
    except OSError as error:
        raise ObservationError(f"{error.filename} can't be read: {error.strerror}", "is /proc mounted?") from error


def _boot_session() -> str:
    """Ask macOS for the UUID of this boot."""
    import ctypes  # noqa: PLC0415 - it takes 2 ms, and only a Mac is asked this way

    found = ctypes.create_string_buffer(UUID_SIZE)
    size = ctypes.c_size_t(UUID_SIZE)
    if ctypes.CDLL(None).sysctlbyname(BOOT_SESSION, found, ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
        raise ObservationError(f"sysctl {BOOT_SESSION.decode()} can't be read")
    return found.value.decode("ascii", "replace")
