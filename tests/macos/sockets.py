"""Who holds a utun, as ``netstat -anv -f systm`` and ``lsof -nP`` print it: one kernel control socket for each holder.

Written from network_cmds' netstat.tproj/systm.c and main.c, and lsof(8). It decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.macos.machine import Machine

CONTROL, CONTROL_ID = "com.apple.net.utun_control", 4
LONG_FROM, NAMES_FROM = (15, 4), (26, 0)  # network_cmds 705 and 726
OTHERS = (("com.apple.net.netagent", 3, "symptomsd", 398), ("com.apple.network.statistics", 9, "nettop", 501))


def control_sockets(machine: Machine) -> str:
    """Return the sections of kernel control sockets, in the columns of the release: pids alone before 26."""
    lines = [
        "Registered kernel control modules",
        f"{'id':<8} {'flags':<8} {'pcbcount':<8} {'rcvbuf':<8} {'sndbuf':<8} name ",
        f"{CONTROL_ID:>8x} {9:>8x} {len(machine.interfaces):>8} {65536:>8} {65536:>8} {CONTROL} ",
        "Active kernel event sockets",
        "Proto Recv-Q Send-Q vendor  class  subcl",
        "kevt       0      0      1      1      2",
        "Active kernel control sockets",
        f"Proto Recv-Q Send-Q{_titles(machine.version())}   unit     id name",
    ]
    for name, number, process, pid in OTHERS:
        lines.append(f"kctl       0      0{_details(machine.version(), process, pid)} {1:>6} {number:>6} {name}")
    for unit, process, pid in _holders(machine):
        details = _details(machine.version(), process, pid)
        lines.append(f"kctl       0      0{details} {unit:>6} {CONTROL_ID:>6} {CONTROL}")
    return "\n".join(lines) + "\n"


def _holders(machine: Machine) -> Iterator[tuple[int, str, int]]:
    """Give unit, process and pid of each holder: the unit is the utun's number and one."""
    for interface in machine.interfaces:
        for process, pid in interface.holders:
            yield int(interface.name.removeprefix("utun")) + 1, process, pid


def _titles(version: tuple[int, int]) -> str:
    if version < LONG_FROM:
        return f" {'rhiwat':>6} {'shiwat':>6} {'pid':>6} {'epid':>6}"
    who = f"{'process':>16}:{'pid':<6}" if version >= NAMES_FROM else f"{'pid':>6} {'epid':>6}"
    rest = f"{'state':>5} {'options':>8} {'gencnt':>16} {'flags':>8} {'flags1':>8}"
    counts = f"{'usecnt':>6} {'rtncnt':>6} {'fltrs':>5}"
    return f" {'rxbytes':>12} {'txbytes':>12} {'rhiwat':>7} {'shiwat':>7} {who} {rest} {counts}"


def _details(version: tuple[int, int], process: str, pid: int) -> str:
    if version < LONG_FROM:
        return f" {65536:>6} {65536:>6} {pid:>6} {0:>6}"
    who = f"{process[:31]:>16}:{pid:<6}" if version >= NAMES_FROM else f"{pid:>6} {0:>6}"
    rest = f"{0x182:05x} {0:08x} {pid:016x} {0:08x} {0:08x} {1:>6} {0:>6} {0:06x}"
    return f" {0:>12} {0:>12} {65536:>7} {65536:>7} {who} {rest}"


def open_files(machine: Machine) -> str:
    """Return what ``lsof -nP`` prints: all as root, and nothing of root's processes otherwise. Names are cut to 9."""
    lines = [f"{'COMMAND':<9} {'PID':>7} {'USER':>5}   FD    TYPE             DEVICE SIZE/OFF    NODE NAME"]
    lines.append(f"{'launchd':<9} {1:>7} {'root':>5}  cwd     DIR               1,14      640       2 /")
    if machine.root:
        for unit, process, pid in _holders(machine):
            name = process.replace(" ", "\\x20")[:9]
            where = f"{'7u':>5}  systm {0xA5B1C2D300000000 + pid * 64 + unit:#018x}      0t0"
            lines.append(f"{name:<9} {pid:>7} {'root':>5} {where}         [ctl {CONTROL} id {CONTROL_ID} unit {unit}]")
    return "\n".join(lines) + "\n"


def connections(machine: Machine) -> str:
    """Return what ``lsof -nP -iTCP -sTCP:ESTABLISHED`` prints of remote logins: all as root, nobody's otherwise."""
    lines = [f"{'COMMAND':<9} {'PID':>7} {'USER':>5}   FD    TYPE             DEVICE SIZE/OFF    NODE NAME"]
    for pid, (local, peer) in enumerate(machine.logins if machine.root else (), start=811):
        family = "IPv6" if "[" in local else "IPv4"
        where = f"{'4u':>5}  {family:>5} {0xA5B1C2D400000000 + pid:#018x}      0t0     TCP"
        lines.append(f"{'sshd-sess':<9} {pid:>7} {'root':>5} {where} {local}->{peer} (ESTABLISHED)")
    lines.append(
        f"{'Safari':<9} {'900':>7} {'me':>5}   21u   IPv4 {0xA5B1C2D400000001:#018x}      0t0     TCP "
        "192.168.7.57:50123->192.0.2.80:443 (ESTABLISHED)"
    )
    return "\n".join(lines) + "\n"
