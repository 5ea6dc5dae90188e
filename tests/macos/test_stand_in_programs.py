"""The stand-in's five executables: real processes on the shared state, and how they misbehave."""

from __future__ import annotations

import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.macos.mac import Mac

DUMP = ["netstat", "-rn"]


def runs(mac: Mac, program: str, *words: str, read: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(mac.folder / program), *words]
    return subprocess.run(
        command, input=read, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )


def test_netstat_prints_both_families_or_one(mac: Mac) -> None:
    assert runs(mac, "netstat", "-nr").stdout == mac.netstat()
    assert runs(mac, "netstat", "-rn", "-f", "inet6").stdout == mac.netstat("inet6")
    assert "Internet:" not in mac.netstat("inet6")


def test_netstat_shows_hidden_clones_with_a(mac: Mac) -> None:
    mac.contacts("203.0.113.9")
    assert "203.0.113.9" not in runs(mac, *DUMP).stdout
    assert "203.0.113.9        192.168.7.1        UGHWIig" in runs(mac, "netstat", "-rna").stdout


def test_a_route_that_one_process_adds_another_sees(mac: Mac) -> None:
    done = runs(mac, "route", "-n", "add", "-inet", "-net", "10.9.0.0/16", "192.168.7.1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "add net 10.9.0.0: gateway 192.168.7.1\n", "")
    assert "10.9/16            192.168.7.1        UGSc" in runs(mac, *DUMP).stdout


def test_a_refusal_has_exit_status_0(mac: Mac) -> None:
    done = runs(mac, "route", "-n", "delete", "-net", "10.9.0.0/16")
    assert (done.returncode, done.stdout) == (0, "delete net 10.9.0.0: not in table\n")
    assert done.stderr == "route: writing to routing socket: not in table\n"


def test_who_is_not_root_gets_77_and_changes_nothing(mac: Mac) -> None:
    mac.is_not_root()
    done = runs(mac, "route", "delete", "default")
    assert (done.returncode, done.stdout) == (77, "")
    assert done.stderr == "route: must be root to alter routing table\n"
    assert mac.rows("default") != ()


def test_processes_at_once_lose_nothing_of_each_other(mac: Mac) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda n: runs(mac, "route", "add", "-net", f"10.{n}.0.0/16", "192.168.7.1"), range(1, 13))
    assert [one.returncode for one in done] == [0] * 12
    assert all(mac.rows(f"10.{n}.0.0/16") for n in range(1, 13))


def test_the_other_programs_answer(mac: Mac) -> None:
    mac.connect_utun()
    assert "openvpn:" in runs(mac, "netstat", "-anv", "-f", "systm").stdout
    assert "unit 1]" in runs(mac, "lsof", "-nP").stdout
    assert "utun0: flags=8051" in runs(mac, "ifconfig", "-v").stdout
    assert "Network interfaces: en0" in runs(mac, "scutil", "--nwi").stdout
    assert runs(mac, "scutil", "--nc", "list").stdout.startswith("Available network connection services")
    assert "Router : 192.168.7.1" in runs(mac, "scutil", read="show State:/Network/Global/IPv4\n").stdout
    assert runs(mac, "ifconfig", "utun9").stderr == "ifconfig: interface utun9 does not exist\n"


def test_every_call_is_noted(mac: Mac) -> None:
    runs(mac, *DUMP)
    runs(mac, "route", "-n", "delete", "default")
    assert mac.calls() == [DUMP, ["route", "-n", "delete", "default"]]
    assert mac.calls("route") == [["route", "-n", "delete", "default"]]
    mac.forget_calls()
    assert mac.calls() == []


def test_a_program_can_hang(mac: Mac) -> None:
    mac.misbehaves("netstat", "hang")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([str(mac.folder / "netstat"), "-rn"], capture_output=True, timeout=0.3, check=False)


def test_a_table_can_be_empty_with_exit_status_0(mac: Mac) -> None:
    mac.misbehaves("netstat", "empty")
    done = runs(mac, *DUMP)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Routing tables\n", "")


def test_a_failed_dump_exits_with_0_from_26_3(mac: Mac) -> None:
    mac.misbehaves("netstat", "fail")
    assert runs(mac, *DUMP).returncode == 1
    with mac.state() as machine:
        machine.release = "26.3"
    done = runs(mac, *DUMP)
    assert (done.returncode, done.stdout) == (0, "Routing tables\n")
    assert done.stderr.startswith("netstat: sysctl: net.route.0.0.dump: ")


def test_output_can_be_cut_short_within_a_line(mac: Mac) -> None:
    mac.misbehaves("netstat", "cut")
    said = runs(mac, *DUMP).stdout
    assert mac.netstat().startswith(said)
    assert not said.endswith("\n")


def test_a_table_can_be_torn_by_an_interface_without_a_name(mac: Mac) -> None:
    mac.system_utuns(2)
    mac.misbehaves("netstat", "torn")
    said = runs(mac, *DUMP).stdout
    assert "fe80::%5/64" in said
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("fe80::%5/64")] == ["lo0"]


def test_a_table_can_lack_a_family(mac: Mac) -> None:
    mac.misbehaves("netstat", "one family")
    assert "Internet6:" not in runs(mac, *DUMP).stdout


@pytest.mark.parametrize("program", ["ifconfig", "scutil", "lsof"])
def test_any_program_can_fail_be_silent_or_talk_nonsense(mac: Mac, program: str) -> None:
    words = {"ifconfig": ["-v"], "scutil": ["--nwi"], "lsof": ["-nP"]}[program]
    mac.misbehaves(program, "fail", times=1)
    assert runs(mac, program, *words).returncode == 1
    assert runs(mac, program, *words).returncode == 0, "once only"
    mac.misbehaves(program, "empty")
    assert runs(mac, program, *words).stdout == ""
    mac.misbehaves(program, "garbage")
    assert "\x1b" in runs(mac, program, *words).stdout
    mac.behaves(program)
    assert "\x1b" not in runs(mac, program, *words).stdout


def test_the_configuration_names_the_programs_by_absolute_paths(mac: Mac) -> None:
    told = tomllib.loads(mac.configuration())
    assert told["platform"] == "macos"
    assert set(told["macos"]) == {"netstat", "route", "ifconfig", "scutil", "lsof"}
    assert all(path.startswith("/") for path in told["macos"].values())
    mac.lacks("lsof")
    with pytest.raises(FileNotFoundError):
        runs(mac, "lsof", "-nP")
