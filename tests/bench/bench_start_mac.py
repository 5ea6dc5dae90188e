"""How dear a command that only looks is on a Mac, without what the Mac's own programs cost. Prints CPU and wall times.

``python -m tests.bench.bench_start_mac [ROUNDS]``. In the place of the programs stand some that print at once what the
stand-in's printed before; the floor is an empty Python and those that a look starts, one after the other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.bench.bench_start import compiled_environment, spawned
from tests.macos.mac import Mac

# What one look starts where a tunnel is up
LOOK = {"netstat": ["-rn"], "ifconfig": ["-v"], "lsof": ["-nP"]}
TARGET = 8.0  # times the floor


def freeze(mac: Mac, folder: Path) -> list[list[str]]:
    """Write programs that print at once what the stand-in's print now; return the commands of one look."""
    folder.mkdir()
    for name, arguments in LOOK.items():
        said = subprocess.run([mac.folder / name, *arguments], capture_output=True, check=True).stdout
        (folder / f"{name}.txt").write_bytes(said)
        (folder / name).write_text(f"#!/bin/sh\nexec /bin/cat {folder}/{name}.txt\n")
    for name in ("route", "scutil"):  # a look has no use for them
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
    for name in (*LOOK, "route", "scutil"):
        (folder / name).chmod(0o755)
    return [[str(folder / name), *arguments] for name, arguments in LOOK.items()]


def mac_with_a_vpn(folder: Path) -> Mac:
    mac = Mac(folder)
    mac.join_wifi("192.168.7.0/24", router6="fe80::1")
    mac.system_utuns(4)
    mac.connect_utun(routes=[f"10.{number}.0.0/16" for number in range(40)], server="203.0.113.9")
    return mac


def measure(folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Measure floor and commands once a round; the first round warms up and is not counted."""
    environment = compiled_environment(str(folder))
    mac = mac_with_a_vpn(folder / "mac")
    look = freeze(mac, folder / "frozen")
    configuration = folder / "routewatch.toml"
    configuration.write_text(mac.configuration().replace(str(mac.folder), str(folder / "frozen")))
    program = [sys.executable, "-m", "routewatch", "--config", str(configuration), "--state-dir", f"{folder}/state"]
    spawned([*program, "run", "--once"], environment)
    figures: dict[str, list[tuple[float, float]]] = {"floor": [], "status": [], "snapshot": []}
    for _ in range(rounds + 1):
        parts = [spawned(command, environment) for command in ([sys.executable, "-c", "pass"], *look)]
        figures["floor"].append((sum(cpu for cpu, _ in parts), sum(wall for _, wall in parts)))
        for name in ("status", "snapshot"):
            figures[name].append(spawned([*program, name], environment))
    return {name: spent[1:] for name, spent in figures.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), rounds)
    print("starting on a Mac of some 80 rows and a tunnel, its programs' own work left out")
    for name, spent in figures.items():
        ratios = [mine[0] / floor[0] for mine, floor in zip(spent, figures["floor"], strict=True)]
        cpu, wall = (1000 * median(part) for part in zip(*spent, strict=True))
        print(f"  {name:10} {cpu:7.1f} ms CPU {wall:7.1f} ms wall {median(ratios):6.1f} x (target {TARGET:g})")


if __name__ == "__main__":
    main()
