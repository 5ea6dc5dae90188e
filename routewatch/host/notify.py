"""What systemd wants to hear from a service (sd_notify(3)), without its library. Elsewhere it says nothing."""

from __future__ import annotations

import os
import socket

PATIENCE = 0.2  # seconds that a manager may take to hear us


def notify(state: str) -> bool:
    """Tell the service manager a state such as "READY=1"; tell whether somebody was there to hear it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):  # sd_notify(3) also knows vsock:, for virtual machines
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            # unix(7): sending blocks while the other's queue is full, and whoever waits for that hears no doorbell
            channel.settimeout(PATIENCE)
            channel.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
    except OSError:
        return False  # a manager that went deaf is no reason to stop
    return True


def watchdog_seconds() -> float | None:
    """Return how often at least "WATCHDOG=1" is expected, in seconds (sd_watchdog_enabled(3)); None for never."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(os.environ["WATCHDOG_USEC"]) / 1e6 or None
    except (KeyError, ValueError):
        return None
