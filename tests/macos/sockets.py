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
    """Return what ``lsof -nP -iTCP -sTCP:LISTEN,ESTABLISHED`` prints: all as root, nothing of root's otherwise."""
    lines = [f"{'COMMAND':<9} {'PID':>7} {'USER':>5}   FD    TYPE             DEVICE SIZE/OFF    NODE NAME"]
    if machine.root and machine.logins:
        lines.append(_open_connection("launchd", 1, "*:22 (LISTEN)"))
    for pid, (local, peer) in enumerate(machine.logins if machine.root else (), start=811):
        lines.append(_open_connection("sshd-sess", pid, f"{local}->{peer} (ESTABLISHED)"))
    lines.append(_open_connection("Safari", 900, "192.168.7.57:50123->192.0.2.80:443 (ESTABLISHED)"))
    return "\n".join(lines) + "\n"


def _open_connection(process: str, pid: int, what: str) -> str:
    family = "IPv6" if what[0] in "[*" else "IPv4"
    user = "me" if process == "Safari" else "root"
    where = f"{'4u':>5}  {family:>5} {0xA5B1C2D400000000 + pid:#018x}      0t0     TCP"
    return f"{process:<9} {pid:>7} {user:>5} {where} {what}"


def internet_connections(machine: Machine) -> str:
    """Return what ``netstat -anl -p tcp`` prints (netstat.tproj/inet.c), to whomever: a port stands behind a dot."""
    rows = [(local, peer, "ESTABLISHED") for local, peer in machine.logins]
    rows.append(("192.168.7.57:50123", "192.0.2.80:443", "ESTABLISHED"))
    rows += [("*:22", "*:*", "LISTEN")] if machine.logins else []
    lines = [
        "Active Internet connections (including servers)",
        f"Proto Recv-Q Send-Q  {'Local Address':<45} {'Foreign Address':<45} (state)    ",
    ]
    for local, peer, state in rows:
        here, there = (".".join(end.replace("[", "").replace("]", "").rsplit(":", 1)) for end in (local, peer))
        proto = "tcp46" if here == "*.22" else "tcp6" if ":" in here else "tcp4"
        lines.append(f"{proto:<5} {0:>6} {0:>6}  {here:<45} {there:<45} {state:<11}")
    return "\n".join(lines) + "\n"
