"""The demo's stand-in VPN client: makes a tunnel, lays its routes and rules, and stays until it is killed.

It is a program of its own (``python -m routewatch.commands.demo_client``), so that routewatch has to find out about it
as about any other; it shares nothing with it. The tunnel is a tun that was made to outlive its holder, as
``openvpn --mktun`` makes one; where /dev/net/tun is refused, a veth whose far end lives in a namespace of this process
and goes with it. It carries no traffic anywhere.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import struct
import subprocess
import sys

NAME = "demo-vpn"
TUNNEL = "tun0"
STAND_IN = "demo0"
SERVER, GATEWAY, UPLINK = "203.0.113.10", "192.0.2.1", "uplink0"

PR_SET_NAME = 15  # include/uapi/linux/prctl.h
CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB  # include/uapi/linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

# Single addresses without a subnet, as WireGuard's configurations have them, and no link-local one: the link has no
# routes but the client's.
ADDRESSES = """
link set {link} addrgenmode none
link set {link} up
addr add 10.8.0.2/32 dev {link}
addr add fd08::2/128 dev {link} noprefixroute
"""
ROUTES = f"""
route add {SERVER}/32 via {GATEWAY} dev {UPLINK}
route add 0.0.0.0/1 dev {{link}}
route add 128.0.0.0/1 dev {{link}}
route add 10.20.0.0/16 dev {{link}}
route add ::/1 dev {{link}}
route add 8000::/1 dev {{link}}
route add default dev {{link}} table 7070
rule add fwmark 0xde30 lookup 7070 priority 7070
"""
ROUTES_6 = """
route add default dev {link} table 7070
rule add fwmark 0xde30 lookup 7070 priority 7070
"""
LIBC = ctypes.CDLL(None, use_errno=True)


def open_tun() -> int:
    """Make the tun and return the descriptor that holds it. Raises OSError where it is refused."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", TUNNEL.encode(), IFF_TUN | IFF_NO_PI))
    fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
    return descriptor


def make_stand_in() -> None:
    """Make a veth whose far end is in a network namespace that only this process holds. Raises OSError."""
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    _call(LIBC.unshare, CLONE_NEWNET)
    _ip(f"link add far type veth peer name {STAND_IN} netns {os.getppid()}\nlink set far up").communicate()
    # Back to where the routes are. The namespace is kept by its descriptor alone, and so ends with this process.
    os.dup(os.open("/proc/self/ns/net", os.O_RDONLY))
    _call(LIBC.setns, outside, CLONE_NEWNET)


def _call(function: ctypes._NamedFuncPointer, *arguments: int) -> None:
    if function(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _ip(commands: str, *options: str) -> subprocess.Popen[str]:
    """Run the commands by one ip, which lives as long as we do: real clients ask the kernel themselves, and live on."""
    argv = ["ip", *options, "-batch", "-"]
    ip = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
    if ip.stdin is not None and ip.stdout is not None:
        ip.stdin.write(f"{commands}\nlink show lo\n")
        ip.stdin.flush()
        if not ip.stdout.readline():  # it ended before it came to that
            raise SystemExit(ip.wait())
    return ip


def main() -> None:
    """Connect, say so in a line, and wait for a signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    LIBC.prctl(PR_SET_NAME, NAME.encode(), 0, 0, 0)
    link = STAND_IN
    if "--without-tun" in sys.argv:
        make_stand_in()
    else:
        link = TUNNEL
        open_tun()
    with _ip(ADDRESSES.format(link=link)), _ip(ROUTES.format(link=link)), _ip(ROUTES_6.format(link=link), "-6"):
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()
