"""Who holds the tunnels of a Mac, by two programs that tell it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routewatch.host.macos.owners import Holder, of_control_sockets, of_open_files

CONTROL = "com.apple.net.utun_control"


def table(who: str, *rows: str, pcb: str = "") -> str:
    """Print kernel control sockets in the widths of netstat; ``who`` is the title of the process's columns."""
    counts = f"{'rxbytes':>12} {'txbytes':>12} {'rhiwat':>7} {'shiwat':>7}"
    rest = f"{'state':>5} {'options':>8} {'gencnt':>16} {'flags':>8} {'flags1':>8} usecnt rtncnt fltrs"
    header = f"{pcb}Proto Recv-Q Send-Q {counts} {who} {rest}   unit     id name\n"
    return f"Active kernel control sockets\n{header}" + "".join(rows)


def row(who: str, unit: int, control: str = "utun_control", pcb: str = "") -> str:
    counts = f"{121212:>12} {343434:>12} {65536:>7} {65536:>7}"
    rest = f"00182 00000000 {4711:016x} 00000000 00000000 {1:>6} {0:>6} 000000"
    return f"{pcb}kctl       0      0 {counts} {who} {rest} {unit:>6} {4:>6} com.apple.net.{control}\n"


def process(name: str, pid: int | str) -> str:
    return f"{name:>16}:{pid:<6}"


NOW = (
    "Registered kernel control modules\n"
    "id       flags    pcbcount rcvbuf   sndbuf   name\n"
    "       4        9        3    65536    65536 com.apple.net.utun_control\n"
    "Active kernel event sockets\n"
    "Proto Recv-Q Send-Q vendor  class  subcl\n"
    "kevt       0      0      1      1      2\n"
) + table(
    process("process", "pid"),
    row(process("symptomsd", 398), 1, "statistics"),
    row(process("rapportd", 611), 1),
    row(process("Example Connect 3", 4711), 5),
    row(process("", 812), 6),
    row(process("iked", 90), 1, "ipsec_control"),
)
BEFORE = table("   pid   epid", row("  4711      0", 5))
WITH_PCB = table(
    process("process", "pid"), row(process("openvpn", 4711), 5, pcb="ad09b3f1c1d2e3f4 "), pcb=f"{'pcb':>16} "
)
WITHOUT_V = """\
Active kernel control sockets
Proto Recv-Q Send-Q   unit     id name
kctl       0      0      5      4 com.apple.net.utun_control
"""
OPEN_FILES = """\
COMMAND     PID   USER   FD      TYPE             DEVICE   SIZE/OFF    NODE NAME
launchd       1   root  cwd       DIR               1,14        640       2 /
rapportd    611   root    7u    systm 0xa5b1c2d300000001        0t0         [ctl com.apple.net.utun_control id 4 unit 1]
Example\\x20 4711 root    7u    systm 0xa5b1c2d300000002        0t0         [ctl com.apple.net.utun_control id 4 unit 5]
symptomsd   398   root    5u    systm 0xa5b1c2d300000003        0t0         [ctl com.apple.netsrc id 3 unit 1]
"""


def test_a_utun_is_held_by_the_process_of_its_control_socket() -> None:
    assert of_control_sockets(NOW) == {
        "utun0": Holder("rapportd", 611),
        "utun4": Holder("Example Connect 3", 4711),
        "utun5": Holder("", 812),
        "ipsec0": Holder("iked", 90),
    }


def test_older_systems_print_the_pid_alone() -> None:
    assert of_control_sockets(BEFORE) == {"utun4": Holder("", 4711)}


def test_a_listing_with_addresses_of_control_blocks_is_read_too() -> None:
    assert of_control_sockets(WITH_PCB) == {"utun4": Holder("openvpn", 4711)}


def test_without_v_nobody_is_named() -> None:
    assert of_control_sockets(WITHOUT_V) == {}


def test_lsof_tells_the_same_with_names_that_it_cuts() -> None:
    assert of_open_files(OPEN_FILES) == {"utun0": Holder("rapportd", 611), "utun4": Holder("Example ", 4711)}


def test_the_extension_is_named_rather_than_the_manager_that_holds_its_tunnel_too() -> None:
    manager = f"nesession   300 root 9u systm 0xa5b1 0t0 [ctl {CONTROL} id 4 unit 5]\n"
    extension = f"Example    4711 root 7u systm 0xa5b2 0t0 [ctl {CONTROL} id 4 unit 5]\n"

    assert (
        of_open_files(manager + extension) == of_open_files(extension + manager) == {"utun4": Holder("Example", 4711)}
    )
    assert of_open_files(manager) == {"utun4": Holder("nesession", 300)}


def test_a_unit_that_no_interface_can_have_is_none() -> None:
    assert of_open_files(f"x 1 root 7u systm 0xa 0t0 [ctl {CONTROL} id 4 unit 0]") == {}
    assert of_control_sockets(
        NOW.replace("      1      4 com.apple.net.utun", "      0      4 com.apple.net.utun")
    ).keys() == {"utun4", "utun5", "ipsec0"}


@given(st.text(), st.sampled_from((NOW, BEFORE, WITH_PCB)), st.integers(0, 2000))
def test_no_text_raises(text: str, listing: str, at: int) -> None:
    for damaged in (text, listing[:at] + text + listing[at:], listing[:at]):
        of_control_sockets(damaged)
        of_open_files(damaged)
    of_open_files(OPEN_FILES[:at] + text + OPEN_FILES[at:])
